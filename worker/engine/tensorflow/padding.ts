/** Paddings of windows in TensorFlow's words. */
import type { Padding } from '../program.js';
import { attr } from './graph.js';
import type { Attrs } from './graphdef.js';

/** The value of `padding` that says that the widths are spelled out. */
export const EXPLICIT = attr.string('EXPLICIT');

/**
 * TensorFlow's attributes for a padding: `VALID` and `SAME` where they mean just that, as more kernels know them,
 * else `EXPLICIT`.
 *
 * @param input height and width of the unpadded plane; −1 where unknown
 */
export function paddingAttrs(
  padding: Padding,
  window: readonly [number, number],
  strides: readonly [number, number],
  input: readonly [number, number],
): Attrs {
  const { top, bottom, left, right } = padding;
  if (top + bottom + left + right === 0) return { padding: attr.string('VALID'), explicit_paddings: attr.ints([]) };
  const same =
    isSame(top, bottom, window[0], strides[0], input[0]) && isSame(left, right, window[1], strides[1], input[1]);
  if (same) return { padding: attr.string('SAME'), explicit_paddings: attr.ints([]) };
  return { padding: EXPLICIT, explicit_paddings: attr.ints([0, 0, top, bottom, left, right, 0, 0]) };
}

function isSame(before: number, after: number, window: number, stride: number, input: number): boolean {
  // With stride 1 `SAME` adds window − 1, whatever the size; otherwise the size decides.
  if (stride !== 1 && input < 0) return false;
  const total = stride === 1 ? window - 1 : Math.max((Math.ceil(input / stride) - 1) * stride + window - input, 0);
  return before + after === total && before === Math.floor(total / 2);
}
