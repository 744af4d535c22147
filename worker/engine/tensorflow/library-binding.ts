/** The binding that calls libtensorflow itself. Tensors and models are known by their addresses. */
import { EngineError } from '../../../proto/errors.js';
import { isHeapBuffer } from '../../simd/heap.js';
import type { TypedArray } from '../engine.js';
import { type Binding, type RunPart, SHARED_FROM_ALIGNMENT, type TensorMetadata, wholeRun } from './binding.js';
import type { Address, CApi } from './c-api.js';
import { encodeSessionConfig } from './session-config.js';

const OK = 0;
/** TensorFlow's number for a failed allocation, which has no status of its own here. */
const OUT_OF_MEMORY = 'RESOURCE_EXHAUSTED: OOM when allocating';

const SESSION_CONFIG = encodeSessionConfig();

interface Model {
  session: Address;
  readonly graph: Address;
  /** Resolved names, by the text that lists them. */
  readonly ports: Map<string, BigInt64Array>;
}

/** A {@link RunPart} as C takes it. */
interface BoundPart {
  /** See {@link LibraryBinding.#ports}. */
  readonly from: BigInt64Array;
  /** Addresses of tensors. */
  readonly given: BigInt64Array;
  readonly to: BigInt64Array;
}

/** See {@link Binding}. */
export class LibraryBinding implements Binding {
  readonly version: string;
  readonly isUsingGpu: boolean;
  readonly #api: CApi;
  /** Each call overwrites it. */
  readonly #status: Address;
  readonly #models = new Map<number, Model>();
  /** Memory that tensors are made of, so that it stays. */
  readonly #lent = new Map<number, TypedArray>();

  constructor(api: CApi) {
    this.#api = api;
    this.#status = api.newStatus();
    this.version = api.version();
    this.isUsingGpu = this.#listDevices().includes('GPU');
  }

  createTensor(shape: readonly number[], dtype: number, data: TypedArray): number {
    const { byteLength } = data;
    const tensor = this.#api.allocateTensor(dtype, BigInt64Array.from(shape, BigInt), shape.length, byteLength);
    if (tensor === 0) throw failed(`${OUT_OF_MEMORY} ${byteLength} bytes`);
    if (byteLength > 0) this.#api.copyIn(this.#api.tensorData(tensor), data, byteLength);
    return tensor;
  }

  lendTensor(shape: readonly number[], dtype: number, data: TypedArray): number | undefined {
    // Other arrays may be moved by the garbage collector, or be let go.
    if (!isHeapBuffer(data.buffer) || data.byteLength === 0) return undefined;
    if (this.#api.addressOf(data) % SHARED_FROM_ALIGNMENT !== 0) return undefined;
    const { byteLength } = data;
    const dims = BigInt64Array.from(shape, BigInt);
    const tensor = this.#api.newTensor(dtype, dims, shape.length, data, byteLength, this.#api.nothing, null);
    this.#lent.set(tensor, data);
    return tensor;
  }

  deleteTensor(tensor: number): void {
    this.#api.deleteTensor(tensor);
    this.#lent.delete(tensor);
  }

  readTensor(tensor: number, target: TypedArray, begin: number): void {
    if (target.byteLength === 0) return;
    const source = this.#api.tensorData(tensor) + begin * target.BYTES_PER_ELEMENT;
    this.#api.copyOut(target, source, target.byteLength);
  }

  loadSavedModel(folder: string, tag: string): number {
    const graph = this.#api.newGraph();
    const options = this.#sessionOptions();
    const status = this.#status;
    const session = this.#api.loadSessionFromSavedModel(options, null, folder, [tag], 1, graph, null, status);
    this.#api.deleteSessionOptions(options);
    try {
      this.#check();
    } catch (error) {
      this.#api.deleteGraph(graph);
      throw error;
    }
    this.#models.set(graph, { session, graph, ports: new Map() });
    return graph;
  }

  #sessionOptions(): Address {
    const options = this.#api.newSessionOptions();
    if (!this.isUsingGpu) this.#api.setConfig(options, SESSION_CONFIG, SESSION_CONFIG.length, this.#status);
    return options;
  }

  deleteSavedModel(id: number): void {
    const { session, graph } = this.#model(id);
    this.#models.delete(id);
    this.#api.deleteSession(session, this.#status);
    this.#api.deleteGraph(graph);
    this.#check();
  }

  *run(id: number, parts: readonly RunPart[]): Generator<TensorMetadata[]> {
    const model = this.#model(id);
    const whole = this.#bind(model, wholeRun(parts));
    if (parts.length === 1) {
      yield this.#runAtOnce(model, whole);
      return;
    }
    try {
      yield* this.#runInParts(
        model,
        whole,
        parts.map((part) => this.#bind(model, part)),
      );
    } catch (error) {
      // A partial run says only that it was cancelled, and cancels whatever its session would run. The same at once in another says why.
      this.#renewSession(model);
      for (const { id: tensor } of this.#runAtOnce(model, whole)) this.deleteTensor(tensor);
      throw error;
    }
  }

  #bind(model: Model, { inputIds, inputs, outputs }: RunPart): BoundPart {
    return {
      from: this.#ports(model, inputs),
      given: BigInt64Array.from(inputIds, BigInt),
      to: this.#ports(model, outputs),
    };
  }

  /** A model has no state, so its graph is all that another session needs. */
  #renewSession(model: Model): void {
    const options = this.#sessionOptions();
    const renewed = this.#api.newSession(model.graph, options, this.#status);
    this.#api.deleteSessionOptions(options);
    this.#check();
    this.#api.deleteSession(model.session, this.#status);
    model.session = renewed;
    this.#check();
  }

  #runAtOnce({ session }: Model, { from, given, to }: BoundPart): TensorMetadata[] {
    const made = new BigInt64Array(to.length / 2);
    const [feeds, fetches] = [
      [from, given, given.length],
      [to, made, made.length],
    ] as const;
    this.#api.sessionRun(session, null, ...feeds, ...fetches, null, 0, null, this.#status);
    this.#check();
    return this.#describeAll(made);
  }

  /** A partial run: it goes on in TensorFlow's threads between the calls that fetch, as far as it is fed. */
  *#runInParts({ session }: Model, whole: BoundPart, parts: readonly BoundPart[]): Generator<TensorMetadata[]> {
    const api = this.#api;
    const status = this.#status;
    const handles = new BigInt64Array(1);
    const { given, to } = whole;
    api.sessionPRunSetup(session, whole.from, given.length, to, to.length / 2, null, 0, handles, status);
    this.#check();
    const handle = Number(handles[0]);
    const fetch = (part: BoundPart): BigInt64Array => {
      const made = new BigInt64Array(part.to.length / 2);
      const feeds = [part.from, part.given, part.given.length] as const;
      api.sessionPRun(session, handle, ...feeds, part.to, made, made.length, null, 0, status);
      return made;
    };
    let fetched = 0;
    try {
      while (fetched < parts.length) {
        const made = fetch(parts[fetched]!);
        fetched += 1;
        this.#check();
        yield this.#describeAll(made);
      }
    } finally {
      // What is fed and computed with stays in use until the last output is there.
      for (; fetched < parts.length; fetched += 1) {
        for (const tensor of fetch(parts[fetched]!)) if (tensor !== 0n) api.deleteTensor(Number(tensor));
      }
      api.deletePRunHandle(handle);
    }
  }

  #describeAll(tensors: BigInt64Array): TensorMetadata[] {
    return Array.from(tensors, (address) => this.#describe(Number(address)));
  }

  #describe(tensor: Address): TensorMetadata {
    const rank = this.#api.numDims(tensor);
    const shape = Array.from({ length: rank }, (_, axis) => Number(this.#api.dim(tensor, axis)));
    return { id: tensor, shape, dtype: this.#api.tensorType(tensor) };
  }

  /** Pairs of an operation's address and an output's index, which C takes as one structure. */
  #ports(model: Model, names: string): BigInt64Array {
    let ports = model.ports.get(names);
    if (ports === undefined) {
      const pairs = names === '' ? [] : names.split(',').flatMap((name) => this.#port(model, name));
      ports = BigInt64Array.from(pairs);
      model.ports.set(names, ports);
    }
    return ports;
  }

  #port(model: Model, name: string): [bigint, bigint] {
    const [operation = '', index = '0'] = name.split(':');
    const address = this.#api.graphOperationByName(model.graph, operation);
    if (address === 0) throw failed(`the graph has no operation ${operation}`);
    return [BigInt(address), BigInt(index)];
  }

  #model(id: number): Model {
    const model = this.#models.get(id);
    if (model === undefined) throw failed(`there is no model ${id}`);
    return model;
  }

  /** Types of the devices that sessions of this process have, such as `CPU`. */
  #listDevices(): string[] {
    const api = this.#api;
    const status = this.#status;
    const options = api.newSessionOptions();
    const graph = api.newGraph();
    const session = api.newSession(graph, options, status);
    api.deleteSessionOptions(options);
    this.#check();
    const list = api.sessionListDevices(session, status);
    this.#check();
    const types = Array.from({ length: api.deviceListCount(list) }, (_, i) => api.deviceListType(list, i, status));
    api.deleteDeviceList(list);
    api.deleteSession(session, status);
    api.deleteGraph(graph);
    return types;
  }

  #check(): void {
    if (this.#api.getCode(this.#status) !== OK) throw failed(this.#api.message(this.#status));
  }
}

/** What TensorFlow said; the engine says what it means. */
function failed(reason: string): EngineError {
  return new EngineError('ENGINE_RUN_FAILED', reason);
}
