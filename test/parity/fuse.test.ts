import { expect, it } from 'vitest';
import { fuseConvAndBatchNorm } from '../../worker/model/fuse.js';
import { type FixtureTensor, readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface FuseCase {
  in: number;
  out: number;
  kernel: number;
  stride: number;
  padding: number;
  groups: number;
  eps: number;
  weight: TensorEntry;
  bias: TensorEntry | null;
  bn_weight: TensorEntry;
  bn_bias: TensorEntry;
  running_mean: TensorEntry;
  running_var: TensorEntry;
  x: TensorEntry;
  y_unfused: TensorEntry;
  y_fused: TensorEntry;
  fused_weight: TensorEntry;
  fused_bias: TensorEntry;
}

const { cases } = readFixture<{ cases: FuseCase[] }>('fuse');

it.each(cases)('folds batch norm into a $kernel×$kernel convolution of $groups groups like the reference', (one) => {
  const { weight, bias } = fuseConvAndBatchNorm({
    weight: tensor(one.weight).data,
    bias: one.bias === null ? undefined : tensor(one.bias).data,
    scale: tensor(one.bn_weight).data,
    offset: tensor(one.bn_bias).data,
    mean: tensor(one.running_mean).data,
    variance: tensor(one.running_var).data,
    epsilon: one.eps,
  });
  for (const [got, entry] of [
    [weight, one.fused_weight],
    [bias, one.fused_bias],
  ] as const) {
    const wanted = tensor(entry).data;
    const largest = Math.max(...wanted.map(Math.abs));
    expect(got.length).toBe(wanted.length);
    // 1e-5 of the largest value: a few float32 roundings.
    for (const [i, value] of wanted.entries()) expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * largest);
  }
  // The fused convolution does the work of both.
  const output = convolve(tensor(one.x), { data: weight, shape: one.weight.shape }, bias, one);
  for (const entry of [one.y_fused, one.y_unfused]) {
    const wanted = tensor(entry).data;
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(output.length).toBe(wanted.length);
    for (const [i, value] of wanted.entries()) expect(Math.abs(output[i]! - value)).toBeLessThanOrEqual(1e-5 * largest);
  }
});

/** A plain convolution in double precision, NCHW, also with groups (which the engines do not have). */
function convolve(
  x: FixtureTensor<Float32Array>,
  weight: FixtureTensor<Float32Array>,
  bias: Float32Array,
  { stride, padding, groups }: Pick<FuseCase, 'stride' | 'padding' | 'groups'>,
): number[] {
  const [B, , H, W] = x.shape as [number, number, number, number];
  const [O, I, kH, kW] = weight.shape as [number, number, number, number];
  const outH = Math.floor((H + 2 * padding - kH) / stride) + 1;
  const outW = Math.floor((W + 2 * padding - kW) / stride) + 1;
  const at = (b: number, o: number, y: number, xx: number): number => {
    let sum = bias[o]!;
    const firstChannel = Math.floor(o / (O / groups)) * I;
    for (let i = 0; i < I; i++) {
      for (let ky = 0; ky < kH; ky++) {
        for (let kx = 0; kx < kW; kx++) {
          const row = y * stride + ky - padding;
          const column = xx * stride + kx - padding;
          if (row < 0 || row >= H || column < 0 || column >= W) continue;
          const channel = b * I * groups + firstChannel + i;
          sum += x.data[(channel * H + row) * W + column]! * weight.data[((o * I + i) * kH + ky) * kW + kx]!;
        }
      }
    }
    return sum;
  };
  return Array.from({ length: B * O * outH * outW }, (_, k) =>
    at(Math.floor(k / (O * outH * outW)), Math.floor(k / (outH * outW)) % O, Math.floor(k / outW) % outH, k % outW),
  );
}
