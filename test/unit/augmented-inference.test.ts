import { describe, expect, it } from 'vitest';
import { AugmentedInference } from '../../worker/augmented-inference.js';
import { imagesOfPass, joinPasses } from '../../worker/eval/test-time-augmentation.js';
import { networkParameters } from '../../worker/model/network.js';
import { availableEngines } from '../support/engines.js';
import { reducedModel, stateFeeds } from '../support/model-fixture.js';
import { RandomArrays } from '../support/random-arrays.js';

describe.each(availableEngines())('test-time augmentation on $name', ({ open }) => {
  it('adds the boxes of two more sizes to those of the batch, with programs and memory reused', async () => {
    const engine = await open();
    const { model, state } = reducedModel('model_tiny');
    const feeds = stateFeeds(model, state);
    const weights = new Map(
      networkParameters(model.state, { training: false }).map(({ name }) => {
        const { data, shape } = feeds[name]!;
        return [name, engine.tensor(data, shape)] as const;
      }),
    );
    const [numImages, height, width] = [2, 64, 96];
    const images = Uint8Array.from(new RandomArrays(3).integers(numImages * height * width * 3, 256));
    // Three anchors on 4·6 and 2·3 cells: 90 boxes of a size; the first size gives up 18 coarse ones, the last 72 fine ones.
    const K = 5 + model.nc;
    const plain = new RandomArrays(4).uniform(numImages * 90 * K);
    const inference = new AugmentedInference(engine, model);
    const first = inference.extend({ images, numImages, height, width }, weights, plain);
    expect(first).toHaveLength(numImages * (72 + 90 + 18) * K);
    expect(first.subarray(0, 72 * K)).toEqual(plain.subarray(0, 72 * K));
    expect(first.subarray(180 * K, 252 * K)).toEqual(plain.subarray(90 * K, 162 * K));
    const numTensors = engine.numTensors();
    expect(inference.extend({ images, numImages, height, width }, weights, plain)).toEqual(first);
    expect(engine.numTensors()).toBe(numTensors);
    inference.dispose();
    for (const tensor of weights.values()) tensor.dispose();
    engine.dispose();
  });
});

it('a mirrored pass sees the pictures from right to left and padded with grey', () => {
  // One row of the colours 0, 0.25, 0.5, 0.75 at half size: means of neighbours, from the right.
  const data = Float32Array.from([0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75].flatMap((v) => [v, v, v]));
  const out = imagesOfPass({ data, numImages: 1, height: 2, width: 4 }, { scale: 0.5, mirrored: true }, 4);
  expect([out.height, out.width]).toEqual([4, 4]);
  const red = Array.from({ length: 4 }, (_, x) => out.data[x * 3]!);
  for (const [x, value] of [0.625, 0.125, 0.447, 0.447].entries()) expect(red[x]).toBeCloseTo(value, 6);
});

it('boxes of a mirrored, smaller pass go back to the pixels of the pictures', () => {
  // One level, so the first pass keeps no box of its one, and the last none: the middle one is left.
  const box = Float32Array.of(10, 20, 4, 6, 0.5, 0.5);
  const passes = [
    { pass: { scale: 1, mirrored: false }, data: box },
    { pass: { scale: 0.5, mirrored: true }, data: box },
    { pass: { scale: 0.67, mirrored: false }, data: box },
  ];
  const joined = joinPasses(passes, { numImages: 1, valuesPerBox: 6, numLayers: 1, width: 100 });
  expect([...joined]).toEqual([80, 40, 8, 12, 0.5, 0.5]);
});
