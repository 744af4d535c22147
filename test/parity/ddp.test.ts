/**
 * Several virtual ranks against the reference's distributed training (reference sections 1.7, 4.3 and 5.6). Its effective gradient is the
 * sum over ranks of each rank's own gradient: the loss is multiplied by W and gradients are averaged over W. With batch
 * norm and normalisers over all ranks it must be the gradient of one process with the whole batch.
 */
import { describe, expect, it } from 'vitest';
import { type DeviceTensor, type Engine, type Feeds, runAll } from '../../worker/engine/engine.js';
import { assignTargets } from '../../worker/loss/assign.js';
import type { LossNormalisers } from '../../worker/loss/feeds.js';
import { updateRunning } from '../../worker/model/batch-norm.js';
import { fromEngineLayout } from '../../worker/model/layout.js';
import { stateEntry } from '../../worker/model/model.js';
import { runInLockstep } from '../../worker/sync-batch-norm/lockstep.js';
import { SegmentedExecutable } from '../../worker/sync-batch-norm/segmented-executable.js';
import { availableEngines } from '../support/engines.js';
import { tensor } from '../support/fixtures.js';
import { type FloatTensor, targetFeeds, toNhwc, trainingProgram } from '../support/loss-program.js';
import { type ReducedModel, reducedModel, stateFeeds } from '../support/model-fixture.js';
import { lastTiedPool } from '../support/pool-ties.js';
import type { HostTensor } from '../support/run-on-engine.js';

// XLA would compile each segment at its first run, most of this file's time, and has no part in what is tested.
process.env.LOCKSTEP_XLA ??= '0';

type Outputs = Record<string, Float32Array>;

const LOSSES = ['loss', 'box', 'obj', 'cls'];

/** A fixture's images in the engine's layout. */
function fixtureImages({ fixture }: ReducedModel): FloatTensor {
  return toNhwc(tensor(fixture.input).data, fixture.input.shape);
}

/** Images `begin` … `end − 1` of a fixture's batch, with their targets. */
function microbatch(reduced: ReducedModel, begin: number, end: number) {
  const { fixture, model } = reduced;
  const { train } = fixture;
  const { data, shape } = fixtureImages(reduced);
  const [, height, width, channels] = shape as [number, number, number, number];
  const imageSize = height * width * channels;
  const all = tensor(train.targets).data;
  const rows = Array.from({ length: all.length / 6 }, (_, i) => [...all.subarray(i * 6, i * 6 + 6)]);
  const own = rows.filter(([image]) => image! >= begin && image! < end);
  const targets = Float32Array.from(own.flatMap(([image, ...row]) => [image! - begin, ...row]));
  const numImages = end - begin;
  const layers = assignTargets(targets, model, { height, width, anchorT: train.hyp.anchor_t });
  const program = trainingProgram(model, numImages, height, width, {
    nc: model.nc,
    numAnchors: model.numAnchors,
    boxLoss: 'sca',
    gains: train.hyp,
    hyp: train.hyp,
  });
  const images = {
    data: data.slice(begin * imageSize, end * imageSize),
    shape: [numImages, height, width, channels],
  };
  const feeds = (normalisers?: LossNormalisers): Record<string, HostTensor> => ({
    images,
    ...targetFeeds(layers, numImages, normalisers),
  });
  return { program, layers, numImages, feeds };
}

function put(engine: Engine, feeds: Record<string, HostTensor>): Record<string, DeviceTensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { data, shape }]) => [name, engine.tensor(data, shape)]));
}

function dispose(tensors: Feeds): void {
  for (const made of Object.values(tensors)) made.dispose();
}

/** One process with the whole batch. */
function runWhole(engine: Engine, reduced: ReducedModel, weights: Feeds): Outputs {
  const { numImages } = wholeBatch(reduced);
  const { program, feeds } = microbatch(reduced, 0, numImages);
  const executable = engine.compile(program, { name: 'whole' });
  const fed = put(engine, feeds());
  const made = runAll(executable, { ...weights, ...fed });
  const outputs = Object.fromEntries(Object.entries(made).map(([name, t]) => [name, t.read() as Float32Array]));
  dispose(made);
  dispose(fed);
  executable.dispose();
  return outputs;
}

function wholeBatch(reduced: ReducedModel) {
  return microbatch(reduced, 0, reduced.fixture.input.shape[0]!);
}

/** One virtual rank per image, as with `--sync-bn --loss-norm global`; returns the outputs by virtual rank. */
async function runShared(engine: Engine, reduced: ReducedModel, weights: Feeds): Promise<Outputs[]> {
  const { layers, numImages } = wholeBatch(reduced);
  const counts = { matchCounts: layers.map((layer) => layer.numRows), numImages };
  // Every virtual rank has one image, so they share one compiled program.
  const executable = new SegmentedExecutable(engine, microbatch(reduced, 0, 1).program, 'shared');
  const outputs: Outputs[] = [];
  const fed: Feeds[] = [];
  const runs = Array.from({ length: numImages }, (_, virtualRank) => {
    const collected: Outputs = {};
    outputs.push(collected);
    const feeds = put(engine, microbatch(reduced, virtualRank, virtualRank + 1).feeds(counts));
    fed.push(feeds);
    return executable.start({ ...weights, ...feeds }, (name, made) => {
      collected[name] = made.read() as Float32Array;
      made.dispose();
    });
  });
  await runInLockstep(runs, executable.points, { combine: (rows, combine) => Promise.resolve(combine(rows)) });
  for (const feeds of fed) dispose(feeds);
  executable.dispose();
  return outputs;
}

function sumOf(outputs: readonly Outputs[], name: string): Float32Array {
  return outputs.map((one) => one[name]!).reduce((a, b) => a.map((value, i) => value + b[i]!));
}

/** Largest difference as a share of the largest element wanted. */
function relativeDifference(got: Float32Array, wanted: ArrayLike<number>): number {
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < got.length; i++) {
    worst = Math.max(worst, Math.abs(got[i]! - wanted[i]!));
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return worst === 0 ? 0 : worst / largest;
}

describe.each(availableEngines())('one image per virtual rank on $name', ({ name: engineName, open }) => {
  // The native engine loads a graph per segment, 169 for the others, so it gets the small model only.
  const models = engineName === 'wasm' ? ['model_tiny', 'model_yolov3', 'model_spp'] : ['model_tiny'];

  it.each(models)('%s with shared batch norm and normalisers has the gradient of the whole batch', async (name) => {
    const engine = await open();
    const reduced = reducedModel(name);
    const { fixture, model, state } = reduced;
    const { train } = fixture;
    const tensorsBefore = engine.numTensors();
    const weights = put(engine, stateFeeds(model, state));
    const whole = runWhole(engine, reduced, weights);
    const shared = await runShared(engine, reduced, weights);
    dispose(weights);
    expect(engine.numTensors()).toBe(tensorsBefore);

    // Each virtual rank has its share of the loss: float32 sums over thousands of cells, in another order.
    for (const loss of LOSSES) {
      expect(relativeDifference(sumOf(shared, loss), whole[loss]!), loss).toBeLessThan(5e-5);
    }
    expect(relativeDifference(sumOf(shared, 'loss'), [train.loss])).toBeLessThan(1e-5);
    const tiedPool = lastTiedPool(model, whole, train.layer_trace);
    for (const [parameter, entry] of Object.entries(train.grads)) {
      const got = sumOf(shared, `grad:${parameter}`);
      const { layer } = stateEntry(model, parameter);
      // Float32 rounding, grown on its way through up to 75 layers; the fixtures allow the reference itself 1e-3. Where a pooling
      // window is tied (see model.test.ts) its gradient may go to the other cell.
      const relative = layer < tiedPool ? 5e-2 : 5e-4;
      const label = `gradient of ${parameter}`;
      expect(relativeDifference(got, whole[`grad:${parameter}`]!), `${label}, own`).toBeLessThan(relative);
      const inPytorchLayout = fromEngineLayout(stateEntry(model, parameter), got);
      expect(relativeDifference(inPytorchLayout, tensor(entry).data), label).toBeLessThan(relative);
    }
    for (const [buffer, entry] of Object.entries(train.bn_after_one_forward)) {
      const running = state.get(buffer)!.slice();
      const kind = buffer.endsWith('running_mean') ? 'mean' : 'variance';
      const output = `${kind}:${buffer.replace(/\.running_(mean|var)$/, '')}`;
      // All virtual ranks hold the same statistics, those of the whole batch, as the reference's after one forward pass.
      for (const one of shared) expect(one[output]).toEqual(shared[0]![output]);
      updateRunning(running, shared[0]![output]!);
      for (const [c, value] of tensor(entry).data.entries()) {
        expect(Math.abs(running[c]! - value), `${buffer}[${c}]`).toBeLessThanOrEqual(1e-5 * Math.abs(value) + 1e-6);
      }
    }
    engine.dispose();
  });
});
