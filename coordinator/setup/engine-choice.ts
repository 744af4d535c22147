/** Decides which engine runs on which kind of device on this host, and says why. */
import { EngineError } from '../../proto/errors.js';
import type { EngineVariant } from './engine-recipe.js';
import { ensureNativeEngine, type NativeEngine } from './native-engine.js';
import { detectNvidia, driverIsSupported, type NvidiaDriver } from './nvidia.js';
import type { OnSetupProgress } from './progress.js';

/** The decision for a host. */
export interface EngineChoice {
  readonly engine: 'tensorflow' | 'wasm';
  readonly device: EngineVariant;
  /** One sentence for people. */
  readonly reason: string;
  /** The staged engine; undefined for wasm. */
  readonly native?: NativeEngine | undefined;
  /** Why something better was not taken, best first; empty when nothing better was wanted. */
  readonly refused: readonly EngineError[];
}

/** What staging a variant does; replaced in tests. */
export type StageEngine = (variant: EngineVariant) => Promise<NativeEngine>;

/**
 * Stages the best engine that was asked for and runs here. With `auto` the order is TensorFlow on GPUs (where a driver is),
 * TensorFlow on the CPU, wasm.
 * @param request.engine `--engine`
 * @param request.device `--device`: `auto` takes GPUs where there are some
 * @throws EngineError of {@link ensureNativeEngine} when the engine was named, or ENGINE_NO_DEVICE when a GPU was
 */
export async function chooseEngine(
  request: { engine: 'auto' | 'tensorflow' | 'wasm'; device: 'auto' | EngineVariant },
  options: {
    onProgress?: OnSetupProgress | undefined;
    env?: NodeJS.ProcessEnv | undefined;
    signal?: AbortSignal | undefined;
    stage?: StageEngine | undefined;
    driver?: Promise<NvidiaDriver | undefined> | undefined;
  } = {},
): Promise<EngineChoice> {
  const { env = process.env, onProgress, signal } = options;
  const stage = options.stage ?? ((device) => ensureNativeEngine({ device, env, onProgress, signal }));
  if (request.engine === 'wasm') {
    if (request.device === 'gpu')
      throw noDevice('the wasm engine runs on the CPU only', 'Use --device cpu or --engine tensorflow.');
    return { engine: 'wasm', device: 'cpu', reason: 'wasm was asked for', refused: [] };
  }
  const driver = request.device === 'cpu' ? undefined : await (options.driver ?? detectNvidia({ env }));
  const refused: EngineError[] = [];
  for (const variant of variantsToTry(request.device, driver)) {
    try {
      const native = await stage(variant);
      return { engine: 'tensorflow', device: variant, reason: reasonFor(native, driver), native, refused };
    } catch (error) {
      if (!(error instanceof EngineError) || request.device === 'gpu') throw error;
      refused.push(error);
    }
  }
  const best = refused[0];
  if (best !== undefined && request.engine === 'tensorflow') throw best;
  return { engine: 'wasm', device: 'cpu', reason: `no native engine here (${best?.code})`, refused };
}

function variantsToTry(device: 'auto' | EngineVariant, driver: NvidiaDriver | undefined): EngineVariant[] {
  const isUsable = driver !== undefined && driverIsSupported(driver.version);
  if (device === 'cpu') return ['cpu'];
  if (device === 'auto') return isUsable ? ['gpu', 'cpu'] : ['cpu'];
  if (isUsable) return ['gpu'];
  throw driver === undefined
    ? noDevice('no NVIDIA driver was found', 'Install one (525 or later), or train on the CPU: --device cpu.')
    : noDevice(
        `NVIDIA driver ${driver.version} is too old for CUDA 12`,
        'Install 525.60.13 or later, or use --device cpu.',
      );
}

function noDevice(message: string, hint: string): EngineError {
  return new EngineError('ENGINE_NO_DEVICE', message, { hint });
}

function reasonFor(native: NativeEngine, driver: NvidiaDriver | undefined): string {
  if (native.variant === 'cpu') return `TensorFlow ${native.version} on the CPU`;
  const names = [...new Set(driver?.gpus.map((gpu) => gpu.name))].join(', ');
  return `TensorFlow ${native.version} on ${driver?.gpus.length || 'the'} GPU${driver?.gpus.length === 1 ? '' : 's'}${names === '' ? '' : ` (${names})`}, driver ${driver?.version}`;
}
