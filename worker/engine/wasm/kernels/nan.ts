import type { Heap, HeapArray } from '../heap.js';

/** The bits of −∞ as a float32. */
const MINUS_INFINITY_BITS = 0xff800000;

/**
 * XNNPACK, inside tfjs, clamps results to [−∞, ∞]. In its pools and in convolutions from one channel to one, NaN comes
 * out of that as −∞, and a loss could then look finite although a weight is not. Here every −∞ becomes NaN again.
 * Returns `array`, changed in place.
 */
export function restoreNaN(heap: Heap, array: HeapArray): HeapArray {
  const floats = heap.floats(array);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = bits.indexOf(MINUS_INFINITY_BITS); i >= 0; i = bits.indexOf(MINUS_INFINITY_BITS, i + 1)) {
    floats[i] = Number.NaN;
  }
  return array;
}
