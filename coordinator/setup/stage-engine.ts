/**
 * Stages the native engine ahead of time, for image builds and warm caches, and prints its library folder.
 *
 *   node dist/coordinator/setup/stage-engine.js [cpu|gpu]
 */
import { EXIT, LockstepError } from '../../proto/errors.js';
import { ensureNativeEngine } from './native-engine.js';
import { stepPrinter } from './progress.js';

const device = process.argv[2] === 'gpu' ? 'gpu' : 'cpu';
try {
  const engine = await ensureNativeEngine({ device, onProgress: stepPrinter(process.stderr) });
  process.stdout.write(`${engine.libraryDir}\n`);
} catch (error) {
  if (!(error instanceof LockstepError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n  ${error.hint ?? ''}\n`);
  process.exitCode = EXIT.unavailable;
}
