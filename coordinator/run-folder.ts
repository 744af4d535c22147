/** The files that the launcher itself writes into a run's folder. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RunConfig } from '../configs/run-config.js';
import { LaunchError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';

/** Facts of a run for `run.json`; what is not known yet is left out. */
export interface RunFacts {
  readonly metricsUrl?: string;
  readonly launcherPid?: number;
  readonly workerPids?: readonly number[];
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly exitCode?: number;
  readonly weightsSha256?: string;
  readonly failure?: unknown;
}

/**
 * Makes the folder and writes the resolved configuration: config.json (what `--resume` reads), hyp.yaml and opt.yaml
 * (as in the reference) and run.json (machine, versions, command line).
 * @throws LaunchError `LAUNCH_CANNOT_WRITE`
 */
export function openRunFolder(config: RunConfig, version: string): RunFolder {
  const folder = new RunFolder(config.saveDir);
  try {
    mkdirSync(config.mode === 'train' ? join(config.saveDir, 'weights') : config.saveDir, { recursive: true });
    folder.write('config.json', `${JSON.stringify(config, null, 2)}\n`);
    folder.write('hyp.yaml', stringify(config.hyp));
    const { hyp: _, data, ...options } = config;
    folder.write('opt.yaml', stringify({ ...options, data: data.yaml }));
  } catch (cause) {
    throw new LaunchError(
      'LAUNCH_CANNOT_WRITE',
      `cannot write into the run folder ${config.saveDir}: ${(cause as NodeJS.ErrnoException).code}`,
      {
        hint: 'choose another place with --project and --name, or make room',
        cause,
      },
    );
  }
  folder.update({
    version,
    revision: gitRevision(),
    command: config.command,
    runId: config.runId,
    host: hostname(),
    node: process.version,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    launcherPid: process.pid,
    startedAt: new Date().toISOString(),
  });
  return folder;
}

export class RunFolder {
  readonly path: string;
  #facts: Readonly<Record<string, unknown>> = {};

  constructor(path: string) {
    this.path = path;
  }

  /** Writes a file whole or not at all. */
  write(name: string, text: string): void {
    const path = join(this.path, name);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  }

  /** Adds facts to run.json. A full disk does not end a run for it. */
  update(facts: RunFacts & Readonly<Record<string, unknown>>): void {
    this.#facts = { ...this.#facts, ...facts };
    try {
      this.write('run.json', `${JSON.stringify(this.#facts, null, 2)}\n`);
    } catch {
      // The facts are also on the terminal.
    }
  }
}

/** The version in package.json. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function gitRevision(): string | undefined {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: repoRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2000,
    }).trim();
  } catch {
    return undefined;
  }
}
