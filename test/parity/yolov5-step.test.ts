import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';
import { assignTargets } from '../../worker/loss/assign.js';
import { scaleGains } from '../../worker/loss/gains.js';
import { initialState } from '../../worker/model/initial-state.js';
import { toEngineLayout } from '../../worker/model/layout.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { sgdStep } from '../../worker/optim/sgd.js';
import { availableEngines } from '../support/engines.js';
import { hypDefaults } from '../support/hyp.js';
import { targetFeeds, trainingProgram } from '../support/loss-program.js';
import { RandomArrays } from '../support/random-arrays.js';
import type { HostTensor } from '../support/run-on-engine.js';

const SIDE = 64;
const BATCH = 2;

describe.each(availableEngines())('yolov5n on $name', ({ open }) => {
  it('takes a training step that lowers the loss of its batch', { timeout: 120_000 }, async () => {
    const engine = await open();
    const path = join(repoRoot, 'configs/models/yolov5n.yaml');
    const model = resolveModel(parseModelYaml(readFileSync(path, 'utf8'), path), { nc: 3 });
    const state = initialState(model, 1);
    const flat = new Map(model.state.map((entry) => [entry.name, toEngineLayout(entry, state.get(entry.name)!)]));
    const gains = scaleGains(hypDefaults, model.numDetectionLayers, model.nc, SIDE);
    const options = { nc: model.nc, numAnchors: model.numAnchors, boxLoss: 'sca', gains, hyp: hypDefaults } as const;
    const program = trainingProgram(model, BATCH, SIDE, SIDE, options);
    const targets = Float32Array.of(0, 1, 0.3, 0.55, 0.2, 0.25, 1, 2, 0.7, 0.4, 0.6, 0.45);
    const rows = assignTargets(targets, model, { height: SIDE, width: SIDE, anchorT: hypDefaults.anchor_t });
    const images = { data: new RandomArrays(5).uniform(BATCH * SIDE * SIDE * 3, 0, 1), shape: [BATCH, SIDE, SIDE, 3] };
    // Compiled once: an engine of whole graphs spends most of the time on that.
    const executable = engine.compile(program, { name: 'yolov5n' });
    const run = (): Record<string, Float32Array> => {
      const feeds: Record<string, HostTensor> = { images, ...targetFeeds(rows, BATCH) };
      for (const { name, engineShape } of model.state) feeds[name] = { data: flat.get(name)!, shape: engineShape };
      const tensors = Object.fromEntries(
        program.inputs.map(({ name }) => [name, engine.tensor(feeds[name]!.data, feeds[name]!.shape)]),
      );
      const read: Record<string, Float32Array> = {};
      executable.run(tensors, (name, output) => {
        if (!/^(head|layer)\./.test(name)) read[name] = Float32Array.from(output.read());
        output.dispose();
      });
      for (const fed of Object.values(tensors)) fed.dispose();
      return read;
    };
    const before = run();
    expect(before.loss![0]).toBeGreaterThan(0);
    let numStepped = 0;
    for (const { name, group } of model.state) {
      if (group === undefined) continue;
      const values = flat.get(name)!;
      const gradient = before[`grad:${name}`]!;
      expect(gradient.every(Number.isFinite), name).toBe(true);
      const range = { offset: 0, length: values.length, group };
      // Small enough for the loss to go down by the gradient's square, and no momentum to speak of in a first step.
      const rates = { lr: [1e-4, 1e-4, 1e-4], momentum: 0, weightDecay: 0 } as const;
      sgdStep(values, gradient, new Float32Array(values.length), [range], rates);
      numStepped += values.length;
    }
    expect(numStepped).toBe(model.numParameters);
    expect(run().loss![0]).toBeLessThan(before.loss![0]!);
    executable.dispose();
    engine.dispose();
  });
});
