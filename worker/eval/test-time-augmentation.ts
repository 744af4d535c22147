/**
 * Test-time augmentation (reference section 3.8): a batch is predicted at three sizes, once mirrored, and the boxes of
 * all passes go to suppression together. Pictures are made and boxes are joined on the host.
 *
 * Shapes: B images, H and W their height and width, N boxes, K = 5 + classes.
 */

/** One way in which a batch is predicted. */
export interface AugmentedPass {
  /** Of the sides. */
  readonly scale: number;
  /** Left and right swapped. */
  readonly mirrored: boolean;
}

/** The reference's three passes; the first sees the pictures as they are. */
export const AUGMENTED_PASSES: readonly AugmentedPass[] = [
  { scale: 1, mirrored: false },
  { scale: 0.83, mirrored: true },
  { scale: 0.67, mirrored: false },
];

/** What fills up to the next multiple of the stride: the mean of ImageNet, on the scale 0–1. */
const PAD_VALUE = 0.447;

/** Pictures of a batch, [B,H,W,3], 0–1. */
export interface FloatImages {
  readonly data: Float32Array;
  readonly numImages: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The pictures that a pass predicts: mirrored, scaled bilinearly to whole pixels (fractions cut off), padded on the
 * right and at the bottom to a multiple of the stride.
 * @param stride the model's largest, pixels
 */
export function imagesOfPass(images: FloatImages, pass: AugmentedPass, stride: number): FloatImages {
  const { scale, mirrored } = pass;
  if (scale === 1 && !mirrored) return images;
  const { numImages, height, width, data } = images;
  const scaledHeight = Math.trunc(height * scale);
  const scaledWidth = Math.trunc(width * scale);
  const outHeight = scale === 1 ? height : Math.ceil((height * scale) / stride) * stride;
  const outWidth = scale === 1 ? width : Math.ceil((width * scale) / stride) * stride;
  const rows = sampling(height, scaledHeight, false);
  const columns = sampling(width, scaledWidth, mirrored);
  const out = new Float32Array(numImages * outHeight * outWidth * 3).fill(PAD_VALUE);
  for (let image = 0; image < numImages; image++) {
    for (let y = 0; y < scaledHeight; y++) {
      const upper = (image * height + rows.first[y]!) * width;
      const lower = (image * height + rows.second[y]!) * width;
      const down = rows.share[y]!;
      let to = (image * outHeight + y) * outWidth * 3;
      for (let x = 0; x < scaledWidth; x++) {
        const left = columns.first[x]!;
        const right = columns.second[x]!;
        const across = columns.share[x]!;
        for (let c = 0; c < 3; c++) {
          const top = data[(upper + left) * 3 + c]! * (1 - across) + data[(upper + right) * 3 + c]! * across;
          const bottom = data[(lower + left) * 3 + c]! * (1 - across) + data[(lower + right) * 3 + c]! * across;
          out[to++] = top * (1 - down) + bottom * down;
        }
      }
    }
  }
  return { data: out, numImages, height: outHeight, width: outWidth };
}

/** Per output position the two source positions and the second one's share; pixel centres lie at halves. */
function sampling(size: number, scaledSize: number, mirrored: boolean) {
  const first = new Int32Array(scaledSize);
  const second = new Int32Array(scaledSize);
  const share = new Float64Array(scaledSize);
  for (let i = 0; i < scaledSize; i++) {
    const position = Math.max(((i + 0.5) * size) / scaledSize - 0.5, 0);
    const index = Math.trunc(position);
    const next = Math.min(index + 1, size - 1);
    first[i] = mirrored ? size - 1 - index : index;
    second[i] = mirrored ? size - 1 - next : next;
    share[i] = position - index;
  }
  return { first, second, share };
}

/** Decoded predictions of one pass, [B,N,K], in its own pixels. */
export interface PassPredictions {
  readonly pass: AugmentedPass;
  readonly data: Float32Array;
}

/**
 * Joins the passes: boxes go back to the pixels of the pictures as they were; the first pass gives up its coarsest
 * level and the last one its finest, where they add least.
 * @param predictions in the order of {@link AUGMENTED_PASSES}
 * @param valuesPerBox K
 * @param width of the pictures as they were, pixels
 * @returns [B,N',K], by image and pass
 */
export function joinPasses(
  predictions: readonly PassPredictions[],
  shape: {
    readonly numImages: number;
    readonly valuesPerBox: number;
    readonly numLayers: number;
    readonly width: number;
  },
): Float32Array {
  const { numImages, valuesPerBox, numLayers, width } = shape;
  const rowSize = valuesPerBox;
  // Each level has a quarter of the boxes of the next finer one.
  const unitsPerImage = (4 ** numLayers - 1) / 3;
  const kept = predictions.map(({ data }, i) => {
    const numBoxes = data.length / numImages / rowSize;
    const unit = Math.trunc(numBoxes / unitsPerImage);
    const begin = i === predictions.length - 1 ? unit * 4 ** (numLayers - 1) : 0;
    return { numBoxes, begin, end: i === 0 ? numBoxes - unit : numBoxes };
  });
  const boxesPerImage = kept.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const joined = new Float32Array(numImages * boxesPerImage * rowSize);
  let to = 0;
  for (let image = 0; image < numImages; image++) {
    for (const [i, { data, pass }] of predictions.entries()) {
      const { numBoxes, begin, end } = kept[i]!;
      const from = (image * numBoxes + begin) * rowSize;
      const rows = joined.subarray(to, to + (end - begin) * rowSize);
      rows.set(data.subarray(from, from + rows.length));
      toOriginalPixels(rows, rowSize, pass, width);
      to += rows.length;
    }
  }
  return joined;
}

function toOriginalPixels(
  rows: Float32Array,
  rowSize: number,
  { scale, mirrored }: AugmentedPass,
  width: number,
): void {
  for (let at = 0; at < rows.length; at += rowSize) {
    if (scale !== 1) for (let k = 0; k < 4; k++) rows[at + k]! /= scale;
    if (mirrored) rows[at] = width - rows[at]!;
  }
}
