/**
 * Which operators compute in half precision, and which of their inputs and outputs are in it. The rules of the
 * reference's autocast, where they matter here: convolutions always do; what only passes activations on stays in whatever
 * comes in; everything else, the loss above all, computes in float32. Statistics, scales and offsets of batch
 * norms are float32 in either case, as in TensorFlow's FusedBatchNormV3 with T = half and U = float.
 */
import type { Amp } from '../../configs/run-config.js';
import type { HalfDType, Op, OpKind } from '../engine/program.js';

/** The half-precision type of a run, or undefined where it computes in float32 throughout. */
export function halfTypeOf(amp: Amp): HalfDType | undefined {
  switch (amp) {
    case 'fp16':
      return 'float16';
    case 'bf16':
      return 'bfloat16';
    case 'auto':
    case 'off':
      return undefined;
  }
}

/** Only float16 has so small a range that gradients vanish without loss scaling. */
export function scalesLoss(amp: Amp): boolean {
  return halfTypeOf(amp) === 'float16';
}

/** What an operator does when it computes in half precision. Positions count from 0. */
export interface HalfRule {
  /**
   * `always`; or only when these inputs (by position, or all of them) are in half precision already.
   */
  readonly when: 'always' | 'all' | readonly number[];
  /** Inputs that are in half precision then; the others are float32. */
  readonly inputs: 'all' | readonly number[];
}

/** The first output is in half precision then; any others (batch statistics, gradients of scales) are float32. */
export const HALF_OUTPUT = 0;

const CONVOLUTION: HalfRule = { when: 'always', inputs: 'all' };
const PASSES_ON: HalfRule = { when: [0], inputs: [0] };
/** The type of a gradient is that of the activation that it belongs to. */
const GRADIENT: HalfRule = { when: [0], inputs: 'all' };

const RULES: Readonly<Partial<Record<OpKind, HalfRule>>> = {
  conv2d: CONVOLUTION,
  conv2dInputGrad: CONVOLUTION,
  conv2dFilterGrad: CONVOLUTION,
  batchNormTrain: PASSES_ON,
  batchNormInfer: PASSES_ON,
  // dy, x, scale, and two reserves
  batchNormGrad: { when: [1], inputs: [0, 1] },
  silu: PASSES_ON,
  siluGrad: GRADIENT,
  maxPool: PASSES_ON,
  maxPoolGrad: GRADIENT,
  pad2d: PASSES_ON,
  unpad2d: PASSES_ON,
  upsample2x: PASSES_ON,
  upsample2xGrad: PASSES_ON,
  slice: PASSES_ON,
  reshape: PASSES_ON,
  transpose: PASSES_ON,
  concat: { when: 'all', inputs: 'all' },
};
/** Shortcuts, and gradients that meet at a fork. With a float32 operand (a bias, say) a sum is float32. */
const SUM: HalfRule = { when: 'all', inputs: 'all' };

/** Returns how an operator computes in half precision, or undefined where it never does. */
export function halfRule(op: Op): HalfRule | undefined {
  return op.kind === 'binary' ? (op.fn === 'add' ? SUM : undefined) : RULES[op.kind];
}
