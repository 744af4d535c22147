/** Rectangular training: pictures of like shape share a microbatch, and whole groups are dealt to the virtual ranks. Pure. */
import type { TrainPlan } from './train-plan.js';
import { type ValBatch, valPlan } from './val-plan.js';

/**
 * The plan of every epoch (there is no shuffling, as in the reference). Group k, of `batchSize / virtualRanks` images,
 * belongs to virtual rank k mod `virtualRanks` of step ⌊k / virtualRanks⌋, so no microbatch mixes shapes.
 * @param sizes native width and height of each image
 * @param imgsz the long side of a picture in pixels
 */
export function rectTrainPlan(
  sizes: readonly (readonly [width: number, height: number])[],
  batchSize: number,
  virtualRanks: number,
  imgsz: number,
): TrainPlan {
  const groups = valPlan(sizes, batchSize / virtualRanks, imgsz, { pad: 0 });
  const groupOf = (step: number, virtualRank: number): ValBatch | undefined =>
    groups[step * virtualRanks + virtualRank];
  return {
    stepsPerEpoch: Math.ceil(groups.length / virtualRanks),
    microbatch: (step, virtualRank) => groupOf(step, virtualRank)?.indices ?? new Int32Array(0),
    shape: (step, virtualRank) => {
      const { height = imgsz, width = imgsz } = groupOf(step, virtualRank) ?? {};
      return { height, width };
    },
  };
}
