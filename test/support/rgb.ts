/** Pictures of the fixtures (BGR, HWC) as the RGB pictures of worker/data, and the distance between pictures. */
import type { RgbImage } from '../../worker/data/images/image.js';
import { type TensorEntry, tensorU8 } from './fixtures.js';

/** A BGR entry [h, w, 3] as an RGB picture. */
export function rgbImage(entry: TensorEntry): RgbImage {
  const { shape, data } = tensorU8(entry);
  for (let i = 0; i < data.length; i += 3) {
    const blue = data[i]!;
    data[i] = data[i + 2]!;
    data[i + 2] = blue;
  }
  return { data, height: shape[0]!, width: shape[1]! };
}

/** An entry of RGB planes [3, h, w] as an RGB picture. */
export function rgbImageFromPlanes(entry: TensorEntry): RgbImage {
  const { shape, data } = tensorU8(entry);
  const [, height = 0, width = 0] = shape;
  const plane = height * width;
  const interleaved = Uint8Array.from(data, (_, i) => data[(i % 3) * plane + Math.floor(i / 3)]!);
  return { data: interleaved, height, width };
}

/** Largest and mean absolute difference in levels. */
export function imageDifference(a: RgbImage, b: RgbImage): { max: number; mean: number } {
  let max = 0;
  let sum = 0;
  for (let i = 0; i < b.data.length; i++) {
    const difference = Math.abs(a.data[i]! - b.data[i]!);
    max = Math.max(max, difference);
    sum += difference;
  }
  return { max, mean: sum / b.data.length };
}

/** Largest absolute difference of two number lists. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let max = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < b.length; i++) max = Math.max(max, Math.abs(a[i]! - b[i]!));
  return max;
}

/** A stand-in for the random stream that hands out recorded draws in order. */
export class RecordedDraws {
  readonly #values: readonly number[];
  #next = 0;

  constructor(draws: readonly { readonly value: number | readonly number[] }[]) {
    this.#values = draws.flatMap((draw) => draw.value);
  }

  uniform(): number {
    return this.#values[this.#next++]!;
  }

  get numUsed(): number {
    return this.#next;
  }
}
