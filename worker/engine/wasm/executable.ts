/** Runs a program node by node: every value lives from its maker to its last reader and not one node longer. */
import { EngineError, LockstepError } from '../../../proto/errors.js';
import type { CompileOptions, Executable, Feeds, OutputHandler } from '../engine.js';
import type { Node, Port, Program, Shape, Value } from '../program.js';
import { evaluate } from './evaluate.js';
import { fuse, type WasmNode } from './fuse.js';
import type { Heap, HeapArray } from './heap.js';
import { observed } from './profile.js';
import { WasmTensor } from './tensor.js';

type Registry = Set<{ dispose(): void }>;

export class WasmExecutable implements Executable {
  readonly #heap: Heap;
  readonly #name: string;
  readonly #program: Program;
  readonly #registry: Registry;
  /** The nodes that some output depends on, in program order. */
  readonly #nodes: readonly WasmNode[];
  /** For each of {@link #nodes}: the values that nothing reads after it. */
  readonly #endings: readonly (readonly number[])[];
  readonly #stages: readonly (readonly Port[])[];
  /** Arrays of the constants by value id, uploaded once. */
  readonly #constants = new Map<number, HeapArray>();
  #disposed = false;

  constructor(heap: Heap, program: Program, options: CompileOptions, registry: Registry) {
    this.#heap = heap;
    this.#name = options.name;
    this.#program = program;
    this.#registry = registry;
    this.#stages = groupOutputs(program, options);
    this.#nodes = fuse(neededNodes(program), program.outputs);
    this.#endings = endings(this.#nodes);
    for (const { op, outputs } of this.#nodes) {
      if (op.kind !== 'constant') continue;
      const { id, shape } = program.values[outputs[0]!]!;
      this.#constants.set(id, heap.upload(op.data, shape, op.data instanceof Int32Array ? 'int32' : 'float32'));
    }
    registry.add(this);
  }

  run(feeds: Feeds, onOutput: OutputHandler): void {
    if (this.#disposed) throw new EngineError('ENGINE_DISPOSED', `${this.#name} has been disposed of`);
    const live = new Map<number, HeapArray>();
    try {
      this.#feed(feeds, live);
      const outbox = new Outbox(this.#stages, (port) => {
        const array = this.#heap.alias(live.get(port.value)!);
        onOutput(port.name, new WasmTensor(this.#heap, array, this.#registry));
      });
      let ended: number[] = [];
      for (const [index, node] of this.#nodes.entries()) {
        if (node.op.kind !== 'input') this.#evaluate(node, live);
        outbox.handOut(live);
        // An output that waits for an earlier group outlives its last reader until it has been handed out.
        ended = [...ended, ...this.#endings[index]!].filter((id) => {
          if (!outbox.awaits(id)) this.#drop(live, id);
          return live.has(id);
        });
      }
    } finally {
      for (const array of live.values()) this.#heap.release(array);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const array of this.#constants.values()) this.#heap.release(array);
    this.#registry.delete(this);
  }

  #drop(live: Map<number, HeapArray>, id: number): void {
    const array = live.get(id);
    if (array === undefined) return;
    live.delete(id);
    this.#heap.release(array);
  }

  #feed(feeds: Feeds, live: Map<number, HeapArray>): void {
    for (const { name, value: id } of this.#program.inputs) {
      const declared = this.#program.values[id]!;
      const tensor = feeds[name];
      if (tensor === undefined) throw feedError(this.#name, name, declared, 'is missing');
      if (!(tensor instanceof WasmTensor))
        throw feedError(this.#name, name, declared, 'is not a tensor of this engine');
      if (tensor.array === undefined) throw feedError(this.#name, name, declared, 'has been disposed of');
      if (tensor.dtype !== declared.dtype || !fits(tensor.shape, declared.shape)) {
        throw feedError(this.#name, name, declared, `is ${tensor.dtype} [${tensor.shape.join(', ')}]`);
      }
      live.set(id, this.#heap.alias(tensor.array));
    }
  }

  #evaluate(node: WasmNode, live: Map<number, HeapArray>): void {
    if (node.op.kind === 'constant') {
      const id = node.outputs[0]!;
      live.set(id, this.#heap.alias(this.#constants.get(id)!));
      return;
    }
    const inputs = node.inputs.map((id) => live.get(id)!);
    try {
      const { shape } = this.#program.values[node.outputs[0]!]!;
      const made = observed(
        node.op,
        () => inputs.map((input) => input.shape),
        () => evaluate(this.#heap, node.op, inputs, shape),
      );
      for (const [i, array] of made.entries()) live.set(node.outputs[i]!, array);
    } catch (error) {
      const shapes = inputs.map((input) => `[${input.shape.join(', ')}]`).join(' ');
      const reason = error instanceof Error ? error.message : String(error);
      const code = error instanceof LockstepError ? error.code : 'ENGINE_RUN_FAILED';
      const hint = error instanceof LockstepError ? error.hint : undefined;
      throw new EngineError(code, `${this.#name}: ${node.op.kind} of ${shapes}: ${reason}`, { hint, cause: error });
    }
  }
}

/** Hands outputs out as soon as they are there, but none before all of the groups in front of its own. */
class Outbox {
  readonly #groups: Set<Port>[];
  readonly #emit: (port: Port) => void;
  /** How many outputs still wait for each value. */
  readonly #numWaiting = new Map<number, number>();

  constructor(stages: readonly (readonly Port[])[], emit: (port: Port) => void) {
    this.#groups = stages.map((ports) => new Set(ports));
    this.#emit = emit;
    for (const { value } of stages.flat()) this.#numWaiting.set(value, (this.#numWaiting.get(value) ?? 0) + 1);
  }

  handOut(live: ReadonlyMap<number, HeapArray>): void {
    for (let group = this.#groups[0]; group !== undefined; group = this.#groups[0]) {
      for (const port of group) {
        if (!live.has(port.value)) continue;
        group.delete(port);
        this.#numWaiting.set(port.value, this.#numWaiting.get(port.value)! - 1);
        this.#emit(port);
      }
      if (group.size > 0) return;
      this.#groups.shift();
    }
  }

  awaits(value: number): boolean {
    return (this.#numWaiting.get(value) ?? 0) > 0;
  }
}

function feedError(program: string, name: string, declared: Value, found: string): EngineError {
  const wanted = `${declared.dtype} [${declared.shape.join(', ')}]`;
  return new EngineError('ENGINE_FEED_MISMATCH', `${program} wants ${name} as ${wanted}, but it ${found}`);
}

function fits(shape: Shape, declared: Shape): boolean {
  return shape.length === declared.length && declared.every((size, axis) => size < 0 || size === shape[axis]);
}

function groupOutputs(program: Program, options: CompileOptions): Port[][] {
  const rest = new Map(program.outputs.map((port) => [port.name, port]));
  const groups = (options.stages ?? []).map((names) =>
    names.map((name) => {
      const port = rest.get(name);
      if (port === undefined) {
        throw new EngineError('ENGINE_UNKNOWN_OUTPUT', `${options.name} has no output ${name}, or lists it twice`);
      }
      rest.delete(name);
      return port;
    }),
  );
  const last = groups.pop() ?? [];
  return [...groups, [...last, ...rest.values()]];
}

function neededNodes(program: Program): Node[] {
  const needed = new Set(program.outputs.map((port) => port.value));
  const nodes: Node[] = [];
  for (const node of [...program.nodes].reverse()) {
    // Inputs always count, so that each has a place at which an unused feed is let go.
    if (node.op.kind !== 'input' && !node.outputs.some((id) => needed.has(id))) continue;
    for (const id of node.inputs) needed.add(id);
    nodes.push(node);
  }
  return nodes.reverse();
}

function endings(nodes: readonly WasmNode[]): number[][] {
  const lastReader = new Map<number, number>();
  for (const [index, node] of nodes.entries()) {
    for (const id of [...node.outputs, ...node.inputs]) lastReader.set(id, index);
  }
  const ends = nodes.map((): number[] => []);
  for (const [id, index] of lastReader) ends[index]!.push(id);
  return ends;
}
