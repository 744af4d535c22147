/**
 * The factor by which a float16 loss is multiplied, so that small gradients do not vanish below 6e-8. It doubles after
 * 2,000 steps in a row that went well and halves when a gradient overflows (values of PyTorch's GradScaler, which the
 * reference uses as it is). Pure: every rank sees the same steps, so every rank has the same scale.
 */
import type { Amp } from '../../configs/run-config.js';
import { EngineError } from '../../proto/errors.js';
import { scalesLoss } from './policy.js';

/** What a checkpoint keeps of a scaler. */
export interface LossScalerState {
  readonly scale: number;
  /** Steps since the scale last changed. */
  readonly goodSteps: number;
}

/** How a scaler behaves. */
export interface LossScalerSettings {
  /** @defaultValue 65536 */
  readonly initialScale: number;
  /** @defaultValue 2 */
  readonly growthFactor: number;
  /** @defaultValue 0.5 */
  readonly backoffFactor: number;
  /** Good steps in a row after which the scale grows. @defaultValue 2000 */
  readonly growthInterval: number;
}

const DEFAULTS: LossScalerSettings = {
  initialScale: 65_536,
  growthFactor: 2,
  backoffFactor: 0.5,
  growthInterval: 2000,
};

/** Gradients that overflow float16 (65,504) at this scale are above 1e9: no training comes back from there. */
export const MIN_SCALE = 2 ** -14;

export class LossScaler {
  readonly #settings: LossScalerSettings;
  #scale: number;
  #goodSteps = 0;

  constructor(settings: Partial<LossScalerSettings> = {}) {
    this.#settings = { ...DEFAULTS, ...settings };
    this.#scale = this.#settings.initialScale;
  }

  /** A power of two, as long as all settings are: scaling and its undoing then round nothing. */
  get scale(): number {
    return this.#scale;
  }

  get state(): LossScalerState {
    return { scale: this.#scale, goodSteps: this.#goodSteps };
  }

  /** Goes on where a saved scaler stopped. */
  restore({ scale, goodSteps }: LossScalerState): void {
    this.#scale = scale;
    this.#goodSteps = goodSteps;
  }

  /** To be told of each optimizer step. */
  stepped(): void {
    this.#goodSteps += 1;
    if (this.#goodSteps < this.#settings.growthInterval) return;
    this.#goodSteps = 0;
    const grown = Math.fround(this.#scale * this.#settings.growthFactor);
    // Beyond float32 no program could be fed the scale.
    if (Number.isFinite(grown)) this.#scale = grown;
  }

  /** To be told of each step that was skipped because something was not finite. */
  overflowed(): void {
    this.#goodSteps = 0;
    this.#scale *= this.#settings.backoffFactor;
  }
}

/** Returns a fresh scaler, or undefined where a run of this precision needs none. */
export function openLossScaler(amp: Amp, settings?: Partial<LossScalerSettings>): LossScaler | undefined {
  return scalesLoss(amp) ? new LossScaler(settings) : undefined;
}

/**
 * Does nothing while the scale is of use.
 * @throws EngineError `ENGINE_LOSS_SCALE_EXHAUSTED` when gradients overflow however small the scale is
 */
export function requireUsableScale(scale: number, step: number): void {
  if (scale >= MIN_SCALE) return;
  throw new EngineError(
    'ENGINE_LOSS_SCALE_EXHAUSTED',
    `float16 gradients overflow even with the loss scaled by ${scale}: training has diverged`,
    {
      hint: 'lower lr0 or warm up longer (--hyp); --amp bf16 and --amp off know no such limit',
      details: { scale, step },
    },
  );
}
