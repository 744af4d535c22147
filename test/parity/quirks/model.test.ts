/** Oddities of the reference's precision, freezing and parameter groups (docs/quirks.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../../proto/paths.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import { openWasmEngine } from '../../../worker/engine/wasm/index.js';
import { decode } from '../../../worker/model/decode.js';
import { resolveModel } from '../../../worker/model/resolve.js';
import { parseModelYaml } from '../../../worker/model/spec.js';
import { TrainPrograms } from '../../../worker/train-program.js';
import { availableEngines } from '../../support/engines.js';
import { RandomArrays } from '../../support/random-arrays.js';
import { compileForTest } from '../../support/run-config.js';
import { runOnEngine } from '../../support/run-on-engine.js';
import { smallTrainState } from '../../support/train-state.js';

function tiny(nc: number) {
  const path = join(repoRoot, 'configs/models/yolov3-tiny.yaml');
  return resolveModel(parseModelYaml(readFileSync(path, 'utf8'), path), { nc });
}

it('Q10: group 0 holds the weights of batch norms and nothing else, group 1 those of convolutions, group 2 all biases', () => {
  const kinds = [0, 1, 2].map((group) => [
    ...new Set(
      tiny(3)
        .state.filter((entry) => entry.group === group)
        .map(({ kind }) => kind),
    ),
  ]);
  expect(kinds).toEqual([['bnWeight'], ['convWeight'], ['bias']]);
});

it('Q12: weights and their average start with every bit of their float32 values, and keep them while nothing trains', () => {
  const { trainState, state } = smallTrainState();
  const average = trainState.exportEma();
  let numBeyondHalf = 0;
  for (const [name, values] of state) {
    if (name.endsWith('num_batches_tracked')) continue;
    expect(average.get(name), name).toEqual(values);
    // Half precision has 10 bits behind the point, float32 23.
    numBeyondHalf += values.filter(
      (value) => value !== 0 && (new Uint32Array(Float32Array.of(value).buffer)[0]! & 0x1fff) !== 0,
    ).length;
  }
  expect(numBeyondHalf).toBeGreaterThan(1000);
});

describe.each(availableEngines())('decoding on $name', ({ open }) => {
  it('Q13: coordinates far from the origin keep their fractions of pixels', async () => {
    const engine = await open();
    const model = tiny(1);
    // 1024 px: 64 and 32 cells.
    const shapes = [64, 32].map((cells) => [1, cells, cells, model.numAnchors * 6]);
    const random = new RandomArrays(13);
    const heads = shapes.map((shape) => ({
      data: random.uniform(
        shape.reduce((p, n) => p * n, 1),
        -2,
        2,
      ),
      shape,
    }));
    const b = new ProgramBuilder();
    b.output(
      'decoded',
      decode(
        b,
        heads.map(({ shape }, l) => b.input(`head.${l}`, shape)),
        model,
      ),
    );
    const feeds = Object.fromEntries(heads.map((head, l) => [`head.${l}`, head]));
    const decoded = runOnEngine(engine, b.finish(), feeds).decoded!;
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    // The x of the last cell of the last layer and anchor: 31 cells of 32 px to its left.
    const logits = heads[1]!.data.subarray(-6);
    const expected = (2 * sigmoid(logits[0]!) - 0.5 + 31) * 32;
    expect(expected).toBeGreaterThan(512);
    expect(Math.abs(decoded.at(-6)! - expected)).toBeLessThan(1e-3);
    const far = decoded.filter((value, i) => i % 6 < 2 && value > 512);
    const onHalves = far.filter((value) => value * 2 === Math.round(value * 2));
    expect(onHalves.length).toBeLessThan(0.01 * far.length);
    engine.dispose();
  });
});

it('Q50: frozen layers get no gradient, but their batch norms go on gathering statistics', async () => {
  const config = await compileForTest({ cfg: 'yolov3-tiny', imgsz: '64', freeze: '10' });
  const engine = await openWasmEngine({ numThreads: 1, device: 'cpu' });
  const programs = new TrainPrograms(engine, tiny(config.data.nc), config);
  const layerOf = (name: string): number => Number(name.split('.')[1]);
  const { gradients, statistics } = programs.layout;
  expect(Math.min(...gradients.map(({ name }) => layerOf(name)))).toBe(10);
  expect(Math.min(...statistics.map(({ name }) => layerOf(name)))).toBe(0);
  // Eleven batch norms, a mean and a variance each (reference section 3.5).
  expect(statistics).toHaveLength(22);
  programs.dispose();
  engine.dispose();
});
