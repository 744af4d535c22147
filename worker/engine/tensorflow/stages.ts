/**
 * Cuts a program into stages that run one after the other. A node runs in the first stage whose outputs need it; values
 * needed again later cross the cut as tensors and are let go right after the stage that needs them last.
 */
import { EngineError } from '../../../proto/errors.js';
import type { Node, Port, Program } from '../program.js';

/** One stage: a graph of its own. All numbers are value ids. */
export interface Stage {
  /** In an order in which they can run, with the inputs and constants that this stage uses. */
  readonly nodes: readonly Node[];
  /** Program inputs that this stage reads. */
  readonly inputs: readonly number[];
  /** Values of earlier stages that this stage reads. */
  readonly received: readonly number[];
  /** Values of this stage that later stages read. */
  readonly sent: readonly number[];
  /** What is handed out after this stage. */
  readonly outputs: readonly Port[];
  /** Values that crossed a cut and that no later stage reads. */
  readonly released: readonly number[];
}

/**
 * Returns the stages of `program`, dead nodes left out.
 *
 * @param groups names of outputs, in the order in which they shall be handed out; unlisted ones come with the last group
 * @throws EngineError `ENGINE_UNKNOWN_OUTPUT` for a name that the program does not have, or that appears twice
 */
export function cutProgram(program: Program, groups: readonly (readonly string[])[]): Stage[] {
  const makers = new Map<number, Node>();
  for (const node of program.nodes) for (const id of node.outputs) makers.set(id, node);
  const ports = groupPorts(program, groups);

  const stageOf = new Map<Node, number>();
  for (const [index, group] of ports.entries()) assignStage(index, group, makers, stageOf);

  const drafts = ports.map(() => ({ used: new Set<number>(), received: new Set<number>(), sent: new Set<number>() }));
  for (const node of program.nodes) {
    const stage = stageOf.get(node);
    if (stage !== undefined) for (const id of node.inputs) drafts[stage]!.used.add(id);
  }
  const lastUse = new Map<number, number>();
  for (const [index, draft] of drafts.entries()) {
    for (const port of ports[index]!) draft.used.add(port.value);
    for (const id of draft.used) {
      const made = stageOf.get(makers.get(id)!);
      if (made === undefined || made === index) continue;
      draft.received.add(id);
      drafts[made]!.sent.add(id);
      lastUse.set(id, index);
    }
  }
  return drafts.map((draft, index) => ({
    nodes: program.nodes.filter(
      (node) => stageOf.get(node) === index || (isSource(node) && draft.used.has(node.outputs[0]!)),
    ),
    inputs: program.inputs.map((port) => port.value).filter((id) => draft.used.has(id)),
    received: [...draft.received],
    sent: [...draft.sent],
    outputs: ports[index]!,
    released: [...draft.received].filter((id) => lastUse.get(id) === index),
  }));
}

/** Inputs and constants belong to every stage that uses them. */
function isSource(node: Node): boolean {
  return node.op.kind === 'input' || node.op.kind === 'constant';
}

/** Marks all nodes that `group` needs and that no earlier stage runs. */
function assignStage(
  index: number,
  group: readonly Port[],
  makers: ReadonlyMap<number, Node>,
  stageOf: Map<Node, number>,
): void {
  const pending = group.map((port) => port.value);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const maker = makers.get(id)!;
    if (isSource(maker) || stageOf.has(maker)) continue;
    stageOf.set(maker, index);
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
 * its gradient takes as sixth input. cuDNN keeps its workspace there; the CPU kernel leaves it empty. As a value
 * of the program it crosses cuts like any other.
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
