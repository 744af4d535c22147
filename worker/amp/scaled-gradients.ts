/** Loss scaling inside a training program: gradients flow scaled and leave unscaled, and those that overflowed are counted. */
import type { ProgramBuilder } from '../engine/builder.js';
import type { Value } from '../engine/program.js';

/** Name of the input with the scale, a float32 scalar: another scale needs no other program. */
export const SCALE_INPUT = 'amp.scale';
/** Name of the output with the number of gradient elements that are not finite, float32 [1]. */
export const OVERFLOW_OUTPUT = 'amp.overflow';

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

export class ScaledGradients {
  readonly #b: ProgramBuilder;
  readonly #scale: Value;
  readonly #inverse: Value;
  readonly #counts: Value[] = [];

  constructor(b: ProgramBuilder) {
    this.#b = b;
    this.#scale = b.input(SCALE_INPUT, []);
    this.#inverse = b.unary('reciprocal', this.#scale);
  }

  /** What to differentiate in place of the loss. */
  scaled(loss: Value): Value {
    return this.#b.mul(loss, this.#scale);
  }

  /** The gradient of the loss itself, out of that of the scaled loss. */
  unscaled(gradient: Value): Value {
    const b = this.#b;
    const unscaled = b.mul(gradient, this.#inverse);
    // A comparison knows NaN and infinity apart from numbers on every engine; 0·g and g − g may be folded to zero.
    const finite = b.binary('greaterEqual', LARGEST_FLOAT32, b.unary('abs', unscaled));
    this.#counts.push(b.reshape(b.sum(b.sub(1, finite)), [1]));
    return unscaled;
  }

  /** Writes the count over all gradients seen so far. */
  finish(): void {
    const [first] = this.#counts;
    const all = this.#counts.length > 1 ? this.#b.sum(this.#b.concat(this.#counts, 0), [0], true) : first;
    this.#b.output(OVERFLOW_OUTPUT, all ?? this.#b.constant(Float32Array.of(0)));
  }
}
