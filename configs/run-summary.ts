/** What rank 0 hands over at the end of a run, as the JSON in its Farewell; all but `mode` may be missing. */
export interface RunSummary {
  readonly mode: 'train' | 'val';
  /** Results of the last validation (`val`), or of the best checkpoint's (`train`). */
  readonly results?: SummaryResults | undefined;
  /** Rows per class, for data sets with few classes. */
  readonly perClass?: readonly (SummaryResults & { readonly name: string; readonly labels: number })[] | undefined;
  readonly valImages?: number | undefined;
  readonly valLabels?: number | undefined;
  /** Epochs that were trained in this run. */
  readonly epochs?: number | undefined;
  readonly bestEpoch?: number | undefined;
  readonly bestFitness?: number | undefined;
  readonly seconds?: number | undefined;
  readonly imagesPerSecond?: number | undefined;
  /** Of the time during which rank 0's all-reduce was under way, the share hidden behind computing, 0 … 1. */
  readonly allReduceHiddenShare?: number | undefined;
  /** Absolute paths of the final checkpoints. */
  readonly lastWeights?: string | undefined;
  readonly bestWeights?: string | undefined;
  /** Why training stopped before its last epoch. */
  readonly stopReason?: string | undefined;
}

export interface SummaryResults {
  readonly precision: number;
  readonly recall: number;
  readonly map50: number;
  readonly map: number;
  readonly ap65: number;
  readonly ap75: number;
  readonly ap80: number;
  readonly ap90: number;
}
