/** Why TensorFlow loads and yet sees no GPU, out of what it logs on the way. */
import { EngineError } from '../../proto/errors.js';

interface KnownFailure {
  readonly code: `ENGINE_${string}`;
  readonly pattern: RegExp;
  readonly message: string;
  readonly hint: string;
}

/** The most telling first: missing libraries also end in "no GPU", a busy device in an allocation that fails. */
const KNOWN: readonly KnownFailure[] = [
  {
    code: 'ENGINE_CUDA_LIBRARIES',
    pattern: /Could not load dynamic library '([^']+)'|Cannot dlopen some GPU libraries/,
    message: "CUDA's libraries are not complete",
    hint: 'Stage the engine anew (remove its folder, see launch doctor), or install the library that is named.',
  },
  {
    code: 'ENGINE_DRIVER_TOO_OLD',
    pattern:
      /driver version is insufficient|forward compatibility was attempted|COMPAT_NOT_SUPPORTED|DRIVER_MISMATCH|does not match DSO version/i,
    message: 'the NVIDIA driver does not go with CUDA 12',
    hint: 'Install driver 525.60.13 or later, and restart the machine if it was just updated.',
  },
  {
    code: 'ENGINE_DEVICE_BUSY',
    pattern: /CUDA_ERROR_DEVICE_UNAVAILABLE|busy or unavailable|CUDA_ERROR_OUT_OF_MEMORY/i,
    message: 'the GPU is taken by another process',
    hint: 'See nvidia-smi for who holds it, wait or end that process, or name another GPU with --device.',
  },
  {
    code: 'ENGINE_NO_DEVICE',
    pattern: /CUDA_ERROR_NO_DEVICE|no CUDA-capable device|CUDA_ERROR_INVALID_DEVICE/i,
    message: 'no GPU is visible to this process',
    hint: 'Check CUDA_VISIBLE_DEVICES, and in a container that it was started with its GPUs (--gpus all).',
  },
];

/**
 * Returns the error that says why no GPU is seen.
 * @param log what TensorFlow wrote, from warnings up
 */
export function gpuFailure(log: string): EngineError {
  const tail = log.trim().split('\n').slice(-6).join('\n');
  for (const { code, pattern, message, hint } of KNOWN) {
    const match = pattern.exec(log);
    if (match === null) continue;
    const what = match[1] === undefined ? message : `${message}: ${match[1]}`;
    return new EngineError(code, `TensorFlow sees no GPU: ${what}\n${tail}`, { hint, details: { found: match[0] } });
  }
  return new EngineError('ENGINE_LOAD_FAILED', `TensorFlow loads but sees no GPU:\n${tail}`, {
    hint: 'Check "nvidia-smi" and CUDA_VISIBLE_DEVICES, or train on the CPU: --device cpu.',
  });
}
