import { describe, expect, it } from 'vitest';
import { LowRankAllReduce } from '../../../../worker/collective/compression/low-rank.js';
import { type CodecSettings, SEGMENT_METHODS } from '../../../support/codecs.js';
import { ExchangeWorld } from '../../../support/exchange-world.js';
import { openSums } from '../../../support/memory-sums.js';
import { seededRandom } from '../../../support/random.js';

// Logistic regression of eight classes on 24 features: one weight matrix, two ranks with samples of their own.
const FEATURES = 24;
const CLASSES = 8;
const WEIGHTS = FEATURES * CLASSES;
const SAMPLES = 64;
const STEPS = 150;
const RATE = 0.5;
const LAYOUT = { length: WEIGHTS, buckets: [{ offset: 0, length: WEIGHTS }], virtualRanks: 2 };

interface Samples {
  readonly inputs: readonly Float64Array[];
  readonly labels: readonly number[];
}

const truth = (() => {
  const random = seededRandom(1);
  return Float64Array.from({ length: WEIGHTS }, () => 4 * (random() - 0.5));
})();

function samplesOf(rank: number): Samples {
  const random = seededRandom(10 + rank);
  const inputs = Array.from({ length: SAMPLES }, () => Float64Array.from({ length: FEATURES }, () => random() - 0.5));
  const labels = inputs.map((input) => {
    const scores = scoresOf(truth, input).map((score) => score + 0.3 * (random() - 0.5));
    return scores.indexOf(Math.max(...scores));
  });
  return { inputs, labels };
}

function scoresOf(weights: ArrayLike<number>, input: Float64Array): number[] {
  return Array.from({ length: CLASSES }, (_, c) =>
    input.reduce((sum, value, f) => sum + value * weights[f * CLASSES + c]!, 0),
  );
}

/** Mean cross entropy and its gradient. */
function lossOf(weights: Float32Array, { inputs, labels }: Samples): { loss: number; gradient: Float32Array } {
  const gradient = new Float64Array(WEIGHTS);
  let loss = 0;
  for (const [s, input] of inputs.entries()) {
    const exps = scoresOf(weights, input).map(Math.exp);
    const total = exps.reduce((a, b) => a + b);
    loss -= Math.log(exps[labels[s]!]! / total) / SAMPLES;
    for (let f = 0; f < FEATURES; f++) {
      for (let c = 0; c < CLASSES; c++) {
        gradient[f * CLASSES + c]! += (input[f]! * (exps[c]! / total - (labels[s] === c ? 1 : 0))) / SAMPLES;
      }
    }
  }
  return { loss, gradient: Float32Array.from(gradient) };
}

/** Trains with some way to sum over the ranks; returns the losses before and after. */
async function train(sum: (step: number, gradients: readonly Float32Array[]) => Promise<Float32Array> | Float32Array) {
  const samples = [samplesOf(0), samplesOf(1)];
  const weights = new Float32Array(WEIGHTS);
  const losses: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const found = samples.map((part) => lossOf(weights, part));
    losses.push((found[0]!.loss + found[1]!.loss) / 2);
    const gradient = await sum(
      step,
      found.map((part) => part.gradient),
    );
    for (let i = 0; i < WEIGHTS; i++) weights[i]! -= RATE * gradient[i]!;
  }
  return { first: losses[0]!, last: losses.at(-1)! };
}

function exchanged(codec: CodecSettings | undefined) {
  const world = new ExchangeWorld({ algorithm: 'direct', layout: LAYOUT, worldSize: 2, codec });
  return train((step, gradients) => world.run(step, (v) => gradients[v]!)[0]!);
}

const uncompressed = exchanged(undefined);

it('the uncompressed run learns', async () => {
  const { first, last } = await uncompressed;
  // Before the first step all classes are equally likely.
  expect(first).toBeCloseTo(Math.log(CLASSES), 6);
  expect(last).toBeLessThan(0.6 * first);
});

describe.each(SEGMENT_METHODS)('with %s', (method) => {
  it.each(['nearest', 'stochastic'] as const)(
    'and %s rounding the loss falls as without compression',
    async (rounding) => {
      const { last } = await exchanged({ method, rounding, topKRatio: 0.1 });
      // Rounding costs nearly nothing; what top-k sends comes late.
      const tolerance = method === 'topk' ? 0.1 : 0.01;
      expect(Math.abs(last / (await uncompressed).last - 1)).toBeLessThan(tolerance);
    },
  );
});

it('with PowerSGD of rank 1 the loss falls as without compression', async () => {
  const open = openSums(2);
  const ranks = [0, 1].map(
    (rank) =>
      new LowRankAllReduce({
        layout: LAYOUT,
        tensors: [{ offset: 0, length: WEIGHTS, columns: CLASSES }],
        rank: 1,
        seed: 0,
        open: (layout) => open(rank, layout),
      }),
  );
  const { last } = await train(async (_, gradients) => {
    await Promise.all(
      ranks.map((allReduce, v) => {
        allReduce.add(v, 0, gradients[v]!);
        allReduce.bucketReady(v, 0);
        return allReduce.wait();
      }),
    );
    return ranks[0]!.result;
  });
  expect(Math.abs(last / (await uncompressed).last - 1)).toBeLessThan(0.1);
});
