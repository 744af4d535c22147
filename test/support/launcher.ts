/** Starts the launcher with fake workers and watches it from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../../proto/paths.js';

export class Launcher {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], fake: Readonly<Record<string, unknown>>, cwd: string) {
    this.child = spawn(process.execPath, [join(repoRoot, 'test/support/fake-launch.mjs'), ...args], {
      cwd,
      env: { ...process.env, FAKE: JSON.stringify(fake), TMPDIR: cwd },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#took('stdout', chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => this.#took('stderr', chunk));
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal });
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  /** Resolves once standard error matches; rejects when the launcher ends without. */
  async waitFor(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.stderr)) resolve();
        else if (this.child.exitCode !== null) reject(new Error(`ended without ${pattern}:\n${this.stderr}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #took(name: 'stdout' | 'stderr', chunk: Buffer): void {
    this[name] += chunk.toString();
    for (const watcher of this.#watchers) watcher();
  }
}

/** A folder for one test; removed by the returned function. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ls-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The run.json of a run folder. */
export function runFacts(saveDir: string): { workerPids: number[]; metricsUrl: string; exitCode?: number } {
  const path = join(saveDir, 'run.json');
  if (!existsSync(path)) throw new Error(`${path} is missing`);
  return JSON.parse(readFileSync(path, 'utf8')) as { workerPids: number[]; metricsUrl: string; exitCode?: number };
}

/** Tells whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when a process is gone. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A port that was free a moment ago; for the tests in which two processes must agree on one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
