/** The same as `ddp.test.ts` says of programs, said of the trainer and its all-reduce; and the bits for every number of workers. */
import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../configs/run-config.js';
import type { Engine } from '../../worker/engine/engine.js';
import type { Model } from '../../worker/model/model.js';
import { availableEngines } from '../support/engines.js';
import { compileFlags, noiseImages, type TrainedEpoch, trainEpoch } from '../support/memory-trainers.js';
import { reducedModel } from '../support/model-fixture.js';

// XLA would compile each segment at its first run, most of this file's time, and has no part in what is tested.
process.env.LOCKSTEP_XLA ??= '0';

const IMAGE_SIZE = 64;

function flags(virtualRanks: number, batchSize: number, ...more: string[]): Promise<RunConfig> {
  return compileFlags({
    cfg: 'yolov3-tiny',
    imgsz: String(IMAGE_SIZE),
    'batch-size': String(batchSize),
    'virtual-ranks': String(virtualRanks),
    ...Object.fromEntries(more.map((flag) => flag.split('=') as [string, string])),
  });
}

const SHARED = ['sync-bn=true', 'loss-norm=global'];

/** Largest difference within each tensor as a share of its largest element. */
function worstDifference(got: TrainedEpoch, wanted: TrainedEpoch): { name: string; difference: number } {
  let worst = { name: '', difference: 0 };
  const { gradients, statistics } = wanted.programs.layout;
  for (const { name, offset, length } of [...gradients, ...statistics]) {
    const part = wanted.sums[0]!.subarray(offset, offset + length);
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of part.entries()) {
      const difference = Math.abs(got.sums[0]![offset + i]! - value) / largest;
      if (difference > worst.difference) worst = { name, difference };
    }
  }
  return worst;
}

/** Element by element, vitest takes seconds for arrays of this size. */
function bytes(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function sameBits(a: readonly Float32Array[], b: readonly Float32Array[]): boolean {
  return a.length === b.length && a.every((data, i) => bytes(data).equals(bytes(b[i]!)));
}

function train(engine: Engine, model: Model, state: ReadonlyMap<string, Float32Array>, numImages: number) {
  const data = noiseImages(numImages, IMAGE_SIZE, model.nc);
  return (config: RunConfig, worldSize: number) => trainEpoch(engine, model, state, config, data, worldSize);
}

describe.each(availableEngines())('a step of several workers on $name', ({ open }) => {
  it('sums the gradients that each virtual rank has by itself', async () => {
    const engine = await open();
    const { model, state } = reducedModel('model_tiny');
    const both = await train(engine, model, state, 4)(await flags(2, 4), 2);
    const data = noiseImages(4, IMAGE_SIZE, model.nc);
    // A run of one worker whose epoch is one half of the images, in the order of the plan.
    const halves: Float32Array[] = [];
    for (const half of both.microbatches[0]!) {
      const own = { ...data, images: half.map((i) => data.images[i]!), labels: half.map((i) => data.labels[i]!) };
      const alone = await trainEpoch(engine, model, state, await flags(1, 2), own, 1, [[0, 1]]);
      halves.push(alone.sums[0]!);
    }
    const { gradients, statistics } = both.programs.layout;
    for (const { name, offset, length } of [...gradients, ...statistics]) {
      const wanted = halves[0]!.subarray(offset, offset + length).map((value, i) => value + halves[1]![offset + i]!);
      // One addition in float32, done by both in the same way.
      expect(sameBits([both.sums[0]!.subarray(offset, offset + length)], [wanted]), name).toBe(true);
    }
    expect(both.messages).toEqual({ gathers: 0, broadcasts: 0 });
    engine.dispose();
  });

  it('with shared batch norm and normalisers equals a step of one virtual rank', async () => {
    const engine = await open();
    const { model, state } = reducedModel('model_tiny');
    const run = train(engine, model, state, 4);
    const whole = await run(await flags(1, 4), 1);
    const shared = await run(await flags(2, 4, ...SHARED), 2);
    // Float32 rounding, grown through eleven batch norms; a maximum of a pooling window on noise may be decided the other way.
    expect(worstDifference(shared, whole).difference, worstDifference(shared, whole).name).toBeLessThan(1e-3);
    for (const i of [0, 1, 2]) {
      const wanted = whole.results[0]!.losses[i]!;
      expect(Math.abs(shared.results[0]!.losses[i]! - wanted)).toBeLessThan(1e-5 * wanted);
    }
    expect(shared.results[0]!.targets).toBe(whole.results[0]!.targets);
    // Without sharing it is another gradient, so the above says something.
    const apart = await run(await flags(2, 4), 2);
    expect(worstDifference(apart, whole).difference).toBeGreaterThan(0.05);
    engine.dispose();
  });

  it('with shared batch norm and normalisers has the same bits on one, two and four workers', async () => {
    const engine = await open();
    const { model, state } = reducedModel('model_tiny');
    // Seven images in steps of four: in the second step the last virtual rank has no image.
    const run = train(engine, model, state, 7);
    const config = await flags(4, 4, ...SHARED);
    const one = await run(config, 1);
    const tensors = engine.numTensors();
    expect(one.messages).toEqual({ gathers: 0, broadcasts: 0 });
    for (const worldSize of [2, 4]) {
      const several = await run(config, worldSize);
      expect(several.results.map(({ images }) => images)).toEqual([4, 3]);
      expect(sameBits(several.sums, one.sums)).toBe(true);
      for (const weights of several.weights) expect(sameBits([weights], one.weights)).toBe(true);
      // Eleven batch norms, there and back, and the counts for the loss: 23 meetings a step, two steps.
      expect(several.messages).toEqual({ gathers: 46, broadcasts: 46 });
    }
    expect(engine.numTensors()).toBe(tensors);
    engine.dispose();
  });
});
