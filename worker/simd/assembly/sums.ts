// Sums of flat float32 vectors. Pointers are byte offsets on the heap, multiples of 4; counts are elements.
export { addBoth, addInto } from './parts/vectors';

/** target[i] ← source[i]; they do not overlap. */
export function copy(target: usize, source: usize, count: i32): void {
  memory.copy(target, source, (<usize>count) << 2);
}
