/** What an epoch leaves on disk: a row of results, and checkpoints. All ranks gather what belongs into them; rank 0 writes. */
import type { SummedVector } from './collective/summed-vector.js';
import { gatherCompression } from './compression-state.js';
import type { Model } from './model/model.js';
import type { IterationRates } from './optim/schedule.js';
import { figures } from './results.js';
import type { RunContext } from './run-context.js';
import type { RunFiles } from './run-files.js';
import { type Losses, NO_LOSS } from './run-reports.js';
import type { RunProgress } from './starting-point.js';
import { threadTrace } from './trace/thread-trace.js';
import type { TrainArrays, TrainState } from './train-state.js';
import type { ValReport } from './validator.js';

export interface EpochFilesParts extends Pick<RunContext, 'config' | 'comms' | 'rank'> {
  readonly model: Model;
  readonly state: TrainState;
  readonly files: RunFiles;
  /** Holds what compression has left out so far. */
  readonly sum: SummedVector;
}

/** A finished epoch. */
export interface FinishedEpoch {
  readonly epoch: number;
  readonly losses: Losses;
  /** Of its last step. */
  readonly rates: IterationRates;
  /** Undefined when the epoch was not validated. */
  readonly report: ValReport | undefined;
  readonly score: number;
  readonly isBest: boolean;
  /** The run ends with it. */
  readonly final: boolean;
  /** Where a resumed run goes on. */
  readonly progress: RunProgress;
}

export class EpochFiles {
  readonly #parts: EpochFilesParts;

  constructor(parts: EpochFilesParts) {
    this.#parts = parts;
  }

  /** Writes the row of an epoch and its checkpoint. Every rank calls it. */
  async finished({ epoch, losses, rates, report, score, isBest, final, progress }: FinishedEpoch): Promise<void> {
    const { comms, config, files, rank, sum } = this.#parts;
    // A finished run is not continued.
    const compression = final || config.nosave ? undefined : await gatherCompression(comms, sum);
    if (rank !== 0) return;
    const metrics = figures(report);
    await files.addResults({
      epoch,
      trainLoss: losses,
      ...metrics,
      valLoss: report?.loss ?? NO_LOSS,
      lr: rates.lr,
    });
    if (config.nosave && !final) return;
    const keep = config.savePeriod > 0 && epoch > 0 && epoch % config.savePeriod === 0;
    await this.#save({ progress, epoch, score, metrics: { ...metrics }, copies: { best: isBest, keep }, compression });
  }

  /** Writes the checkpoint of an epoch that was interrupted, with the weights of the last step. Every rank calls it. */
  async interrupted(epoch: number, progress: RunProgress): Promise<void> {
    const { comms, rank, sum } = this.#parts;
    const compression = await gatherCompression(comms, sum);
    if (rank !== 0) return;
    const copies = { best: false, keep: false };
    await this.#save({ progress, epoch: epoch - 1, score: 0, metrics: {}, copies, compression });
  }

  async #save(checkpoint: {
    readonly progress: RunProgress;
    readonly epoch: number;
    readonly score: number;
    readonly metrics: Readonly<Record<string, number>>;
    readonly copies: { readonly best: boolean; readonly keep: boolean };
    readonly compression: TrainArrays | undefined;
  }): Promise<void> {
    const { comms, files, model, state } = this.#parts;
    const { progress, epoch, score, metrics, copies, compression } = checkpoint;
    const started = performance.now();
    const checkpointMs = threadTrace.begin();
    comms.setProgress(state.iteration, 'checkpoint');
    const train: TrainArrays = compression === undefined ? state.arrays : new Map([...state.arrays, ...compression]);
    const bytes = await files.save({ model, state, train, progress, epoch, fitness: score, metrics }, copies);
    threadTrace.end('checkpoint', checkpointMs);
    const seconds = (performance.now() - started) / 1000;
    comms.report({ checkpointNotice: { path: files.last, epoch, step: state.iteration, bytes, seconds } });
  }
}
