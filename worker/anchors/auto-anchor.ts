/**
 * AutoAnchor: are the model's anchors good enough for the data set's labels, and if not, which are better? A pure
 * function of labels and seed, so every rank comes to the same anchors without a message.
 */
import { randomStream } from '../../proto/random.js';
import type { Dataset } from '../data/dataset.js';
import { type AnchorFit, anchorFit, sortByArea } from './fit.js';
import { kMeansAnchors, MIN_SIDE_PX, refineAnchors } from './k-means.js';

/** Anchors that can recall more than this share of the labels are kept. */
const GOOD_RECALL = 0.98;
/** Labels are checked at sizes up to a tenth smaller and larger, as augmentation makes them. */
const [SMALLEST_SCALE, LARGEST_SCALE] = [0.9, 1.1];
/** Labels below this are counted for a warning, pixels. */
const TINY_PX = 3;
/** Clustering looks at so many labels at most; more do not move the centres and would take minutes. */
const MAX_CLUSTERED = 10_000;

export interface AutoAnchorOptions {
  /** Long side of the training images, pixels. */
  readonly imgsz: number;
  /** Largest ratio of label to anchor that still matches. */
  readonly threshold: number;
  readonly seed: number;
  /** The anchors are placeholders: anything found replaces them. @defaultValue false */
  readonly placeholders?: boolean;
  /** Mutations tried. @defaultValue 1000 */
  readonly generations?: number;
}

export interface AutoAnchorResult {
  /** [k, 2] pixels by ascending area where better anchors were found; undefined: keep the old ones. */
  readonly anchors: Float64Array | undefined;
  readonly before: AnchorFit;
  readonly after: AnchorFit | undefined;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Label sizes in pixels of images whose long side is `imgsz`, [n, 2].
 * @param scale of each image, by its number
 */
export function labelSizes(dataset: Dataset, imgsz: number, scale: (index: number) => number = () => 1): Float32Array {
  const sizes: number[] = [];
  for (let index = 0; index < dataset.numImages; index++) {
    const [width, height] = dataset.size(index);
    const factor = (imgsz / Math.max(width, height)) * scale(index);
    const labels = dataset.labels(index);
    for (let i = 0; i < labels.length; i += 5) {
      sizes.push(labels[i + 3]! * width * factor, labels[i + 4]! * height * factor);
    }
  }
  return Float32Array.from(sizes);
}

/** Sizes with a side of at least {@link MIN_SIDE_PX}; of too many a random choice. */
function clusteredSizes(sizes: Float32Array, seed: number): { kept: Float64Array; numTiny: number } {
  const rows: number[] = [];
  let numTiny = 0;
  for (let i = 0; i < sizes.length; i += 2) {
    if (sizes[i]! < TINY_PX || sizes[i + 1]! < TINY_PX) numTiny++;
    if (sizes[i]! >= MIN_SIDE_PX || sizes[i + 1]! >= MIN_SIDE_PX) rows.push(i);
  }
  const order = randomStream(seed, 'anchor labels').permutation(rows.length);
  const chosen = rows.length <= MAX_CLUSTERED ? rows : Array.from(order.subarray(0, MAX_CLUSTERED), (k) => rows[k]!);
  return { kept: Float64Array.from(chosen.flatMap((i) => [sizes[i]!, sizes[i + 1]!])), numTiny };
}

function describe({ bestPossibleRecall, anchorsAboveThreshold }: AnchorFit): string {
  return `best possible recall ${bestPossibleRecall.toFixed(4)}, ${anchorsAboveThreshold.toFixed(2)} anchors per label`;
}

/**
 * Checks anchors against the labels and, where they fit badly, looks for better ones. A search that fails or finds
 * nothing better leaves the old anchors.
 * @param anchors [k, 2] pixels
 */
export function autoAnchor(dataset: Dataset, anchors: ArrayLike<number>, options: AutoAnchorOptions): AutoAnchorResult {
  const { imgsz, threshold, seed, placeholders = false, generations = 1000 } = options;
  const scaled = labelSizes(dataset, imgsz, (index) =>
    randomStream(seed, 'anchor scale', index).uniform(SMALLEST_SCALE, LARGEST_SCALE),
  );
  const before = anchorFit(scaled, anchors, threshold);
  const keep = (...notes: string[]): AutoAnchorResult => ({ anchors: undefined, before, after: undefined, notes });
  if (scaled.length === 0) return keep('anchors: no labels to check them against');
  const verdict = `anchors: ${describe(before)}`;
  if (!placeholders && before.bestPossibleRecall > GOOD_RECALL) return keep(`${verdict}: kept`);

  const { kept, numTiny } = clusteredSizes(labelSizes(dataset, imgsz), seed);
  const tiny = numTiny > 0 ? [`${numTiny} of ${scaled.length / 2} labels are smaller than ${TINY_PX} px`] : [];
  const random = randomStream(seed, 'anchors');
  const k = anchors.length / 2;
  const centers = kMeansAnchors(kept, k, random);
  if (centers === undefined) {
    return keep(...tiny, `${verdict}: ${kept.length / 2} labels do not give ${k} clusters; the old anchors are kept`);
  }
  const found = sortByArea(refineAnchors(kept, centers, threshold, random, generations));
  const after = anchorFit(scaled, found, threshold);
  if (!placeholders && after.bestPossibleRecall <= before.bestPossibleRecall) {
    return keep(...tiny, `${verdict}: no better ones were found, the old ones are kept`);
  }
  const list = Array.from({ length: k }, (_, i) => `${found[2 * i]!.toFixed(0)},${found[2 * i + 1]!.toFixed(0)}`);
  return {
    anchors: found,
    before,
    after,
    notes: [...tiny, `${verdict}: replaced by ${list.join(' ')} (${describe(after)})`],
  };
}
