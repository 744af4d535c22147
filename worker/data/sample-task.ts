/** The unit of work of a loader: make one sample and write it into its place in a batch. */
import { type SerializedError, serializeError } from '../../proto/errors.js';
import type { Dataset } from './dataset.js';
import { PAD_GREY } from './image.js';
import { loadSample, placementOf, type SampleKey, type SampleOptions } from './sample.js';

export interface SampleTask extends SampleKey {
  /** The batch's pixels, [n, height, width, 3]; every task of a batch writes its own part of it. */
  readonly buffer: SharedArrayBuffer;
  /** Which image of the batch this is. */
  readonly position: number;
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

/** Runs a task. An unreadable image is a result with `problem`, not a failure. */
export async function runSampleTask(dataset: Dataset, task: SampleTask, options: SampleOptions): Promise<SampleResult> {
  const { gain, pad } = placementOf(dataset, task, options);
  const length = task.height * task.width * 3;
  const pixels = new Uint8Array(task.buffer, task.position * length, length);
  try {
    const { image, labels } = await loadSample(dataset, task, options);
    pixels.set(image.data);
    return { labels, gain, pad };
  } catch (error) {
    pixels.fill(PAD_GREY);
    return { labels: new Float32Array(0), gain, pad, problem: serializeError(error) };
  }
}
