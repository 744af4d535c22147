/**
 * In which order a program hands out its outputs, and what may run when. A program is one graph; nodes that only later
 * outputs need wait for those before, so that gradients come in the order in which they shall be sent and the
 * memory of each layer is free before the next one takes its own.
 */
import { EngineError } from '../../../proto/errors.js';
import type { Node, Port, Program } from '../program.js';

/** A node that an output needs. */
export interface ScheduledNode {
  readonly node: Node;
  /** The first group that needs it. Inputs and constants, which all may use, have group 0. */
  readonly group: number;
  /**
   * The value among its inputs that shall be held back until the group before is there: set where nothing else that the node reads is
   * made for its own group. It is the one made last, which in a backward pass is the gradient that flows through the network.
   */
  readonly held?: number | undefined;
}

/** A program in order. */
export interface Schedule {
  /** Without dead nodes, group by group, in an order in which they can run. */
  readonly nodes: readonly ScheduledNode[];
  /** What is handed out together. */
  readonly groups: readonly (readonly Port[])[];
}

/**
 * Returns the nodes that outputs need, each with the first group that needs it.
 *
 * @param groups names of outputs, in the order in which they shall be handed out; unlisted ones come with the last group
 * @throws EngineError `ENGINE_UNKNOWN_OUTPUT` for a name that the program does not have, or that appears twice
 */
export function scheduleProgram(program: Program, groups: readonly (readonly string[])[]): Schedule {
  const makers = new Map<number, Node>();
  const position = new Map<number, number>();
  for (const [index, node] of program.nodes.entries()) {
    for (const id of node.outputs) {
      makers.set(id, node);
      position.set(id, index);
    }
  }
  const ports = groupPorts(program, groups);
  const groupOf = new Map<Node, number>();
  for (const [index, outputs] of ports.entries()) assignGroup(index, outputs, makers, groupOf);
  const heldInput = (node: Node, group: number): number | undefined => {
    const made = node.inputs.filter((id) => !isSource(makers.get(id)!));
    if (group === 0 || made.some((id) => groupOf.get(makers.get(id)!) === group)) return undefined;
    return made.sort((a, b) => position.get(b)! - position.get(a)!)[0];
  };
  const live = program.nodes.filter((node) => groupOf.has(node));
  const nodes = live.map((node): ScheduledNode => {
    const group = groupOf.get(node)!;
    return { node, group, held: heldInput(node, group) };
  });
  // What a node reads is of its own group or of an earlier one, so this order is one in which they can run.
  return { nodes: nodes.sort((a, b) => a.group - b.group), groups: ports };
}

function isSource(node: Node): boolean {
  return node.op.kind === 'input' || node.op.kind === 'constant';
}

/** Marks all nodes that these outputs need and that no earlier group runs. */
function assignGroup(
  group: number,
  outputs: readonly Port[],
  makers: ReadonlyMap<number, Node>,
  groupOf: Map<Node, number>,
): void {
  const pending = outputs.map((port) => port.value);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const maker = makers.get(id)!;
    if (groupOf.has(maker)) continue;
    groupOf.set(maker, isSource(maker) ? 0 : group);
    pending.push(...maker.inputs);
  }
}

function groupPorts(program: Program, groups: readonly (readonly string[])[]): Port[][] {
  const rest = new Map(program.outputs.map((port) => [port.name, port]));
  const ports = groups.map((names) =>
    names.map((name) => {
      const port = rest.get(name);
      if (port === undefined) {
        throw new EngineError(
          'ENGINE_UNKNOWN_OUTPUT',
          `stages name output ${name}, which is not there or came before`,
          {
            details: { name, outputs: program.outputs.map((known) => known.name) },
          },
        );
      }
      rest.delete(name);
      return port;
    }),
  );
  const last = ports.pop() ?? [];
  return [...ports, [...last, ...rest.values()]].filter((group) => group.length > 0);
}

/**
 * Returns the program with TensorFlow's third batch-norm reserve written out: a sixth output of each `batchNormTrain` that
 * its gradient takes as sixth input. cuDNN keeps its workspace there; the CPU kernel leaves it empty.
 */
export function withThirdReserve(program: Program): Program {
  const values = [...program.values];
  const thirds = new Map<number, number>();
  const wanted = new Set(program.nodes.flatMap((node) => (node.op.kind === 'batchNormGrad' ? [node.inputs[3]!] : [])));
  const nodes = program.nodes.map((node): Node => {
    if (node.op.kind === 'batchNormTrain' && wanted.has(node.outputs[3]!)) {
      const third = { id: values.length, shape: [-1], dtype: 'float32' as const };
      values.push(third);
      thirds.set(node.outputs[3]!, third.id);
      return { ...node, outputs: [...node.outputs, third.id] };
    }
    const third = node.op.kind === 'batchNormGrad' ? thirds.get(node.inputs[3]!) : undefined;
    return third === undefined ? node : { ...node, inputs: [...node.inputs, third] };
  });
  return { ...program, values, nodes };
}
