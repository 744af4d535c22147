/** Compiles a program into a TensorFlow graph, and runs it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../../proto/errors.js';
import type { CompileOptions, Executable, Feeds, OutputHandler } from '../engine.js';
import type { Port, Program, Shape, Value } from '../program.js';
import type { Binding, RunPart, TensorMetadata } from './binding.js';
import { afterNode, attr, GraphWriter, type Ref } from './graph.js';
import { DATA_TYPE, encodeSavedModel, type GraphDef, SAVED_MODEL_TAG } from './graphdef.js';
import { reasonOf, runError } from './run-error.js';
import { type Schedule, scheduleProgram, withThirdReserve } from './schedule.js';
import type { TensorflowTensor, TensorStore } from './tensor.js';
import { translateNode } from './translate.js';

/** A program as TensorFlow sees it. */
export interface ProgramGraph {
  readonly graph: GraphDef;
  /** What is fed, by value id. */
  readonly feeds: ReadonlyMap<number, Ref>;
  /** What is read out: a tensor for each port of each group. */
  readonly fetches: readonly (readonly Ref[])[];
  /** Scalars, one for each group but the first, that are fed to let it begin; none where groups follow each other by themselves. */
  readonly gates: readonly Ref[];
}

/** How programs become graphs. */
export interface GraphOptions {
  /** Whether elementwise chains of known shape are compiled by XLA. */
  readonly xla: boolean;
  /** Threads for which Winograd's convolutions are weighed against direct ones; 0 for none of them. */
  readonly winogradThreads: number;
  /**
   * Whether a group of outputs waits until the caller asks for it. It costs what the caller does meanwhile, and
   * makes a group leave where TensorFlow has one thread, which otherwise hands outputs out when nothing is left to compute.
   */
  readonly gated: boolean;
}

/** Returns the graph of a program that hands out `groups` of outputs one after the other. */
export function buildGraph(program: Program, { nodes, groups }: Schedule, options: GraphOptions): ProgramGraph {
  const graph = new GraphWriter();
  const refs = new Map<number, Ref>();
  const value = (id: number): Value => program.values[id]!;
  const ref = (id: number): Ref => refs.get(id)!;
  const gates = options.gated ? groups.slice(1).map((_, i) => graph.placeholder(`gate${i + 1}`, 'float32', [])) : [];
  const barriers: Ref[] = [];
  /** A node that runs when all outputs of the group before are there, and with them those of earlier ones, and its gate is open. */
  const barrier = (group: number): Ref => {
    const known = barriers[group];
    if (known !== undefined) return known;
    const awaited = [...groups[group - 1]!.map(({ value: id }) => ref(id)), ...gates.slice(group - 1, group)];
    const made = graph.node('NoOp', [...new Set(awaited.map(afterNode))]);
    barriers[group] = made;
    return made;
  };
  for (const { node, group, held } of nodes) {
    const late =
      held === undefined
        ? undefined
        : graph.node('Identity', [ref(held), afterNode(barrier(group))], { T: attr.dtype(value(held).dtype) });
    const refOf = (id: number): Ref => (late !== undefined && id === held ? late : ref(id));
    const outputs = translateNode({ ...options, graph, value, ref: refOf }, node);
    for (const [index, id] of node.outputs.entries()) refs.set(id, outputs[index]!);
  }
  const feeds = new Map(
    nodes.flatMap(({ node }) => (node.op.kind === 'input' ? [[node.outputs[0]!, ref(node.outputs[0]!)]] : [])),
  );
  // TensorFlow refuses to fetch what is fed, and each fetch shall be a tensor of its own with its own owner.
  const taken = new Set(feeds.values());
  const fetch = ({ value: id }: Port): Ref => {
    const source = ref(id);
    const own = taken.has(source) ? graph.node('Identity', [source], { T: attr.dtype(value(id).dtype) }) : source;
    taken.add(own);
    return own;
  };
  return { feeds, fetches: groups.map((group) => group.map(fetch)), gates, graph: graph.finish() };
}

/** How to compile a program, and whom to tell when it is disposed of. */
export interface ExecutableOptions extends CompileOptions, GraphOptions {
  readonly onDispose: () => void;
}

/** A compiled program; see {@link Executable}. */
export class TensorflowExecutable implements Executable {
  readonly #binding: Binding;
  readonly #tensors: TensorStore;
  readonly #name: string;
  readonly #inputs: readonly { readonly port: Port; readonly value: Value }[];
  readonly #outputs: readonly (readonly Port[])[];
  readonly #modelId: number;
  /** Values that are fed, and their names joined by commas, as the binding wants them. */
  readonly #feeds: { readonly ids: readonly number[]; readonly names: string };
  /** The names of each group's outputs. */
  readonly #fetches: readonly string[];
  /** The names of {@link ProgramGraph.gates}, and a tensor that all of them are fed. */
  readonly #gates: { readonly names: readonly string[]; readonly tensor: number } | undefined;
  readonly #onDispose: () => void;
  #disposed = false;

  /** @throws EngineError `ENGINE_COMPILE_FAILED`, `ENGINE_UNSUPPORTED` or `ENGINE_UNKNOWN_OUTPUT` */
  constructor(binding: Binding, tensors: TensorStore, program: Program, options: ExecutableOptions) {
    this.#binding = binding;
    this.#tensors = tensors;
    this.#name = options.name;
    this.#onDispose = options.onDispose;
    this.#inputs = program.inputs.map((port) => ({ port, value: program.values[port.value]! }));
    const complete = withThirdReserve(program);
    const schedule = scheduleProgram(complete, options.stages ?? []);
    const { graph, feeds, fetches, gates } = buildGraph(complete, schedule, options);
    this.#outputs = schedule.groups;
    this.#feeds = { ids: [...feeds.keys()], names: joinNames([...feeds.values()]) };
    this.#fetches = fetches.map(joinNames);
    this.#modelId = loadGraph(binding, graph, options.name);
    if (gates.length === 0) return;
    const tensor = binding.createTensor([], DATA_TYPE.float32, Float32Array.of(0));
    this.#gates = { names: gates.map((gate) => joinNames([gate])), tensor };
  }

  run(feeds: Feeds, onOutput: OutputHandler): void {
    if (this.#disposed) throw new EngineError('ENGINE_RUN_FAILED', `program ${this.#name} was disposed of`);
    const fed = this.#checkFeeds(feeds);
    const ids = this.#feeds.ids.map((id) => fed.get(id)!.id);
    let group = 0;
    for (const made of this.#groupsOf(ids)) {
      const tensors = made.map((tensor) => this.#tensors.fromRun(tensor));
      for (const [index, port] of this.#outputs[group]!.entries()) {
        try {
          onOutput(port.name, tensors[index]!);
        } catch (error) {
          for (const tensor of tensors.slice(index + 1)) tensor.dispose();
          throw error;
        }
      }
      group += 1;
    }
  }

  *#groupsOf(ids: readonly number[]): Generator<TensorMetadata[]> {
    try {
      yield* this.#binding.run(this.#modelId, this.#parts(ids));
    } catch (error) {
      throw runError(this.#name, error);
    }
  }

  #parts(ids: readonly number[]): RunPart[] {
    return this.#fetches.map((outputs, group) => {
      if (group === 0) return { inputIds: ids, inputs: this.#feeds.names, outputs };
      if (this.#gates === undefined) return { inputIds: [], inputs: '', outputs };
      return { inputIds: [this.#gates.tensor], inputs: this.#gates.names[group - 1]!, outputs };
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#gates !== undefined) this.#binding.deleteTensor(this.#gates.tensor);
    this.#binding.deleteSavedModel(this.#modelId);
    this.#onDispose();
  }

  #checkFeeds(feeds: Feeds): Map<number, TensorflowTensor> {
    const fed = new Map<number, TensorflowTensor>();
    for (const { port, value } of this.#inputs) {
      const tensor = feeds[port.name];
      const expected = `${value.dtype} [${value.shape.join()}]`;
      if (tensor === undefined) throw this.#mismatch(port.name, expected, 'nothing');
      const fits = tensor.dtype === value.dtype && shapeFits(tensor.shape, value.shape);
      if (!fits) throw this.#mismatch(port.name, expected, `${tensor.dtype} [${tensor.shape.join()}]`);
      const own = this.#tensors.own(tensor);
      if (own === undefined)
        throw this.#mismatch(port.name, expected, 'a tensor that is disposed of or of another engine');
      fed.set(port.value, own);
    }
    return fed;
  }

  #mismatch(feed: string, expected: string, given: string): EngineError {
    return new EngineError(
      'ENGINE_FEED_MISMATCH',
      `program ${this.#name}: feed ${feed} wants ${expected}, got ${given}`,
      {
        hint: 'feeds must have the names, types and shapes with which the program was built',
        details: { program: this.#name, feed, expected, given },
      },
    );
  }
}

function shapeFits(shape: Shape, expected: Shape): boolean {
  return shape.length === expected.length && expected.every((size, axis) => size < 0 || size === shape[axis]);
}

/** Joined by commas, each with its output's index, as the binding wants them. */
function joinNames(refs: readonly Ref[]): string {
  return refs.map((ref) => (ref.includes(':') ? ref : `${ref}:0`)).join();
}

/** Hands a graph to TensorFlow, which reads graphs only from a folder. */
function loadGraph(binding: Binding, graph: GraphDef, name: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-graph-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(graph));
    return binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } catch (error) {
    throw new EngineError('ENGINE_COMPILE_FAILED', `program ${name}: ${reasonOf(error)}`, {
      hint: 'check that the temporary folder is writable (TMPDIR); other causes are a fault in Lockstep: please report them',
      details: { program: name },
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
