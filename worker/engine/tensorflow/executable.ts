/** Compiles a program into one TensorFlow graph per stage and runs them in turn. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../../proto/errors.js';
import type { CompileOptions, Executable, Feeds, OutputHandler } from '../engine.js';
import type { Port, Program, Shape, Value } from '../program.js';
import type { Binding } from './binding.js';
import { attr, GraphWriter, type Ref } from './graph.js';
import { encodeSavedModel, type GraphDef, SAVED_MODEL_TAG } from './graphdef.js';
import { reasonOf, runError } from './run-error.js';
import { cutProgram, type Stage, withThirdReserve } from './stages.js';
import type { TensorflowTensor, TensorStore } from './tensor.js';
import { translateNode } from './translate.js';

/** A stage as TensorFlow sees it. */
export interface StageGraph {
  readonly graph: GraphDef;
  /** Tensors that are fed, one per value of `stage.inputs` and `stage.received`. */
  readonly feeds: readonly Ref[];
  /** Tensors that are read out, one per port of `stage.outputs` and value of `stage.sent`. */
  readonly fetches: readonly Ref[];
}

/** How programs become graphs. */
export interface GraphOptions {
  /** Whether elementwise chains of known shape are compiled by XLA. */
  readonly xla: boolean;
  /** Threads for which Winograd's convolutions are weighed against direct ones; 0 for none of them. */
  readonly winogradThreads: number;
}

/** Returns the graph of one stage. */
export function buildStageGraph(program: Program, stage: Stage, options: GraphOptions): StageGraph {
  const graph = new GraphWriter();
  const refs = new Map<number, Ref>();
  const value = (id: number): Value => program.values[id]!;
  const ref = (id: number): Ref => refs.get(id)!;
  const received = new Set(stage.received);
  const fed = new Set([...stage.inputs, ...stage.received]);
  const isReceived = (id: number): boolean => fed.has(id);
  for (const id of received) refs.set(id, graph.placeholder(`in${id}`, value(id).dtype, value(id).shape));
  for (const node of stage.nodes) {
    const outputs = translateNode({ ...options, graph, value, ref, isReceived }, node);
    for (const [index, id] of node.outputs.entries()) refs.set(id, outputs[index]!);
  }
  // TensorFlow refuses to fetch what is fed, and each fetch shall be a tensor of its own with its own owner.
  const taken = new Set([...stage.inputs, ...stage.received].map(ref));
  const fetch = (id: number): Ref => {
    const source = ref(id);
    const own = taken.has(source) ? graph.node('Identity', [source], { T: attr.dtype(value(id).dtype) }) : source;
    taken.add(own);
    return own;
  };
  return {
    fetches: [...stage.outputs.map((port) => port.value), ...stage.sent].map(fetch),
    feeds: [...stage.inputs, ...stage.received].map(ref),
    graph: graph.finish(),
  };
}

/** A stage that is loaded. The program's nodes, with their constants, are TensorFlow's now and not kept. */
interface LoadedStage {
  readonly stage: Omit<Stage, 'nodes'>;
  readonly modelId: number;
  /** Names joined by commas, as the binding wants them. */
  readonly feeds: string;
  readonly fetches: string;
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
  readonly #stages: LoadedStage[] = [];
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
    try {
      for (const stage of cutProgram(complete, options.stages ?? [])) {
        const { graph, feeds, fetches } = buildStageGraph(complete, stage, options);
        const { nodes: _, ...rest } = stage;
        const modelId = loadGraph(binding, graph, options.name);
        this.#stages.push({
          stage: rest,
          modelId,
          feeds: feeds.map(withIndex).join(),
          fetches: fetches.map(withIndex).join(),
        });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  run(feeds: Feeds, onOutput: OutputHandler): void {
    if (this.#disposed) throw new EngineError('ENGINE_RUN_FAILED', `program ${this.#name} was disposed of`);
    const fed = this.#checkFeeds(feeds);
    const held = new Map<number, TensorflowTensor>();
    try {
      for (const stage of this.#stages) this.#runStage(stage, fed, held, onOutput);
    } finally {
      for (const tensor of held.values()) tensor.dispose();
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const { modelId } of this.#stages) this.#binding.deleteSavedModel(modelId);
    this.#onDispose();
  }

  #runStage(
    { stage, modelId, feeds, fetches }: LoadedStage,
    fed: ReadonlyMap<number, TensorflowTensor>,
    held: Map<number, TensorflowTensor>,
    onOutput: OutputHandler,
  ): void {
    const inputs = [...stage.inputs.map((id) => fed.get(id)!), ...stage.received.map((id) => held.get(id)!)];
    const made = this.#session(modelId, inputs, feeds, fetches);
    for (const [index, id] of stage.sent.entries()) held.set(id, made[stage.outputs.length + index]!);
    for (const id of stage.released) {
      held.get(id)?.dispose();
      held.delete(id);
    }
    for (const [index, port] of stage.outputs.entries()) {
      try {
        onOutput(port.name, made[index]!);
      } catch (error) {
        for (const tensor of made.slice(index + 1, stage.outputs.length)) tensor.dispose();
        throw error;
      }
    }
  }

  #session(modelId: number, inputs: readonly TensorflowTensor[], feeds: string, fetches: string): TensorflowTensor[] {
    try {
      const ids = inputs.map((tensor) => tensor.id);
      return this.#binding.runSavedModel(modelId, ids, feeds, fetches).map((made) => this.#tensors.fromRun(made));
    } catch (error) {
      throw runError(this.#name, error);
    }
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

/** The binding wants the output's index spelled out. */
function withIndex(ref: Ref): string {
  return ref.includes(':') ? ref : `${ref}:0`;
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
