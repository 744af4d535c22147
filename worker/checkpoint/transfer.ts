/** Between the tensors of a file and the float32 state of a model. */
import { CheckpointError } from '../../proto/errors.js';
import { type Tensor, type TensorMap, toFloat32 } from './tensor.js';

/** The part of a model's state entry that matters here; shapes in PyTorch's order. */
export interface StateSlot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind?: string | undefined;
}

export interface Transfer {
  /** Values by name, float32 in PyTorch's layout, of the entries that match. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly numTransferred: number;
  /** Entries of the model's state. */
  readonly numTotal: number;
  /** What the model keeps of its own, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Returns what a file can give to a model: entries of equal name and shape, as float32.
 * @param options.excludeAnchors leave anchors alone, because the model brings its own. @defaultValue false
 */
export function transferWeights(
  source: TensorMap,
  slots: readonly StateSlot[],
  options: { excludeAnchors?: boolean } = {},
): Transfer {
  const values = new Map<string, Float32Array>();
  const skipped: { name: string; reason: string }[] = [];
  for (const { name, shape } of slots) {
    const tensor = source.get(name);
    if (options.excludeAnchors === true && name.includes('anchor')) skipped.push({ name, reason: 'anchors are kept' });
    else if (tensor === undefined) skipped.push({ name, reason: 'not in the file' });
    else if (!isSameShape(tensor.shape, shape)) skipped.push({ name, reason: `shape ${mismatch(tensor, shape)}` });
    else values.set(name, toFloat32(tensor));
  }
  return { values, numTransferred: values.size, numTotal: slots.length, skipped };
}

/**
 * Returns the values of every entry of a model, for resuming and validating, where nothing may be missing.
 * @throws CheckpointError `CHECKPOINT_SHAPE_MISMATCH` or `CHECKPOINT_MISSING_TENSOR`, naming the first such tensor
 */
export function requireWeights(
  source: TensorMap,
  slots: readonly StateSlot[],
  path: string,
): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  for (const { name, shape } of slots) {
    const tensor = source.get(name);
    if (tensor === undefined) {
      throw new CheckpointError('CHECKPOINT_MISSING_TENSOR', `${path} has no tensor ${name}`, {
        hint: 'The model configuration differs from that of the checkpoint; leave --cfg out to use its own.',
        details: { path, tensor: name },
      });
    }
    if (!isSameShape(tensor.shape, shape)) {
      throw new CheckpointError(
        'CHECKPOINT_SHAPE_MISMATCH',
        `${path}: tensor ${name} has shape ${mismatch(tensor, shape)}`,
        {
          hint: 'The model or the number of classes differs from that of the checkpoint.',
          details: { path, tensor: name, shape: tensor.shape, expected: shape },
        },
      );
    }
    values.set(name, toFloat32(tensor));
  }
  return values;
}

/**
 * Returns the tensors of a checkpoint for a model's float32 state (PyTorch's layout): counters as I64 scalars, as
 * PyTorch keeps them, all else as F32 without a copy.
 */
export function toStateTensors(
  state: ReadonlyMap<string, Float32Array>,
  slots: readonly StateSlot[],
): Map<string, Tensor> {
  return new Map(
    slots.map(({ name, shape, kind }) => {
      const data = state.get(name);
      if (data === undefined) {
        throw new CheckpointError('CHECKPOINT_MISSING_TENSOR', `the model's state lacks ${name}`, {
          hint: 'This is a defect in the caller: every entry of the state list needs values.',
          details: { tensor: name },
        });
      }
      const isCounter = kind === 'bnCounter' || name.endsWith('.num_batches_tracked');
      const tensor: Tensor = isCounter
        ? { dtype: 'I64', shape, data: BigInt64Array.from(data, (value) => BigInt(Math.round(value))) }
        : { dtype: 'F32', shape, data };
      return [name, tensor];
    }),
  );
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function mismatch(tensor: Tensor, shape: readonly number[]): string {
  return `[${tensor.shape.join(', ')}], the model needs [${shape.join(', ')}]`;
}
