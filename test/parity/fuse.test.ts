import { expect, it } from 'vitest';
import { fuseConvAndBatchNorm } from '../../worker/model/fuse.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

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
    for (const [i, value] of wanted.entries()) expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * largest);
  }
});
