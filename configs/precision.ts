/** Which precision a run computes in, once its engine is known. */
import { ConfigError } from '../proto/errors.js';
import type { Amp, RunConfig } from './run-config.js';

/** What the leading host found. */
export interface FoundEngine {
  readonly name: RunConfig['engine'];
  readonly usesGpus: boolean;
}

/**
 * Replaces `auto`: fp16 on GPUs, as in the reference, and off on the CPU, where half precision only costs time.
 * @throws ConfigError `CONFIG_AMP` when half precision was asked of the wasm engine
 */
export function settleAmp(amp: Amp, engine: FoundEngine): Amp {
  if (amp === 'auto') return engine.usesGpus ? 'fp16' : 'off';
  if ((amp === 'fp16' || amp === 'bf16') && engine.name === 'wasm') {
    throw new ConfigError('CONFIG_AMP', `--amp ${amp}: the wasm engine computes in float32 only`, {
      hint: 'leave --amp out, or make the tensorflow engine available (see launch doctor)',
      details: { amp, engine: engine.name },
    });
  }
  return amp;
}
