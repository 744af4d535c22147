/** How well anchors fit the labels of a data set. Sizes are rows (width, height) in pixels. Pure. */

/** The figures of a fit. */
export interface AnchorFit {
  /** Best possible recall: share of labels whose best anchor is within the threshold. */
  readonly bestPossibleRecall: number;
  /** Anchors within the threshold per label. */
  readonly anchorsAboveThreshold: number;
}

/**
 * How far a size is from an anchor: the smaller of the two side ratios, each turned to be at most 1. Rounded to float32
 * as the reference's are: labels of exactly a quarter of an anchor occur, and must not be told from the threshold.
 */
export function sizeRatio(width: number, height: number, anchorWidth: number, anchorHeight: number): number {
  const x = Math.min(width / anchorWidth, anchorWidth / width);
  const y = Math.min(height / anchorHeight, anchorHeight / height);
  return Math.fround(Math.min(x, y));
}

/**
 * The fit of anchors to label sizes.
 * @param sizes [n, 2] pixels
 * @param anchors [k, 2] pixels
 * @param threshold largest ratio of label to anchor that still matches (`anchor_t`)
 */
export function anchorFit(sizes: ArrayLike<number>, anchors: ArrayLike<number>, threshold: number): AnchorFit {
  const limit = 1 / threshold;
  let recalled = 0;
  let above = 0;
  for (let i = 0; i < sizes.length; i += 2) {
    let best = 0;
    for (let k = 0; k < anchors.length; k += 2) {
      const ratio = sizeRatio(sizes[i]!, sizes[i + 1]!, anchors[k]!, anchors[k + 1]!);
      if (ratio > best) best = ratio;
      if (ratio > limit) above++;
    }
    if (best > limit) recalled++;
  }
  const count = sizes.length / 2;
  return { bestPossibleRecall: recalled / count, anchorsAboveThreshold: above / count };
}

/** What the refinement maximises: the mean over labels of the best ratio, counted only where it is within the threshold. */
export function anchorFitness(sizes: ArrayLike<number>, anchors: ArrayLike<number>, threshold: number): number {
  const limit = 1 / threshold;
  let sum = 0;
  for (let i = 0; i < sizes.length; i += 2) {
    const width = sizes[i]!;
    const height = sizes[i + 1]!;
    let best = 0;
    for (let k = 0; k < anchors.length; k += 2) {
      const ratio = sizeRatio(width, height, anchors[k]!, anchors[k + 1]!);
      if (ratio > best) best = ratio;
    }
    if (best > limit) sum += best;
  }
  return sum / (sizes.length / 2);
}

/** Anchors by ascending area. @param anchors [k, 2] */
export function sortByArea(anchors: ArrayLike<number>): Float64Array {
  const rows = Array.from({ length: anchors.length / 2 }, (_, k): [number, number] => [
    anchors[2 * k]!,
    anchors[2 * k + 1]!,
  ]);
  return Float64Array.from(rows.sort((a, b) => a[0] * a[1] - b[0] * b[1]).flat());
}
