/**
 * The model's floating-point state on the host as one flat float32 array in the engine's layout: first the trainable
 * tensors in backward order, then the batch-norm statistics, then what never changes. One pass over such an array is an
 * optimizer step or an EMA update. Tensors begin at cache lines, so that an engine can work on them in place; between them are zeros.
 */

import { ModelError } from '../proto/errors.js';
import { fromEngineLayout, writeEngineLayout } from './model/layout.js';
import type { Model, StateEntry } from './model/model.js';
import type { Segment } from './reduced-vector.js';
import { SIMD_ALIGNMENT } from './simd/heap.js';

/** Where each state entry lies. */
export interface FlatStateLayout {
  readonly segments: ReadonlyMap<string, Segment & { readonly entry: StateEntry }>;
  /** Elements of all segments, and of the gaps between them. */
  readonly length: number;
}

/** Elements in a cache line. */
const ALIGNMENT = SIMD_ALIGNMENT / Float32Array.BYTES_PER_ELEMENT;

/**
 * Lays out the state.
 * @param trainable names in backward order
 */
export function layoutFlatState(
  model: Model,
  trainable: readonly string[],
  statistics: readonly string[],
): FlatStateLayout {
  const entries = new Map(
    model.state.filter((entry) => entry.kind !== 'bnCounter').map((entry) => [entry.name, entry]),
  );
  const first = [...trainable, ...statistics];
  const rest = [...entries.keys()].filter((name) => !first.includes(name));
  const segments = new Map<string, Segment & { readonly entry: StateEntry }>();
  let offset = 0;
  for (const name of [...first, ...rest]) {
    const entry = entries.get(name);
    if (entry === undefined) {
      throw new ModelError('MODEL_UNKNOWN_TENSOR', `${name} is not part of the model's state`);
    }
    const length = entry.shape.reduce((product, size) => product * size, 1);
    segments.set(name, { name, offset, length, entry });
    offset = Math.ceil((offset + length) / ALIGNMENT) * ALIGNMENT;
  }
  return { segments, length: offset };
}

/** Returns the part of `flat` that holds the named tensor, as a view. */
export function view(layout: FlatStateLayout, flat: Float32Array, name: string): Float32Array {
  const segment = layout.segments.get(name);
  if (segment === undefined) throw new ModelError('MODEL_UNKNOWN_TENSOR', `${name} is not part of the model's state`);
  return flat.subarray(segment.offset, segment.offset + segment.length);
}

/** Copies tensors in PyTorch's layout into the flat array; names that the map lacks keep their values. */
export function importState(
  layout: FlatStateLayout,
  flat: Float32Array,
  state: ReadonlyMap<string, Float32Array>,
): void {
  for (const { name, entry } of layout.segments.values()) {
    const data = state.get(name);
    if (data !== undefined) writeEngineLayout(entry, data, view(layout, flat, name));
  }
}

/**
 * Returns the state in PyTorch's layout, by name in the model's order.
 * @param batchesTracked the value of every `num_batches_tracked`
 */
export function exportState(
  model: Model,
  layout: FlatStateLayout,
  flat: Float32Array,
  batchesTracked: number,
): Map<string, Float32Array> {
  return new Map(
    model.state.map((entry) => [
      entry.name,
      entry.kind === 'bnCounter'
        ? Float32Array.of(batchesTracked)
        : fromEngineLayout(entry, view(layout, flat, entry.name)),
    ]),
  );
}
