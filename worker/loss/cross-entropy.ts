/** Binary cross-entropy on logits, with the weight of positives and the focal factor of the reference. */
import type { ProgramBuilder } from '../engine/builder.js';
import type { Value } from '../engine/program.js';

/** Weight of positives in the focal factor ("Focal loss for dense object detection", section 3.2). */
const FOCAL_ALPHA = 0.25;
/** Keeps the gradient of a root at certainty finite; far below anything that counts. */
const SMALLEST_FOCAL_BASE = 1e-20;

export interface CrossEntropyOptions {
  /** Weight of positives. @defaultValue 1 */
  readonly posWeight?: number | undefined;
  /** Exponent of the focal factor; 0: off. @defaultValue 0 */
  readonly gamma?: number | undefined;
}

/**
 * Writes −[pw·y·ln σ(x) + (1 − y)·ln(1 − σ(x))] for every element, by softplus, which neither overflows nor cancels.
 * With γ > 0 times (α·y + (1 − α)(1 − y))·(1 − p)^γ, p the probability of the right answer.
 * @param logits any shape
 * @param labels of the same shape, in 0–1; no gradient flows through them
 */
export function binaryCrossEntropy(
  b: ProgramBuilder,
  logits: Value,
  labels: Value,
  options: CrossEntropyOptions,
): Value {
  const { posWeight = 1, gamma = 0 } = options;
  const opposite = b.sub(1, labels);
  const flipped = b.unary('neg', logits);
  const positive = b.mul(posWeight === 1 ? labels : b.mul(labels, posWeight), b.unary('softplus', flipped));
  const loss = b.add(positive, b.mul(opposite, b.unary('softplus', logits)));
  if (gamma === 0) return loss;
  const wrong = b.add(b.mul(labels, b.unary('sigmoid', flipped)), b.mul(opposite, b.unary('sigmoid', logits)));
  const modulation = b.binary('pow', b.max(wrong, SMALLEST_FOCAL_BASE), gamma);
  const alpha = b.add(b.mul(labels, FOCAL_ALPHA), b.mul(opposite, 1 - FOCAL_ALPHA));
  return b.mul(loss, b.mul(alpha, modulation));
}
