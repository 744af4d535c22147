/** What the engine asks of TensorFlow, however the library is reached. */
import type { TypedArray } from '../engine.js';

/** From this alignment on TensorFlow works on memory in place, bytes: a tensor that is made of such memory shares it. */
export const SHARED_FROM_ALIGNMENT = 64;

/** What is said about a tensor that a run made. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  /** TensorFlow's number of the type, see `DATA_TYPE` in graphdef.ts. */
  readonly dtype: number;
}

/** A part of a run: what is fed, and what is fetched then. Names are joined by commas, such as `in0:0,in1:0`; empty for none. */
export interface RunPart {
  readonly inputIds: readonly number[];
  readonly inputs: string;
  readonly outputs: string;
}

/** The part of TensorFlow that Lockstep calls. Tensors and models are known by numbers; calls throw what TensorFlow says. */
export interface Binding {
  /** Such as `2.21.0`. */
  readonly version: string;
  readonly isUsingGpu: boolean;
  /** Copies the array into a new tensor. */
  createTensor(shape: readonly number[], dtype: number, data: TypedArray): number;
  /**
   * Makes a tensor of the array's own memory: later runs see what is written there meanwhile. Undefined where that cannot be had;
   * it can for arrays on a `SimdHeap` at multiples of 64 bytes.
   */
  lendTensor(shape: readonly number[], dtype: number, data: TypedArray): number | undefined;
  deleteTensor(tensor: number): void;
  /** Copies elements from `begin` on into the target, which is of the tensor's type and not longer than what is left. */
  readTensor(tensor: number, target: TypedArray, begin: number): void;
  loadSavedModel(folder: string, tag: string): number;
  deleteSavedModel(model: number): void;
  /**
   * Runs a model and gives its outputs, part by part: each as soon as it is there, while is computed what needs no later feed, where the
   * binding can do so, else all at the end. Waits for each in turn. A run that is left early is ended before this returns.
   */
  run(model: number, parts: readonly RunPart[]): Generator<TensorMetadata[]>;
}

/** Returns the parts of a run as one. */
export function wholeRun(parts: readonly RunPart[]): RunPart {
  const join = (names: readonly string[]): string => names.filter((name) => name !== '').join();
  return {
    inputIds: parts.flatMap((part) => part.inputIds),
    inputs: join(parts.map((part) => part.inputs)),
    outputs: join(parts.map((part) => part.outputs)),
  };
}
