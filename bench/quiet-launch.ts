/** The real launcher, silent, with a worker program of a benchmark's own. */
import { type CompiledRun, compileRun } from '../configs/compile.js';
import { readDatasetYaml } from '../configs/dataset.js';
import type { DatasetConfig } from '../configs/run-config.js';
import { launchRun } from '../coordinator/launch.js';
import { LaunchError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';
import { benchHost } from './devices.js';

export interface QuietLaunch {
  readonly command?: 'train' | 'val' | undefined;
  readonly flags: Readonly<Record<string, string | boolean>>;
  /** The worker program. @defaultValue the real one */
  readonly workerEntry?: string | undefined;
  /** In addition to ours, for the workers. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Finds the data set. @defaultValue reads its YAML and draws nothing */
  readonly readDataset?: ((yamlPath: string) => Promise<DatasetConfig>) | undefined;
}

/**
 * Compiles the flags and runs the launcher in this process to its end.
 * @returns the folder of the run
 * @throws LaunchError `LAUNCH_BENCH_PROCESS` with what the launcher said, when the run fails
 */
export async function quietLaunch(options: QuietLaunch): Promise<string> {
  const compiled = await compileQuietly(options);
  Object.assign(process.env, options.env);
  const said: string[] = [];
  const exitCode = await launchRun(compiled, {
    stdout: { write: () => true },
    stderr: { write: (text) => said.push(text) },
    workerEntry: options.workerEntry,
  });
  if (exitCode === 0 && compiled.config !== undefined) return compiled.config.saveDir;
  throw new LaunchError('LAUNCH_BENCH_PROCESS', `launch ended with exit code ${exitCode}`, {
    hint: said.slice(-12).join('').trim(),
  });
}

/** Compiles the flags as `launch` would on this machine, on the CPU unless `device` says otherwise. */
export async function compileQuietly({ command = 'train', flags, readDataset }: QuietLaunch): Promise<CompiledRun> {
  const device = String(flags.device ?? 'cpu');
  return compileRun({
    command,
    flags: new Map(Object.entries({ ...flags, device })),
    env: {},
    cwd: repoRoot,
    argv: [],
    host: await benchHost(device),
    readDataset: readDataset ?? ((path) => readDatasetYaml(path)),
  });
}
