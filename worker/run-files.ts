/** The files of a training run: checkpoints and results.csv. Only rank 0 writes them. */
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../configs/run-config.js';
import { type CheckpointMetadata, manifestPath, stripCheckpoint, writeCheckpoint } from './checkpoint/checkpoint.js';
import { appendResultsRow, type ResultsRow, truncateResults } from './checkpoint/results-csv.js';
import { float32Tensor } from './checkpoint/tensor.js';
import { toStateTensors } from './checkpoint/transfer.js';
import type { Model } from './model/model.js';
import type { RunProgress } from './starting-point.js';
import type { TrainArrays, TrainState } from './train-state.js';

/** What a checkpoint is made from. */
export interface Snapshot {
  readonly model: Model;
  readonly state: TrainState;
  /** What resuming needs besides the averaged weights. @defaultValue the state's own arrays */
  readonly train?: TrainArrays | undefined;
  readonly progress: RunProgress;
  /** Last finished epoch. */
  readonly epoch: number;
  readonly fitness: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export class RunFiles {
  readonly #config: RunConfig;
  readonly #weights: string;
  readonly #results: string;

  constructor(config: RunConfig) {
    this.#config = config;
    this.#weights = join(config.saveDir, 'weights');
    this.#results = join(config.saveDir, 'results.csv');
  }

  get last(): string {
    return join(this.#weights, 'last.safetensors');
  }

  get best(): string {
    return join(this.#weights, 'best.safetensors');
  }

  /** Makes the folders; of a resumed run, forgets the rows of epochs that will be done again. */
  async open(startEpoch: number): Promise<void> {
    await mkdir(this.#weights, { recursive: true });
    await truncateResults(this.#results, startEpoch);
  }

  async addResults(row: ResultsRow): Promise<void> {
    await appendResultsRow(this.#results, row);
  }

  /** Writes `last`, and lets `best` or `epoch{n}` be the same file where asked. Returns its size in bytes. */
  async save(snapshot: Snapshot, copies: { readonly best: boolean; readonly keep: boolean }): Promise<number> {
    const { model, state, progress, train = snapshot.state.arrays } = snapshot;
    const metadata: CheckpointMetadata = {
      epoch: snapshot.epoch,
      step: state.optimizerSteps,
      finished: false,
      fitness: snapshot.fitness,
      bestFitness: progress.bestFitness,
      metrics: snapshot.metrics,
      boxLoss: this.#config.boxLoss,
      config: this.#config,
      modelYaml: model.yaml,
      names: this.#config.data.names,
      progress,
      counters: state.counters,
    };
    const { bytes } = await writeCheckpoint(this.last, {
      state: toStateTensors(state.exportEma(), model.state),
      train: new Map([...train].map(([name, data]) => [name, float32Tensor([data.length], data)])),
      metadata,
    });
    if (copies.best) await this.#copyLast(this.best);
    if (copies.keep) await this.#copyLast(join(this.#weights, `epoch${snapshot.epoch}.safetensors`));
    return bytes;
  }

  /** Leaves only the averaged weights in the final files, marked as finished. */
  async finish(hasBest: boolean): Promise<void> {
    await stripCheckpoint(this.last);
    // A run that saves at its end only has no best file when an earlier epoch was the best (Q28).
    if (hasBest && existsSync(this.best)) await stripCheckpoint(this.best);
  }

  /** The next `last` replaces its file instead of writing into it, so a hard link is a copy that costs nothing. */
  async #copyLast(target: string): Promise<void> {
    for (const [from, to] of [
      [this.last, target],
      [manifestPath(this.last), manifestPath(target)],
    ] as const) {
      const temporary = `${to}.${process.pid}.tmp`;
      await rm(temporary, { force: true });
      // Some file systems know no hard links.
      await link(from, temporary).catch(() => copyFile(from, temporary));
      await rename(temporary, to);
    }
  }
}
