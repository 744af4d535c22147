/** Opens the all-reduce of a training run as its configuration says: by which algorithm, and how compressed. */
import type { LowRankOptions } from './collective/compression/low-rank.js';
import { LowRankAllReduce } from './collective/compression/low-rank.js';
import type { VectorLayout } from './collective/plan.js';
import type { SummedVector } from './collective/summed-vector.js';
import type { Model } from './model/model.js';
import type { ReducedVectorLayout } from './reduced-vector.js';
import type { RunContext } from './run-context.js';
import type { SimdHeap } from './simd/heap.js';

/**
 * Returns the sum that a step's virtual ranks add to. With one worker there is nobody to send to, and nothing is compressed.
 * @param stepsBefore iterations of the run that this one continues
 * @param heap where the sum shall lie if there is room @defaultValue a heap of its own
 * @throws as `Comms.openAllReduce`
 */
export function openGradientSum(
  context: Pick<RunContext, 'config' | 'comms' | 'log' | 'rank' | 'worldSize'>,
  model: Model,
  layout: ReducedVectorLayout,
  stepsBefore: number,
  heap?: SimdHeap,
): SummedVector {
  const { comms, config, log, rank, worldSize } = context;
  const { collective, compression, seed, virtualRanks } = config;
  const { length } = layout;
  const vector: VectorLayout = {
    length,
    buckets: layout.buckets.map((bucket) => ({ offset: bucket.offset, length: bucket.length })),
    virtualRanks,
  };
  const method = worldSize === 1 ? 'none' : compression.method;
  const open = (of: VectorLayout, encoded?: 'bf16' | 'fp16' | 'int8' | 'topk') => {
    const sum = comms.openAllReduce(of, {
      collective,
      heap,
      ...(encoded && { compression: { config: { ...compression, method: encoded }, seed, stepsBefore } }),
    });
    if (rank === 0 && worldSize > 1) {
      log.info({ collective: sum.collective.name, reason: sum.collective.reason, compression: method }, 'all-reduce');
    }
    return sum;
  };
  switch (method) {
    case 'none':
      return open(vector);
    case 'powersgd':
      return new LowRankAllReduce({
        layout: vector,
        tensors: matricesOf(model, layout),
        rank: compression.powerSgdRank,
        seed,
        open: (inner) => open(inner),
      });
    case 'bf16':
    case 'fp16':
    case 'int8':
    case 'topk': {
      const last = layout.gradients.at(-1);
      return open({ ...vector, exactFrom: last === undefined ? 0 : last.offset + last.length }, method);
    }
  }
}

/** Gradients as matrices: filters H, W, I, O have a column per output channel. */
function matricesOf(model: Model, layout: ReducedVectorLayout): LowRankOptions['tensors'] {
  const shapes = new Map(model.state.map(({ name, engineShape }) => [name, engineShape]));
  return layout.gradients.map(({ length, name, offset }) => ({
    offset,
    length,
    columns: shapes.get(name)?.at(-1) ?? length,
  }));
}
