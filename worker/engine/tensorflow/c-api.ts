/**
 * libtensorflow's C API (tensorflow/c/c_api.h), as far as it is used here, called without an addon between: data are copied once
 * and straight to where they are wanted, and memory of ours can be a tensor. All addresses are plain numbers; 0 is null.
 */
import { join } from 'node:path';
import { openAddressOf, openForeign } from '../../../proto/foreign.js';
import type { TypedArray } from '../engine.js';

export type Address = number;

/** An array that a call reads or fills while it lasts. */
type Memory = TypedArray | BigInt64Array;

/** The functions, under their C names without `TF_`. `status` is an address from {@link CApi.newStatus}. */
export interface CApi {
  version(): string;
  newStatus(): Address;
  getCode(status: Address): number;
  message(status: Address): string;
  allocateTensor(dtype: number, dims: BigInt64Array, numDims: number, bytes: number): Address;
  /** The tensor is the memory itself if it is aligned to 64 bytes, else a copy. */
  newTensor(
    dtype: number,
    dims: BigInt64Array,
    numDims: number,
    data: Memory,
    bytes: number,
    deallocator: bigint,
    argument: null,
  ): Address;
  deleteTensor(tensor: Address): void;
  tensorData(tensor: Address): Address;
  tensorType(tensor: Address): number;
  numDims(tensor: Address): number;
  dim(tensor: Address, axis: number): number;
  newSessionOptions(): Address;
  deleteSessionOptions(options: Address): void;
  newGraph(): Address;
  deleteGraph(graph: Address): void;
  newSession(graph: Address, options: Address, status: Address): Address;
  deleteSession(session: Address, status: Address): void;
  loadSessionFromSavedModel(
    options: Address,
    runOptions: null,
    folder: string,
    tags: readonly string[],
    numTags: number,
    graph: Address,
    metaGraph: null,
    status: Address,
  ): Address;
  graphOperationByName(graph: Address, name: string): Address;
  /** Ports are pairs of an operation's address and an output's index; `outputValues` is filled. */
  sessionRun(
    session: Address,
    runOptions: null,
    inputs: BigInt64Array,
    inputValues: BigInt64Array,
    numInputs: number,
    outputs: BigInt64Array,
    outputValues: BigInt64Array,
    numOutputs: number,
    targets: null,
    numTargets: number,
    runMetadata: null,
    status: Address,
  ): void;
  /** Begins a run whose outputs are fetched in parts; `handle` is filled. */
  sessionPRunSetup(
    session: Address,
    inputs: BigInt64Array,
    numInputs: number,
    outputs: BigInt64Array,
    numOutputs: number,
    targets: null,
    numTargets: number,
    handle: BigInt64Array,
    status: Address,
  ): void;
  /** Feeds a part of the inputs and waits for a part of the outputs. */
  sessionPRun(
    session: Address,
    handle: Address,
    inputs: BigInt64Array | null,
    inputValues: BigInt64Array | null,
    numInputs: number,
    outputs: BigInt64Array,
    outputValues: BigInt64Array,
    numOutputs: number,
    targets: null,
    numTargets: number,
    status: Address,
  ): void;
  deletePRunHandle(handle: Address): void;
  sessionListDevices(session: Address, status: Address): Address;
  deviceListCount(list: Address): number;
  deviceListType(list: Address, index: number, status: Address): string;
  deleteDeviceList(list: Address): void;
  /** memcpy out of TensorFlow's memory, and into it. */
  copyOut(target: Memory, source: Address, bytes: number): void;
  copyIn(target: Address, source: Memory, bytes: number): void;
  /** Where an array's first byte lies. */
  addressOf(array: Memory): Address;
  /** A function that does nothing to its arguments, callable from any thread: what "frees" memory that is ours. */
  readonly nothing: bigint;
}

const RTLD_LAZY_NODELETE = 0x1001;

/** Returns the functions of the library in this folder, or undefined where they cannot be called. */
export function openCApi(libraryDir: string): CApi | undefined {
  if (process.platform !== 'linux') return undefined;
  const foreign = openForeign();
  if (foreign === undefined) return undefined;
  try {
    const libc = foreign.load('libc.so.6');
    const path = join(libraryDir, 'libtensorflow_cc.so.2');
    // Its threads live as long as the process: unloading it before the end would pull the code from under them.
    libc.func('void *dlopen(str path, int flags)')(path, RTLD_LAZY_NODELETE);
    const tensorflow = foreign.load(path);
    const framework = foreign.load(join(libraryDir, 'libtensorflow_framework.so.2'));
    const addressOf = openAddressOf(libc);
    const p = 'uintptr_t';
    return {
      version: tensorflow.func('str TF_Version()'),
      newStatus: framework.func(`${p} TF_NewStatus()`),
      getCode: framework.func(`int TF_GetCode(${p} status)`),
      message: framework.func(`str TF_Message(${p} status)`),
      allocateTensor: framework.func(`${p} TF_AllocateTensor(int type, void *dims, int numDims, size_t bytes)`),
      newTensor: framework.func(
        `${p} TF_NewTensor(int type, void *dims, int numDims, void *data, size_t bytes, void *free, void *argument)`,
      ),
      deleteTensor: framework.func(`void TF_DeleteTensor(${p} tensor)`),
      tensorData: framework.func(`${p} TF_TensorData(${p} tensor)`),
      tensorType: framework.func(`int TF_TensorType(${p} tensor)`),
      numDims: framework.func(`int TF_NumDims(${p} tensor)`),
      dim: framework.func(`int64_t TF_Dim(${p} tensor, int axis)`),
      newSessionOptions: tensorflow.func(`${p} TF_NewSessionOptions()`),
      deleteSessionOptions: tensorflow.func(`void TF_DeleteSessionOptions(${p} options)`),
      newGraph: tensorflow.func(`${p} TF_NewGraph()`),
      deleteGraph: tensorflow.func(`void TF_DeleteGraph(${p} graph)`),
      newSession: tensorflow.func(`${p} TF_NewSession(${p} graph, ${p} options, ${p} status)`),
      deleteSession: tensorflow.func(`void TF_DeleteSession(${p} session, ${p} status)`),
      loadSessionFromSavedModel: tensorflow.func(
        `${p} TF_LoadSessionFromSavedModel(${p} options, void *runOptions, str folder, const char **tags, int numTags, ${p} graph, void *metaGraph, ${p} status)`,
      ),
      graphOperationByName: tensorflow.func(`${p} TF_GraphOperationByName(${p} graph, str name)`),
      sessionRun: tensorflow.func(
        `void TF_SessionRun(${p} session, void *runOptions, void *inputs, void *inputValues, int numInputs, void *outputs, void *outputValues, int numOutputs, void *targets, int numTargets, void *metadata, ${p} status)`,
      ),
      sessionPRunSetup: tensorflow.func(
        `void TF_SessionPRunSetup(${p} session, void *inputs, int numInputs, void *outputs, int numOutputs, void *targets, int numTargets, void *handle, ${p} status)`,
      ),
      sessionPRun: tensorflow.func(
        `void TF_SessionPRun(${p} session, ${p} handle, void *inputs, void *inputValues, int numInputs, void *outputs, void *outputValues, int numOutputs, void *targets, int numTargets, ${p} status)`,
      ),
      deletePRunHandle: tensorflow.func(`void TF_DeletePRunHandle(${p} handle)`),
      sessionListDevices: tensorflow.func(`${p} TF_SessionListDevices(${p} session, ${p} status)`),
      deviceListCount: tensorflow.func(`int TF_DeviceListCount(${p} list)`),
      deviceListType: tensorflow.func(`str TF_DeviceListType(${p} list, int index, ${p} status)`),
      deleteDeviceList: tensorflow.func(`void TF_DeleteDeviceList(${p} list)`),
      copyOut: libc.func(`void memcpy(void *target, ${p} source, size_t bytes)`),
      copyIn: libc.func(`void memcpy(${p} target, void *source, size_t bytes)`),
      addressOf: (array: Memory) => Number(addressOf(array)),
      nothing: libc.symbol('getpid'),
    } as CApi;
  } catch {
    return undefined;
  }
}
