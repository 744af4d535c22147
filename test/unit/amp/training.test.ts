/** Training steps in mixed precision, on TensorFlow's CPU kernels for half types. */
import { describe, expect, it } from 'vitest';
import { paintScene } from '../../../configs/shapes/raster.js';
import { composeScene } from '../../../configs/shapes/scene.js';
import { randomStream } from '../../../proto/random.js';
import type { LossScalerSettings } from '../../../worker/amp/loss-scaler.js';
import { TrainState } from '../../../worker/train-state.js';
import { availableEngines } from '../../support/engines.js';
import {
  compileFlags,
  type NoiseImages,
  noiseImages,
  type TrainedEpoch,
  trainEpoch,
} from '../../support/memory-trainers.js';
import { reducedModel } from '../../support/model-fixture.js';

process.env.LOCKSTEP_XLA ??= '0';

const IMAGE_SIZE = 64;
const NUM_IMAGES = 4;
/** Half the distance between neighbours of 1: 8 and 11 bits of significand. */
const UNIT_ROUNDOFF = { bf16: 2 ** -8, fp16: 2 ** -11 };
/**
 * Roundings per Conv block: 7 forwards (the convolution's two factors and result, batch norm, three in SiLU) and 11
 * backwards (dy, six in SiLU's gradient, batch norm's, the convolution's factor and both results). Independent errors
 * of one size add up like the square root of their number; twice that is the bound.
 */
const ROUNDINGS_PER_BLOCK = 18;

const tensorflow = availableEngines().filter(({ name }) => name === 'tensorflow');
const wasm = availableEngines().filter(({ name }) => name === 'wasm');

interface Variant {
  readonly amp: string;
  readonly virtualRanks?: number;
  readonly worldSize?: number;
  readonly syncBn?: boolean;
  readonly batchSize?: number;
  readonly order?: readonly (readonly number[])[];
  readonly scaling?: Partial<LossScalerSettings>;
  /** Bits of significand to which the filters are rounded beforehand. */
  readonly filterBits?: number;
  /** @defaultValue four images of noise */
  readonly data?: NoiseImages;
  /** @defaultValue the reference's */
  readonly hyp?: string;
}

/** Four scenes of the built-in data set, so often that an epoch has `numSteps` steps of them. */
function scenes(numSteps: number): NoiseImages {
  const drawn = Array.from({ length: NUM_IMAGES }, (_, i) => composeScene(1, 'train', i, IMAGE_SIZE));
  const labels = drawn.map(({ shapes }) =>
    shapes.map(({ classId, box: [x1, y1, x2, y2] }) => {
      const boxPx = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
      return [classId, ...boxPx.map((pixels) => pixels / IMAGE_SIZE)];
    }),
  );
  const images = drawn.map((scene, i) => paintScene(scene, randomStream(1, i)));
  const repeated = Array.from({ length: numSteps * NUM_IMAGES }, (_, i) => i % NUM_IMAGES);
  return { size: IMAGE_SIZE, images: repeated.map((i) => images[i]!), labels: repeated.map((i) => labels[i]!) };
}

/** Rounds to the nearest number with so many bits of significand, ties to even. */
function roundTo(bits: number, x: number): number {
  if (x === 0) return 0;
  const ulp = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits + 1);
  const [low, rest] = [Math.floor(x / ulp), x / ulp - Math.floor(x / ulp)];
  return ulp * (rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low);
}

async function train(open: (typeof tensorflow)[number]['open'], variant: Variant): Promise<TrainedEpoch> {
  const {
    amp,
    virtualRanks = 1,
    worldSize = 1,
    syncBn = false,
    batchSize = NUM_IMAGES,
    order,
    scaling,
    filterBits,
    data,
    hyp,
  } = variant;
  const { model, state } = reducedModel('model_tiny');
  const config = await compileFlags({
    cfg: 'yolov3-tiny',
    imgsz: String(IMAGE_SIZE),
    'batch-size': String(batchSize),
    'virtual-ranks': String(virtualRanks),
    'sync-bn': syncBn,
    amp,
    ...(hyp !== undefined && { 'set-hyp': hyp }),
  });
  for (const { name, kind } of filterBits === undefined ? [] : model.state) {
    if (kind === 'convWeight')
      state.set(
        name,
        state.get(name)!.map((x) => roundTo(filterBits!, x)),
      );
  }
  const images = data ?? noiseImages(NUM_IMAGES, IMAGE_SIZE, model.nc);
  return trainEpoch(await open(), model, state, config, images, worldSize, order, scaling);
}

/** ‖a − b‖ / ‖b‖ of the first step's gradients: the median over tensors, as the worst has a condition of its own. */
function typicalDifference(a: TrainedEpoch, b: TrainedEpoch): number {
  const differences = b.programs.layout.gradients.map(({ offset, length }) => {
    let [difference, size] = [0, 0];
    for (let i = offset; i < offset + length; i++) {
      difference += (a.sums[0]![i]! - b.sums[0]![i]!) ** 2;
      size += b.sums[0]![i]! ** 2;
    }
    return Math.sqrt(difference / size);
  });
  return differences.sort((x, y) => x - y)[Math.floor(differences.length / 2)]!;
}

/** The share of the loss that is gone by the last five steps, compared with the first five. */
function learnt({ results }: TrainedEpoch): number {
  const losses = results.map(({ losses: [box, obj, cls] }) => box + obj + cls);
  const sum = (some: readonly number[]): number => some.reduce((a, b) => a + b);
  return 1 - sum(losses.slice(-5)) / sum(losses.slice(0, 5));
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

describe.each(tensorflow)('mixed precision on $name', ({ open }) => {
  it.each([
    ['bf16', 8],
    ['fp16', 11],
  ] as const)('has the gradients of float32 to the roundings of %s, and not its bits', async (amp, filterBits) => {
    const full = await train(open, { amp: 'off' });
    const half = await train(open, { amp });
    // How much this network makes of one rounding per block, measured in float32.
    const ofOneRounding = typicalDifference(await train(open, { amp: 'off', filterBits }), full);
    const difference = typicalDifference(half, full);
    expect(difference).toBeLessThan(2 * Math.sqrt(ROUNDINGS_PER_BLOCK) * ofOneRounding);
    expect(difference).toBeGreaterThan(ofOneRounding / 4);
    expect(half.results[0]!.finite).toBe(true);
  });

  it('has the same gradients whatever power of two scales the loss', async () => {
    const [one, other] = await Promise.all([
      train(open, { amp: 'fp16', scaling: { initialScale: 2 ** 10 } }),
      train(open, { amp: 'fp16', scaling: { initialScale: 2 ** 12 } }),
    ]);
    // They differ by elements that are subnormal at one scale and not at the other.
    expect(typicalDifference(one, other)).toBeLessThan(UNIT_ROUNDOFF.fp16);
  });

  it('learns scenes of shapes with bf16 as it does in float32', async () => {
    // At full rate from the first step: the warm-up is longer than these thirty steps.
    const same = { data: scenes(30), hyp: 'warmup_epochs=0,warmup_min_iterations=0' };
    const full = learnt(await train(open, { ...same, amp: 'off' }));
    expect(full).toBeGreaterThan(0.15);
    // Rounding takes the two to different minima, but not to worse ones.
    expect(learnt(await train(open, { ...same, amp: 'bf16' }))).toBeGreaterThan(0.8 * full);
  });

  it('shares batch norms over virtual ranks as float32 does', async () => {
    const shared = { virtualRanks: 2, syncBn: true };
    const full = await train(open, { ...shared, amp: 'off' });
    const half = await train(open, { ...shared, amp: 'fp16' });
    const ofOneRounding = typicalDifference(await train(open, { ...shared, amp: 'off', filterBits: 11 }), full);
    expect(typicalDifference(half, full)).toBeLessThan(2 * Math.sqrt(ROUNDINGS_PER_BLOCK) * ofOneRounding);
  });

  it('skips a step whose gradients overflow on every rank, also on those that had none, and halves the scale', async () => {
    const { model, state } = reducedModel('model_tiny');
    const order = [[0, 1, 2, 3], []];
    // The largest float32 power of two: any gradient above 2^-112 overflows float16.
    const variant = { amp: 'fp16', virtualRanks: 2, worldSize: 2, order, scaling: { initialScale: 2 ** 127 } };
    const { results, weights, programs } = await train(open, variant);
    expect(results[0]).toMatchObject({ finite: false, overflowed: true, lossScale: 2 ** 126, optimizerStepped: false });
    expect(results[0]!.losses.every(Number.isFinite)).toBe(true);
    const untouched = new TrainState(model, programs.layout, 'sgd');
    untouched.start(state);
    for (const own of weights) expect(sameBits(own, untouched.weights)).toBe(true);
  });

  it('comes to the same bits with one worker and two, through skipped steps', async () => {
    // 2^30 overflows in the first steps of an epoch of four and fits in the last ones.
    const variant = { amp: 'fp16', virtualRanks: 2, batchSize: 2, scaling: { initialScale: 2 ** 30 } };
    const one = await train(open, { ...variant, worldSize: 1 });
    const two = await train(open, { ...variant, worldSize: 2 });
    expect(one.results.some(({ overflowed }) => overflowed)).toBe(true);
    expect(two.results.map(({ lossScale }) => lossScale)).toEqual(one.results.map(({ lossScale }) => lossScale));
    for (const own of two.weights) expect(sameBits(own, one.weights[0]!)).toBe(true);
  });
});

describe.each(wasm)('mixed precision on $name', ({ open }) => {
  it('is refused by name', async () => {
    await expect(train(open, { amp: 'bf16' })).rejects.toMatchObject({ code: 'ENGINE_UNSUPPORTED' });
  });
});
