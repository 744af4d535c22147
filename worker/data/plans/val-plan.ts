/** Rectangular batches for validation: pictures of like shape together, each batch only as large as they need. Pure. */

export interface ValBatch {
  /** Which images of the data set, in order. */
  readonly indices: Int32Array;
  /** Shape of the batch in pixels, multiples of the stride. */
  readonly height: number;
  readonly width: number;
}

export interface ValPlanOptions {
  /** Pixels. @defaultValue 32 */
  readonly stride?: number;
  /** Room around the picture in strides before rounding up. @defaultValue 0.5 */
  readonly pad?: number;
}

/**
 * All images once, sorted by height over width, in batches of `batchSize` (the last may be smaller). Batches are dealt
 * out whole: rank r of n runs the batches k with k mod n = r, so no rank ever has to stack pictures of two shapes.
 * @param sizes native width and height of each image, EXIF rotation applied
 * @param imgsz the long side of a picture in pixels
 */
export function valPlan(
  sizes: readonly (readonly [width: number, height: number])[],
  batchSize: number,
  imgsz: number,
  options: ValPlanOptions = {},
): ValBatch[] {
  const { stride = 32, pad = 0.5 } = options;
  const aspects = Float64Array.from(sizes, ([width, height]) => height / width);
  // Ties in image order, so that the plan is the same on every platform.
  const order = Int32Array.from(sizes, (_, i) => i).sort((a, b) => aspects[a]! - aspects[b]! || a - b);
  const batches: ValBatch[] = [];
  for (let start = 0; start < order.length; start += batchSize) {
    const indices = order.slice(start, start + batchSize);
    const flattest = aspects[indices[0]!]!;
    const tallest = aspects[indices.at(-1)!]!;
    let [relativeHeight, relativeWidth] = [1, 1];
    if (tallest < 1) relativeHeight = tallest;
    else if (flattest > 1) relativeWidth = 1 / flattest;
    batches.push({
      indices,
      height: Math.ceil((relativeHeight * imgsz) / stride + pad) * stride,
      width: Math.ceil((relativeWidth * imgsz) / stride + pad) * stride,
    });
  }
  return batches;
}
