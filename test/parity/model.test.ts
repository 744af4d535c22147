import { describe, expect, it } from 'vitest';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import {
  AUGMENTED_PASSES,
  imagesOfPass,
  joinPasses,
  type PassPredictions,
} from '../../worker/eval/test-time-augmentation.js';
import { assignTargets } from '../../worker/loss/assign.js';
import { updateRunning } from '../../worker/model/batch-norm.js';
import { decode } from '../../worker/model/decode.js';
import { fuseModel } from '../../worker/model/fuse.js';
import { fromEngineLayout } from '../../worker/model/layout.js';
import { type Model, stateEntry, valuesPerAnchor } from '../../worker/model/model.js';
import { buildNetwork, type NetworkOptions, parameterInputs } from '../../worker/model/network.js';
import { expectLayers, expectLeaves } from '../support/architecture.js';
import { availableEngines } from '../support/engines.js';
import { type TensorEntry, tensor } from '../support/fixtures.js';
import { headToEngine, targetFeeds, toNchw, toNhwc, trainingProgram } from '../support/loss-program.js';
import { type LayerTrace, reducedModel, stateFeeds } from '../support/model-fixture.js';
import { lastTiedPool } from '../support/pool-ties.js';
import { runOnEngine } from '../support/run-on-engine.js';

const MODELS = ['model_tiny', 'model_yolov3', 'model_spp'];

function inferenceProgram(model: Model, shape: readonly number[], options: NetworkOptions) {
  const b = new ProgramBuilder();
  const x = b.input('images', shape);
  const { heads, layerOutputs } = buildNetwork(b, model, x, parameterInputs(b, model.state, options), options);
  for (const [layer, head] of heads.entries()) b.output(`head.${layer}`, head);
  for (const [layer, value] of layerOutputs.entries()) b.output(`layer.${layer}`, value);
  b.output('decoded', decode(b, heads, model));
  return b.finish();
}

function worstDifference(got: Float32Array, wanted: Float32Array): number {
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - wanted[i]!));
  return worst;
}

/** Finds the first layer at which something is wrong, so that a failure names it. */
function checkTrace(trace: readonly LayerTrace[], outputs: Record<string, Float32Array>): void {
  for (const { i, shape, sum, l2, first } of trace) {
    const data = toNchw(outputs[`layer.${i}`]!, shape as [number, number, number, number]);
    const norm = Math.sqrt(data.reduce((squares, value) => squares + value * value, 0));
    expect(Math.abs(norm - l2), `norm of layer ${i}`).toBeLessThanOrEqual(1e-4 * l2);
    // Errors of 1e-5 of a layer's spread that all point one way: the digest has nine digits, float32 seven.
    const total = data.reduce((partial, value) => partial + value, 0);
    expect(Math.abs(total - sum), `sum of layer ${i}`).toBeLessThanOrEqual(1e-5 * l2 * Math.sqrt(data.length));
    for (const [k, value] of first.entries()) {
      expect(Math.abs(data[k]! - value), `layer ${i}, element ${k}`).toBeLessThanOrEqual(2e-4 + 2e-4 * Math.abs(value));
    }
  }
}

function checkHeads(entries: readonly TensorEntry[], outputs: Record<string, Float32Array>, tolerance: number): void {
  for (const [layer, entry] of entries.entries()) {
    const wanted = headToEngine(tensor(entry).data, entry.shape).data;
    expect(worstDifference(outputs[`head.${layer}`]!, wanted), `head ${layer}`).toBeLessThanOrEqual(tolerance);
  }
}

function checkDecoded(got: Float32Array, entry: TensorEntry): void {
  const wanted = tensor(entry).data;
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  // 1e-4 relative and 2e-2 px: the fixtures' own float32 noise is 1e-3 px on boxes of 800 px.
  for (const [i, value] of wanted.entries())
    worst = Math.max(worst, Math.abs(got[i]! - value) / (2e-2 + 1e-4 * Math.abs(value)));
  expect(worst).toBeLessThanOrEqual(1);
}

it.each(MODELS)('%s has the layers, operators and names of the reference at its reduced size', (name) => {
  const { fixture, model } = reducedModel(name);
  expectLayers(model, fixture);
  expectLeaves(model, fixture);
  expect(model.state.map((entry) => entry.name)).toEqual(Object.keys(fixture.state));
});

describe.each(availableEngines())('reduced models on $name', ({ open }) => {
  it.each(MODELS)('%s infers and decodes as the reference, plain and fused', async (name) => {
    const engine = await open();
    const { fixture, model, state } = reducedModel(name);
    const images = toNhwc(tensor(fixture.input).data, fixture.input.shape);
    // spp reaches larger activations, so the fixtures allow it more.
    const tolerance = name === 'model_spp' ? 5e-4 : 2e-4;
    const plain = runOnEngine(engine, inferenceProgram(model, images.shape, { training: false }), {
      images,
      ...stateFeeds(model, state),
    });
    checkTrace(fixture.eval.layer_trace, plain);
    checkHeads(fixture.eval.head, plain, tolerance);
    checkDecoded(plain.decoded!, fixture.eval.decoded);

    const fused = fuseModel(model, state);
    const fast = runOnEngine(engine, inferenceProgram(fused.model, images.shape, { training: false, fused: true }), {
      images,
      ...stateFeeds(fused.model, fused.state),
    });
    checkHeads(fixture.eval.head, fast, tolerance);
    checkDecoded(fast.decoded!, fixture.eval.decoded);
    engine.dispose();
  });

  it.each(MODELS)('%s predicts as the reference with test-time augmentation', async (name) => {
    const engine = await open();
    const { fixture, model, state } = reducedModel(name);
    const { data, shape } = toNhwc(tensor(fixture.input).data, fixture.input.shape);
    const [numImages, height, width] = shape as [number, number, number];
    const fused = fuseModel(model, state);
    const passes = AUGMENTED_PASSES.map((pass): PassPredictions => {
      const images = imagesOfPass({ data, numImages, height, width }, pass, Math.max(...model.strides));
      const passShape = [numImages, images.height, images.width, 3];
      const { decoded } = runOnEngine(
        engine,
        inferenceProgram(fused.model, passShape, { training: false, fused: true }),
        {
          images: { data: images.data, shape: passShape },
          ...stateFeeds(fused.model, fused.state),
        },
      );
      return { pass, data: decoded! };
    });
    const numLayers = model.numDetectionLayers;
    const joined = joinPasses(passes, { numImages, valuesPerBox: valuesPerAnchor(model), numLayers, width });
    checkDecoded(joined, fixture.eval.decoded_with_test_time_augmentation);
    engine.dispose();
  });

  it.each(MODELS)('%s has the loss, gradients and batch statistics of the reference in training', async (name) => {
    const engine = await open();
    const { fixture, model, state } = reducedModel(name);
    const { train } = fixture;
    const images = toNhwc(tensor(fixture.input).data, fixture.input.shape);
    const [batch, height, width] = images.shape as [number, number, number];
    const layers = assignTargets(tensor(train.targets).data, model, { height, width, anchorT: train.hyp.anchor_t });
    const program = trainingProgram(model, batch, height, width, {
      nc: model.nc,
      numAnchors: model.numAnchors,
      boxLoss: 'sca',
      gains: train.hyp,
      hyp: train.hyp,
    });
    const outputs = runOnEngine(engine, program, {
      images,
      ...stateFeeds(model, state),
      ...targetFeeds(layers, batch),
    });
    checkTrace(train.layer_trace, outputs);
    checkHeads(train.head, outputs, 2e-4);
    expect(Math.abs(outputs.loss![0]! - train.loss)).toBeLessThanOrEqual(1e-5 * train.loss);
    const items = tensor(train.items_box_obj_cls).data;
    for (const [i, item] of ['box', 'obj', 'cls'].entries()) {
      expect(Math.abs(outputs[item]![0]! - items[i]!), item).toBeLessThanOrEqual(1e-5 * items[i]! + 1e-7);
    }
    const tiedPool = lastTiedPool(model, outputs, train.layer_trace);
    for (const [parameter, entry] of Object.entries(train.grads)) {
      const got = fromEngineLayout(stateEntry(model, parameter), outputs[`grad:${parameter}`]!);
      const largest = train.noise.grads[parameter]!.max_abs;
      // A tie moves one cell's gradient to its neighbour: little among the thousands that a weight sums up, more where
      // they cancel, as in the biases of a batch norm.
      const relative = stateEntry(model, parameter).layer < tiedPool ? 5e-2 : 1e-3;
      expect(worstDifference(got, tensor(entry).data), `gradient of ${parameter}`).toBeLessThanOrEqual(
        relative * largest,
      );
    }
    for (const [buffer, entry] of Object.entries(train.bn_after_one_forward)) {
      const running = state.get(buffer)!.slice();
      const isMean = buffer.endsWith('running_mean');
      const bn = buffer.replace(/\.running_(mean|var)$/, '');
      updateRunning(running, outputs[`${isMean ? 'mean' : 'variance'}:${bn}`]!);
      const wanted = tensor(entry).data;
      for (const [c, value] of wanted.entries()) {
        expect(Math.abs(running[c]! - value), `${buffer}[${c}]`).toBeLessThanOrEqual(1e-5 * Math.abs(value) + 1e-6);
      }
    }
    engine.dispose();
  });
});
