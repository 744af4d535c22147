/** The unit of work of a loader: make one sample and write it into its place in a batch. */
import { type SerializedError, serializeError } from '../../../proto/errors.js';
import type { Dataset } from '../dataset.js';
import { fillRectangle, type RgbImage } from '../images/image.js';
import { resizeBilinear } from '../images/resize.js';
import { makeSample, placementOf, type SampleKey, type SampleOptions } from '../sample.js';

/** The rectangle of a batch's pixels that a sample fills. */
export interface SampleTarget {
  /** The batch's pixels, [n, height, width, 3]; every task of a batch writes its own part of it. */
  readonly buffer: SharedArrayBuffer;
  /** Byte of the rectangle's upper left corner. */
  readonly offset: number;
  /** Bytes from one row of the network image to the next. */
  readonly rowBytes: number;
  /** Pixels; a sample of another size is resized. */
  readonly height: number;
  readonly width: number;
}

export interface SampleTask extends SampleKey {
  readonly target: SampleTarget;
}

export interface SampleResult {
  /** Rows (class, cx, cy, w, h), normalised to the batch's shape. */
  readonly labels: Float32Array;
  /** native → network, [height, width]. */
  readonly gain: readonly [h: number, w: number];
  /** [left, top] in pixels. */
  readonly pad: readonly [w: number, h: number];
  /** Why the image could not be read; its place is grey then and has no labels. */
  readonly problem?: SerializedError;
}

function writeRows(image: RgbImage, { buffer, offset, rowBytes, height, width }: SampleTarget): void {
  const pixels = new Uint8Array(buffer, offset);
  const length = width * 3;
  if (length === rowBytes) {
    pixels.set(image.data);
    return;
  }
  for (let y = 0; y < height; y++) pixels.set(image.data.subarray(y * length, (y + 1) * length), y * rowBytes);
}

/** Paints a target grey. */
export function fillTarget({ buffer, offset, rowBytes, height, width }: SampleTarget): void {
  fillRectangle(new Uint8Array(buffer, offset), rowBytes, height, width);
}

/** Runs a task. An unreadable image is a result with `problem`, not a failure. */
export async function runSampleTask(dataset: Dataset, task: SampleTask, options: SampleOptions): Promise<SampleResult> {
  const { gain, pad } = placementOf(dataset, task, options);
  try {
    const { target } = task;
    const labels = await makeSample(dataset, task, options, (image) => {
      writeRows(resizeBilinear(image, target.width, target.height), target);
    });
    return { labels, gain, pad };
  } catch (error) {
    fillTarget(task.target);
    return { labels: new Float32Array(0), gain, pad, problem: serializeError(error) };
  }
}
