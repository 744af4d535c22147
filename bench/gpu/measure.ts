/**
 * `npm run bench -- gpu`: what is to be known of a GPU, in one go: whether it appears, whether its kernels are right, images per second
 * beside PyTorch in every precision, what of a step is not computing, device memory, and what copying costs. Each part is a process
 * with a time limit, and is written down at once: what is cut off leaves what came before it.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findConfigFile } from '../../configs/find.js';
import { gpuEnvironment } from '../../coordinator/gpu/environment.js';
import { chooseEngine } from '../../coordinator/setup/engine-choice.js';
import { testEngine } from '../../coordinator/setup/load-test.js';
import { LIBRARY_DIR_VARIABLE } from '../../coordinator/setup/native-engine.js';
import { stepPrinter } from '../../coordinator/setup/progress.js';
import { ConfigError, LaunchError, LockstepError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { benchDevices } from '../devices.js';
import { readFlags, writeFlags } from '../flags.js';
import type { CopyFigures } from './copies.js';
import { type GpuResults, readWork, reportOf, type StepLine, type Work } from './report.js';

const PARTS = ['device', 'compliance', 'steps', 'copies'] as const;

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchGpu(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    device: '0',
    only: PARTS.join(),
    work: 'yolov3-tiny:64x640,yolov3:32x640',
    precisions: 'off/off,off/on,fp16/on,bf16/on',
    nc: '80',
    steps: '20',
    rounds: '1',
    threads: '8',
    python: undefined,
    'no-rival': false,
    'limit-s': '280',
    out: join(repoRoot, 'runs', 'gpu'),
  });
  const works = options.work.split(',').map(readWork);
  const parts = options.only.split(',');
  const unknown = parts.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined) {
    throw new ConfigError('CONFIG_USAGE', `--only: no part '${unknown}'`, { hint: `parts are ${PARTS.join(', ')}` });
  }
  const limitMs = Number(options['limit-s']) * 1000;
  const { gpus, description } = await benchDevices(options.device);
  const kind = gpus.length === 0 ? 'cpu' : 'gpu';
  const { native } = await chooseEngine(
    { engine: 'tensorflow', device: kind },
    { onProgress: stepPrinter(process.stderr) },
  );
  const engineEnv: Record<string, string> = { ...native!.env, [LIBRARY_DIR_VARIABLE]: native!.libraryDir };
  /** Of a process that loads the engine by itself, on the first GPU. */
  const ownEnv = {
    ...engineEnv,
    ...gpuEnvironment(process.env, { device: gpus[0], tf32: true, memoryLimitMb: undefined }),
  };
  const results: GpuResults = { device: description, parts: {}, steps: [], copies: [] };
  const out = resolve(options.out);
  await mkdir(out, { recursive: true });
  const keep = async (): Promise<void> => {
    await writeFile(join(out, 'gpu.json'), `${JSON.stringify(results, undefined, 2)}\n`);
    await writeFile(join(out, 'gpu.md'), reportOf(results));
  };
  const part = async (name: string, run: () => Promise<string>): Promise<void> => {
    process.stderr.write(`${name} …\n`);
    results.parts[name] = await run().catch((error: unknown) => {
      if (!(error instanceof LockstepError)) throw error;
      return `failed: ${error.code}: ${error.message}`;
    });
    process.stderr.write(`${name}: ${results.parts[name].split('\n', 1)[0]}\n`);
    await keep();
  };
  const program = (path: string, programArgs: readonly string[], env: NodeJS.ProcessEnv): Promise<string> =>
    runLimited([path, ...programArgs], env, limitMs);

  if (parts.includes('device')) {
    await part('device', async () => {
      const env = { ...process.env, ...ownEnv };
      return `TensorFlow ${await testEngine(native!.libraryDir, { env, needsGpu: kind === 'gpu' })} on ${description}`;
    });
  }
  if (parts.includes('compliance')) {
    await part('compliance', async () => {
      const suite = ['run', 'test/compliance/engine-tensorflow.test.ts', '--reporter=default'];
      const env = { ...ownEnv, LOCKSTEP_TEST_DEVICE: kind === 'gpu' ? '0' : 'cpu', NO_COLOR: '1' };
      const said = await program(join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs'), suite, env);
      return /Tests\s+(.*)/.exec(said)?.[1]?.trim() ?? 'no count';
    });
  }
  if (parts.includes('steps')) {
    const { device, steps, rounds, nc, threads, python } = options;
    const stepFlags = writeFlags({ device, steps, rounds, nc, threads, python });
    for (const work of works) {
      for (const precision of options.precisions.split(',')) {
        await part(`step ${work.cfg} ${work.batch}×${work.img} ${precision}`, async () => {
          const step = (batch: number, more: readonly string[]): Promise<StepLine> =>
            stepLine(program, { ...work, batch }, precision, [...stepFlags, ...more], engineEnv);
          const whole = await step(work.batch, options['no-rival'] ? ['--no-rival'] : []);
          const quarter = work.batch >= 4 ? await step(work.batch / 4, ['--no-rival']) : undefined;
          results.steps.push({ work, precision, whole, quarter });
          return `${whole.imagesPerSecond.toFixed(1)} images/s`;
        });
      }
    }
  }
  if (parts.includes('copies')) {
    for (const work of works) {
      await part(`copies ${work.cfg}`, async () => {
        const model = findConfigFile('models', work.cfg, repoRoot);
        const copyArgs = [model, options.nc, options.threads, kind];
        const said = await program(builtEntry('bench/gpu/copies'), copyArgs, ownEnv);
        const figures = JSON.parse(said) as CopyFigures;
        results.copies.push({ cfg: work.cfg, ...figures });
        return `${(figures.toHostSeconds * 1000).toFixed(1)} ms to the host`;
      });
    }
  }
  process.stdout.write(`${reportOf(results)}\nwritten: ${join(out, 'gpu.json')}, gpu.md\n`);
  if (Object.values(results.parts).some((said) => said.startsWith('failed'))) process.exitCode = 1;
}

async function stepLine(
  program: (path: string, args: readonly string[], env: NodeJS.ProcessEnv) => Promise<string>,
  work: Work,
  precision: string,
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<StepLine> {
  const [amp = '', tf32 = 'on'] = precision.split('/');
  const size = ['--cfg', work.cfg, '--batch', String(work.batch), '--img', String(work.img)];
  const types = ['--amp', amp, '--tf32', tf32, '--shape', 'process', '--json'];
  return JSON.parse(await program(builtEntry('bench/main'), ['step', ...size, ...types, ...flags], env)) as StepLine;
}

/** Runs a Node program in the root of this checkout and resolves to what it printed. */
function runLimited(args: readonly string[], env: NodeJS.ProcessEnv, limitMs: number): Promise<string> {
  return new Promise((resolveRun, reject) => {
    const settings = { cwd: repoRoot, env: { ...process.env, ...env }, timeout: limitMs, maxBuffer: 1 << 26 };
    execFile(process.execPath, args, settings, (error, stdout, stderr) => {
      if (error === null) {
        resolveRun(stdout);
        return;
      }
      const tail = `${stdout}\n${stderr}`.trim().split('\n').slice(-8).join('\n');
      const ended =
        error.killed === true ? `was ended after ${limitMs / 1000} s` : `ended with ${error.signal ?? error.code}`;
      reject(
        new LaunchError('LAUNCH_BENCH_PROCESS', `${args.join(' ')} ${ended}:\n${tail}`, {
          hint: 'run the command by itself; --limit-s gives it more time',
        }),
      );
    });
  });
}
