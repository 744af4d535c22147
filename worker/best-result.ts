/** The best validation of a run so far, and what the end of the run tells about it. */
import type { RunSummary, SummaryResults } from '../configs/run-summary.js';
import { figures, perClassRows } from './results.js';
import type { ValReport } from './validator.js';

export class BestResult {
  #fitness: number;
  #epoch: number;
  #metrics: Readonly<Record<string, number>>;
  /** Undefined after a resume until a later epoch is at least as good. */
  #report: ValReport | undefined;

  /** Without arguments: of a fresh run; with them: as a checkpoint remembers it. */
  constructor(fitness = 0, epoch = 0, metrics: Readonly<Record<string, number>> = {}) {
    this.#fitness = fitness;
    this.#epoch = epoch;
    this.#metrics = metrics;
  }

  get fitness(): number {
    return this.#fitness;
  }

  get metrics(): Readonly<Record<string, number>> {
    return this.#metrics;
  }

  /** Whether an epoch with a result was ever the best, so that a best file may be there. */
  get exists(): boolean {
    return this.#report !== undefined || this.#fitness > 0;
  }

  /** Takes an epoch in. Returns whether it is the best; ties count as better, as in the reference (Q29). */
  offer(epoch: number, fitness: number, report: ValReport | undefined): boolean {
    if (fitness < this.#fitness) return false;
    this.#fitness = fitness;
    this.#epoch = epoch;
    this.#report = report;
    this.#metrics = report === undefined ? {} : { ...figures(report) };
    return true;
  }

  /** The part of the summary that speaks of the best epoch. */
  summary(names: readonly string[]): Partial<RunSummary> {
    const report = this.#report;
    return {
      ...(Object.keys(this.#metrics).length > 0 && { results: this.#metrics as unknown as SummaryResults }),
      ...(report !== undefined && {
        perClass: perClassRows(report, names),
        valImages: report.numImages,
        valLabels: report.numLabels,
      }),
      bestEpoch: this.#epoch,
      bestFitness: this.#fitness,
    };
  }
}
