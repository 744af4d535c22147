/**
 * What validation gathers per image and what it makes of it. Each rank fills one accumulator with its images; the
 * first rank merges them. Images are put in order of their index before anything is summed, so the result does not
 * depend on how they were split.
 */
import { ProtocolError } from '../../proto/errors.js';
import { type ApResult, averagePrecisionPerClass, type ClassAp } from './average-precision.js';
import { labelsToNative, type NativeMapping, scaleToNative } from './boxes.js';
import { ConfusionMatrix } from './confusion-matrix.js';
import { matchDetections } from './match.js';
import { DETECTION_COLUMNS, type Detections } from './nms.js';
import { decodeValStats, encodeValStats, type ImageStats } from './val-stats-codec.js';

/** One validated image: a batch item with its detections and labels. */
export interface ValImage extends NativeMapping {
  /** Number of the image in the data set. */
  readonly index: number;
  /** In pixels of the network image. */
  readonly detections: Detections;
  /** Rows (class, cx, cy, w, h), normalised to the network image. */
  readonly labels: Float32Array;
  /** Size of the network image in pixels. */
  readonly height: number;
  readonly width: number;
}

/** Box, objectness and class loss. */
export type LossItems = readonly [box: number, obj: number, cls: number];

export interface ValStatsOptions {
  readonly nc: number;
  /** Every class counts as class 0, and there is only that one. @defaultValue false */
  readonly singleCls?: boolean;
  /** Also count a confusion matrix. @defaultValue false */
  readonly confusion?: boolean;
}

/** Figures of one class with labels. */
export interface ValClassResult extends ClassAp {
  /** Images in which the class is labelled. */
  readonly numImages: number;
  /** AP at IoU .5. */
  readonly ap50: number;
  /** Mean AP over IoU .5 … .95. */
  readonly map: number;
}

/** The outcome of a validation. Means go over the classes that have labels; everything is 0 where there is nothing. */
export interface ValResult {
  readonly precision: number;
  readonly recall: number;
  readonly map50: number;
  /** Mean over IoU .50 … .95. */
  readonly map: number;
  readonly ap65: number;
  readonly ap75: number;
  readonly ap80: number;
  readonly ap90: number;
  /** mAP at each of the ten IoU thresholds. */
  readonly apPerIou: readonly number[];
  readonly perClass: readonly ValClassResult[];
  /** mAP of every class 0 … nc−1; the overall mean where a class has no labels. */
  readonly maps: Float64Array;
  readonly bestConfidence: number;
  readonly numImages: number;
  readonly numLabels: number;
  readonly numDetections: number;
  /** Sums over batches by their number; undefined when no loss was added. */
  readonly loss: LossItems | undefined;
  readonly confusion: ConfusionMatrix | undefined;
}

/** Gathers the images of one rank, or of all after {@link ValStats.merge}. */
export class ValStats {
  readonly nc: number;
  readonly #singleCls: boolean;
  readonly #images = new Map<number, ImageStats>();
  readonly #batchLosses = new Map<number, LossItems>();
  readonly #confusion: ConfusionMatrix | undefined;

  constructor(options: ValStatsOptions) {
    this.#singleCls = options.singleCls ?? false;
    this.nc = this.#singleCls ? 1 : options.nc;
    this.#confusion = options.confusion === true ? new ConfusionMatrix({ nc: this.nc }) : undefined;
  }

  /**
   * Counts one image: boxes and labels go to native pixels, are clipped there and matched.
   * @returns the detections in native pixels, for files of predictions
   * @throws ProtocolError `PROTOCOL_DUPLICATE_IMAGE` when the index was counted before
   */
  addImage(image: ValImage): Detections {
    const rows = image.detections.rows.slice();
    scaleToNative(rows, image.detections.numDetections, DETECTION_COLUMNS, 0, image);
    const labels = labelsToNative(image.labels, image.width, image.height, image);
    if (this.#singleCls) {
      for (let i = 5; i < rows.length; i += DETECTION_COLUMNS) rows[i] = 0;
      for (let i = 0; i < labels.length; i += 5) labels[i] = 0;
    }
    const detections: Detections = { numDetections: image.detections.numDetections, rows };
    this.#confusion?.addImage(detections, labels);
    this.#add(image.index, {
      hits: matchDetections(detections, labels),
      scores: column(rows, DETECTION_COLUMNS, 4, Float32Array),
      classes: column(rows, DETECTION_COLUMNS, 5, Uint16Array),
      labelClasses: column(labels, 5, 0, Uint16Array),
    });
    return detections;
  }

  /** Adds the loss of one batch; `batchIndex` is its number in the whole validation, on any rank. */
  addBatchLoss(batchIndex: number, items: LossItems): void {
    this.#batchLosses.set(batchIndex, [items[0], items[1], items[2]]);
  }

  /** Returns everything gathered so far in a compact, versioned form. */
  serialize(): Uint8Array {
    return encodeValStats({
      nc: this.nc,
      images: this.#images,
      batchLosses: this.#batchLosses,
      confusion: this.#confusion?.counts,
    });
  }

  /**
   * Returns one accumulator with the images of all parts, whatever their order.
   * @throws ProtocolError `PROTOCOL_VAL_STATS` for bytes that are not statistics of this version and class count,
   *   `PROTOCOL_DUPLICATE_IMAGE` when two parts counted one image
   */
  static merge(parts: readonly Uint8Array[], options: ValStatsOptions): ValStats {
    const merged = new ValStats(options);
    for (const part of parts) {
      const decoded = decodeValStats(part);
      if (decoded.nc !== merged.nc) {
        throw new ProtocolError('PROTOCOL_VAL_STATS', `statistics of ${decoded.nc} classes, expected ${merged.nc}`, {
          hint: 'All ranks must validate with one model.',
        });
      }
      for (const [index, image] of decoded.images) merged.#add(index, image);
      for (const [batch, items] of decoded.batchLosses) merged.addBatchLoss(batch, items);
      if (decoded.confusion !== undefined) merged.#confusion?.addCounts(decoded.confusion);
    }
    return merged;
  }

  /** Returns the figures over all images gathered; an empty validation gives zeros (Q52). */
  finish(): ValResult {
    const images = [...this.#images].sort(([a], [b]) => a - b).map(([, image]) => image);
    const labelClasses = concat(images, (image) => image.labelClasses, Uint16Array);
    const scores = concat(images, (image) => image.scores, Float32Array);
    const ap = averagePrecisionPerClass({
      hits: concat(images, (image) => image.hits, Uint16Array),
      scores,
      classes: concat(images, (image) => image.classes, Uint16Array),
      labelClasses,
    });
    const perClass = perClassResults(ap, images);
    const apPerIou = Array.from({ length: 10 }, (_, t) => mean(perClass, (c) => c.ap[t]!));
    const map = mean(perClass, (c) => c.map);
    const maps = new Float64Array(this.nc).fill(map);
    for (const c of perClass) maps[c.classId] = c.map;
    return {
      precision: mean(perClass, (c) => c.precision),
      recall: mean(perClass, (c) => c.recall),
      map50: apPerIou[0]!,
      map,
      ap65: apPerIou[3]!,
      ap75: apPerIou[5]!,
      ap80: apPerIou[6]!,
      ap90: apPerIou[8]!,
      apPerIou,
      perClass,
      maps,
      bestConfidence: ap.bestConfidence,
      numImages: images.length,
      numLabels: labelClasses.length,
      numDetections: scores.length,
      loss: this.#meanLoss(),
      confusion: this.#confusion,
    };
  }

  #add(index: number, image: ImageStats): void {
    if (this.#images.has(index)) {
      throw new ProtocolError('PROTOCOL_DUPLICATE_IMAGE', `image ${index} was validated twice`, {
        hint: 'Each image belongs to exactly one rank; this is a defect in the validation plan.',
        details: { image: index },
      });
    }
    this.#images.set(index, image);
  }

  #meanLoss(): LossItems | undefined {
    if (this.#batchLosses.size === 0) return undefined;
    const sums: [number, number, number] = [0, 0, 0];
    for (const [, items] of [...this.#batchLosses].sort(([a], [b]) => a - b)) {
      for (let i = 0; i < 3; i++) sums[i] = sums[i]! + items[i]!;
    }
    const n = this.#batchLosses.size;
    return [sums[0] / n, sums[1] / n, sums[2] / n];
  }
}

function perClassResults(ap: ApResult, images: readonly ImageStats[]): ValClassResult[] {
  const numImages = new Map<number, number>();
  for (const image of images) {
    for (const c of new Set(image.labelClasses)) numImages.set(c, (numImages.get(c) ?? 0) + 1);
  }
  return ap.classes.map((c) => ({
    ...c,
    numImages: numImages.get(c.classId) ?? 0,
    ap50: c.ap[0]!,
    map: mean([...c.ap], (value) => value),
  }));
}

function mean<T>(items: readonly T[], value: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += value(item);
  return items.length === 0 ? 0 : sum / items.length;
}

type ColumnArray = Float32Array | Uint16Array;

function column<T extends ColumnArray>(
  rows: Float32Array,
  stride: number,
  offset: number,
  Type: new (n: number) => T,
): T {
  const values = new Type(rows.length / stride);
  for (let i = 0; i < values.length; i++) values[i] = rows[i * stride + offset]!;
  return values;
}

function concat<T extends ColumnArray>(
  images: readonly ImageStats[],
  part: (image: ImageStats) => T,
  Type: new (n: number) => T,
): T {
  const whole = new Type(images.reduce((sum, image) => sum + part(image).length, 0));
  let at = 0;
  for (const image of images) {
    whole.set(part(image), at);
    at += part(image).length;
  }
  return whole;
}
