/** The programs that train the task, each in a process of its own, one after the other. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { engineEnvironment } from '../native-engine.js';
import { runProcess } from '../run-process.js';

/** One training of the task. */
export interface Side {
  /** Folder name. */
  readonly key: string;
  readonly title: string;
  readonly run: (taskFolder: string, outFolder: string, logPath: string) => Promise<void>;
}

/** PyTorch in float32 on one thread: what the others are compared with. */
export const REFERENCE_KEY = 'torch';

/** How much of each weight is changed at random in the run that shows what a small difference grows to. */
export const NUDGE = 1e-5;

function torchSide(python: string, key: string, title: string, flags: readonly string[]): Side {
  const trainer = join(repoRoot, 'bench', 'parity', 'trainer.py');
  return {
    key,
    title,
    run: (task, out, log) =>
      runProcess(python, ['-B', trainer, task, out, ...flags], { OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }, log),
  };
}

function lockstepSide(engine: 'tensorflow' | 'wasm'): Side {
  return {
    key: `lockstep-${engine}`,
    title: `Lockstep, ${engine}`,
    run: async (task, out, log) => {
      const env = await engineEnvironment(engine, 1);
      await runProcess(process.execPath, [builtEntry('bench/parity/lockstep-run'), task, out, engine], env, log);
    },
  };
}

/**
 * PyTorch four times, as a yardstick for what rounding alone does, then Lockstep on the engines asked for.
 * @param engines `tensorflow`, `wasm` or both
 */
export function listSides(python: string, engines: readonly ('tensorflow' | 'wasm')[]): Side[] {
  return [
    torchSide(python, REFERENCE_KEY, 'PyTorch', []),
    torchSide(python, 'torch-other', 'PyTorch, other kernels', ['--no-mkldnn']),
    torchSide(python, 'torch-float64', 'PyTorch, float64', ['--dtype', 'float64']),
    torchSide(python, 'torch-nudged', 'PyTorch, weights nudged', ['--nudge', String(NUDGE)]),
    ...engines.map(lockstepSide),
  ];
}

/** Whether a side has trained this task before. */
export function isTrained(outFolder: string): boolean {
  return existsSync(join(outFolder, 'losses.json'));
}
