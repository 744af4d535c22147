/** What a side leaves behind: the losses of every iteration, and weights and averages after marked optimizer steps. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint } from '../../worker/checkpoint/checkpoint.js';
import { toFloat32 } from '../../worker/checkpoint/tensor.js';

/** Loss terms of an iteration: gained, means over the batch. */
export interface IterationLosses {
  readonly box: number;
  readonly obj: number;
  readonly cls: number;
  /** An optimizer step followed. */
  readonly stepped: boolean;
}

/** losses.json. */
export interface Trajectory {
  /** Of the program that computed. */
  readonly version: string;
  readonly seconds: number;
  readonly iterations: readonly IterationLosses[];
}

/** Weights or averages of one moment, by PyTorch's names and in its layouts; float64 for a side that computes in it. */
export type StateArrays = ReadonlyMap<string, Float32Array | Float64Array>;

export async function readTrajectory(folder: string): Promise<Trajectory> {
  return JSON.parse(await readFile(join(folder, 'losses.json'), 'utf8')) as Trajectory;
}

/** The file of the state after `steps` optimizer steps, or of the end. */
export function stateFile(folder: string, steps: number | 'final'): string {
  return join(folder, steps === 'final' ? 'final.safetensors' : `after-${steps}.safetensors`);
}

/** Reads weights or averages; counters are left out. */
export async function readState(
  folder: string,
  steps: number | 'final',
  kind: 'weights' | 'ema',
): Promise<StateArrays> {
  const { state } = await readCheckpoint(stateFile(folder, steps), { verify: false });
  const arrays = new Map<string, Float32Array | Float64Array>();
  for (const [name, tensor] of state) {
    if (!name.startsWith(`${kind}/`) || tensor.dtype === 'I64') continue;
    const data = tensor.data instanceof Float64Array ? tensor.data : toFloat32(tensor);
    arrays.set(name.slice(kind.length + 1), data);
  }
  return arrays;
}
