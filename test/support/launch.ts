/** Runs the real command line as a user would, and reads what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtEntry } from '../../proto/paths.js';

/** A finished launch. */
export interface LaunchResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A launch that runs. */
export interface RunningLaunch {
  readonly process: ChildProcess;
  readonly result: Promise<LaunchResult>;
  /** Resolves with the match as soon as standard output and error together contain it; rejects when the launch ends without. */
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** Starts `launch` with these arguments. */
export function startLaunch(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningLaunch {
  const child = spawn(process.execPath, [builtEntry('coordinator/cli/index'), ...args], {
    env: { ...process.env, ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const onText = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onText();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onText();
  });
  const result = new Promise<LaunchResult>((resolve) => {
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return {
    process: child,
    result,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = `${stdout}\n${stderr}`.match(pattern);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void result.then((ended) => {
          look();
          if (waiting.delete(look)) {
            reject(new Error(`launch ended with ${ended.exitCode} before ${pattern} was seen:\n${stdout}\n${stderr}`));
          }
        });
      }),
  };
}

/** Runs `launch` to its end. */
export function launch(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LaunchResult> {
  return startLaunch(args, env).result;
}

/** A temporary folder with a tiny generated data set; disposed of with everything in it. */
export interface Playground extends AsyncDisposable {
  readonly folder: string;
  /** YAML of the data set. */
  readonly data: string;
}

/** Makes a playground whose data set has these numbers of 64 px images. */
export async function makePlayground(trainImages: number, valImages: number): Promise<Playground> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-e2e-'));
  const data = join(folder, 'shapes.yaml');
  await writeFile(
    data,
    [
      'generator:',
      '  kind: shapes',
      `  train_images: ${trainImages}`,
      `  val_images: ${valImages}`,
      '  imgsz: 64',
      '  seed: 7',
      'nc: 3',
      'names: [circle, rectangle, triangle]',
      '',
    ].join('\n'),
  );
  return { folder, data, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** The SHA-256 that a run printed of its final weights. */
export function weightsHash(result: LaunchResult): string {
  const hash = result.stdout.match(/weights sha256\s+([0-9a-f]{64})/i)?.[1];
  if (hash === undefined) throw new Error(`no hash of the weights in:\n${result.stdout}\n${result.stderr}`);
  return hash;
}

/** Command lines of the live processes that carry this run's id or folder in their environment. */
export async function processesOf(marker: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
    const state = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => ' Z ');
    if (environment.includes(marker) && !state.includes(') Z ')) found.push(Number(entry));
  }
  return found;
}
