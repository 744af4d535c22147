/**
 * The two memory layouts of a state entry: PyTorch's (convolutions O, I, kH, kW), which checkpoints use, and the
 * engine's (kH, kW, I, O). All other entries are the same in both.
 */
import type { StateEntry } from './state.js';

/** A copy of one entry's elements in the engine's layout, from PyTorch's. */
export function toEngineLayout(entry: StateEntry, data: Float32Array): Float32Array {
  return reorder(entry, data, new Float32Array(data.length), true);
}

/** A copy of one entry's elements in PyTorch's layout, from the engine's. */
export function fromEngineLayout(entry: StateEntry, data: Float32Array): Float32Array {
  return reorder(entry, data, new Float32Array(data.length), false);
}

function reorder(entry: StateEntry, from: Float32Array, to: Float32Array, toEngine: boolean): Float32Array {
  if (entry.kind !== 'convWeight') {
    to.set(from);
    return to;
  }
  const [outputs, inputs, kh, kw] = entry.shape as [number, number, number, number];
  const cells = kh * kw;
  // Runs along the engine's rows, whose last axis is the outputs.
  for (let cell = 0; cell < cells; cell++) {
    for (let i = 0; i < inputs; i++) {
      let engineAt = (cell * inputs + i) * outputs;
      let torchAt = i * cells + cell;
      for (let o = 0; o < outputs; o++, engineAt++, torchAt += inputs * cells) {
        if (toEngine) to[engineAt] = from[torchAt]!;
        else to[torchAt] = from[engineAt]!;
      }
    }
  }
  return to;
}
