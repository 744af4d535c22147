/** Who trains on which image when: every image exactly once per epoch, whatever the number of workers. Pure. */
import { ConfigError } from '../../../proto/errors.js';
import { randomStream } from '../../../proto/random.js';

export interface TrainPlan {
  readonly stepsPerEpoch: number;
  /** The images of a virtual rank's microbatch in a step; may be empty in the last step. */
  microbatch(step: number, virtualRank: number): Int32Array;
  /** Shape of a microbatch's samples in pixels. @defaultValue squares of the image size */
  shape?(step: number, virtualRank: number): { readonly height: number; readonly width: number };
  /** Per image of a microbatch how often it came before in this epoch. @defaultValue every image comes once */
  turns?(step: number, virtualRank: number): Int32Array;
  /** What further images of mosaics are drawn from. @defaultValue every image once */
  readonly pool?: Int32Array;
}

/**
 * The plan of one epoch. The images are shuffled by (seed, epoch) and cut into steps of `batchSize`; a step is cut into
 * `virtualRanks` contiguous microbatches of equal size. A short last step is spread as evenly as it goes, larger
 * shares first, so that no virtual rank idles while another has two images more.
 * @throws ConfigError `CONFIG_BATCH_SIZE` unless the batch divides by the virtual ranks
 */
export function trainPlan(
  numImages: number,
  batchSize: number,
  virtualRanks: number,
  seed: number,
  epoch: number,
): TrainPlan {
  if (!(batchSize > 0 && virtualRanks > 0 && batchSize % virtualRanks === 0)) {
    throw new ConfigError(
      'CONFIG_BATCH_SIZE',
      `a batch of ${batchSize} images cannot be shared by ${virtualRanks} virtual ranks`,
      { hint: `choose a batch size that is a multiple of ${virtualRanks}`, details: { batchSize, virtualRanks } },
    );
  }
  return cutIntoSteps(randomStream(seed, 'train order', epoch).permutation(numImages), batchSize, virtualRanks);
}

/**
 * The plan of an epoch of weighted draws: images may come several times or not at all.
 * @param drawn the images in their order, in shared memory
 */
export function weightedTrainPlan(drawn: Int32Array, batchSize: number, virtualRanks: number): TrainPlan {
  const seen = new Map<number, number>();
  const turns = drawn.map((index) => {
    const turn = seen.get(index) ?? 0;
    seen.set(index, turn + 1);
    return turn;
  });
  const plan = cutIntoSteps(drawn, batchSize, virtualRanks);
  const turnPlan = cutIntoSteps(turns, batchSize, virtualRanks);
  return { ...plan, turns: (step, virtualRank) => turnPlan.microbatch(step, virtualRank), pool: drawn };
}

function cutIntoSteps(order: Int32Array, batchSize: number, virtualRanks: number): TrainPlan {
  const numImages = order.length;
  return {
    stepsPerEpoch: Math.ceil(numImages / batchSize),
    microbatch(step, virtualRank) {
      const start = step * batchSize;
      const count = Math.max(Math.min(batchSize, numImages - start), 0);
      const share = Math.floor(count / virtualRanks);
      const larger = count % virtualRanks;
      const from = start + virtualRank * share + Math.min(virtualRank, larger);
      return order.slice(from, from + share + (virtualRank < larger ? 1 : 0));
    },
  };
}
