/** Keeps one nvidia-smi process running and hands on what it says about this host's GPUs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Deferred } from '../../proto/lifecycle.js';
import { figuresArguments, type GpuFigures, parseFigures } from './query.js';

export interface GpuSamplerOptions {
  /** Takes each row as it comes; must not throw. */
  readonly onFigures: (figures: GpuFigures) => void;
  /** @defaultValue 5 */
  readonly intervalSeconds?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A driver that is updated or restarted under a long run takes nvidia-smi with it; so many times it is started anew. */
const MAX_STARTS = 10;

/** See {@link GpuSampler.start}. */
export class GpuSampler {
  readonly #options: GpuSamplerOptions;
  readonly #intervalSeconds: number;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  readonly #ended = new Deferred<void>();
  #starts = 0;
  #closed = false;

  private constructor(options: GpuSamplerOptions) {
    this.#options = options;
    this.#intervalSeconds = options.intervalSeconds ?? 5;
  }

  /** Starts sampling. Where there is no nvidia-smi, or it cannot talk to a driver, nothing comes and nothing is said. */
  static start(options: GpuSamplerOptions): GpuSampler {
    const sampler = new GpuSampler(options);
    sampler.#spawn();
    return sampler;
  }

  /** Resolves when no process is left and none will be started. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends the process. Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    if (this.#child === undefined) this.#ended.resolve();
    else this.#child.kill('SIGKILL');
  }

  #spawn(): void {
    this.#starts += 1;
    const child = spawn('nvidia-smi', figuresArguments(this.#intervalSeconds), {
      env: this.#options.env ?? process.env,
      // If this process is killed, the next row finds nobody to read it, and that ends nvidia-smi.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    // The run does not wait for its thermometer.
    child.unref();
    let isMissing = false;
    child.once('error', () => {
      isMissing = true;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const figures = parseFigures(line);
      if (figures !== undefined && !this.#closed) this.#options.onFigures(figures);
    });
    child.once('close', () => {
      this.#child = undefined;
      if (this.#closed || isMissing || this.#starts >= MAX_STARTS) {
        this.#ended.resolve();
        return;
      }
      this.#restart = setTimeout(() => this.#spawn(), this.#intervalSeconds * 1000);
      this.#restart.unref();
    });
  }
}
