/** Mirroring, in place: pixels and normalised labels apart, so that each can be tested alone. */
import type { RgbImage } from '../images/image.js';
import { pixelKernels } from '../images/pixel-kernels.js';

/** Turns the picture upside down. */
export function flipVerticallyInPlace(image: RgbImage): void {
  const rowBytes = image.width * 3;
  const spare = new Uint8Array(rowBytes);
  for (let top = 0, bottom = image.height - 1; top < bottom; top++, bottom--) {
    const upper = image.data.subarray(top * rowBytes, (top + 1) * rowBytes);
    const lower = image.data.subarray(bottom * rowBytes, (bottom + 1) * rowBytes);
    spare.set(upper);
    upper.set(lower);
    lower.set(spare);
  }
}

/** Swaps left and right. */
export function flipHorizontallyInPlace(image: RgbImage): void {
  const { data, width, height } = image;
  const { heap, kernels } = pixelKernels();
  heap.frame(() => {
    const spare = heap.allocate(width * 3);
    heap.lend(data, (address) => kernels.mirrorRows(address, width, height, spare));
  });
}

/**
 * Mirrors labels: the centre coordinate becomes one minus itself.
 * @param labels rows (class, cx, cy, w, h), normalised
 * @param column 1 for a horizontal flip, 2 for a vertical one
 */
export function flipLabelsInPlace(labels: Float32Array, column: 1 | 2): void {
  for (let i = column; i < labels.length; i += 5) labels[i] = 1 - labels[i]!;
}
