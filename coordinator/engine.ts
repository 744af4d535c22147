/** Makes the engine of this host ready and says which one it is. */
import type { LaunchSettings } from '../configs/launch-settings.js';
import { chooseEngine } from './setup/engine-choice.js';
import { LIBRARY_DIR_VARIABLE } from './setup/native-engine.js';
import { stepPrinter } from './setup/progress.js';
import type { Terminal } from './terminal.js';
import type { PreparedEngine } from './worker-environment.js';

/** An engine that can run on this host. */
export interface ReadyEngine extends PreparedEngine {
  readonly name: 'tensorflow' | 'wasm';
}

/**
 * Stages the engine that the settings ask for.
 * @throws EngineError when the one that was named cannot run here
 */
export async function readyEngine(
  launch: LaunchSettings,
  wanted: LaunchSettings['engine'],
  terminal: Terminal,
): Promise<ReadyEngine> {
  const choice = await chooseEngine(
    { engine: wanted, device: launch.deviceKind },
    { onProgress: stepPrinter(process.stderr) },
  );
  const detail = choice.refused[0] ? `: ${choice.refused[0].message.split('\n')[0]}` : '';
  terminal.say(`engine: ${choice.engine} on ${choice.device} (${choice.reason}${detail})`, 'info', {
    engine: choice.engine,
  });
  const env: Readonly<Record<string, string>> = choice.native
    ? { [LIBRARY_DIR_VARIABLE]: choice.native.libraryDir, ...choice.native.env }
    : {};
  return { name: choice.engine, env, usesGpus: choice.device === 'gpu' };
}
