import type { DatasetTable } from '../data/dataset.js';
import type { SampleOptions } from '../data/sample.js';
import type { SampleTask } from '../data/sample-task.js';
import type { TraceTap } from '../trace/thread-trace.js';

/** What a loader thread is started with. */
export interface LoaderThreadData {
  readonly table: DatasetTable;
  readonly options: SampleOptions;
  /** Set by the thread's owner. @defaultValue not traced */
  readonly trace?: TraceTap | undefined;
}

/** What a loader thread is told. */
export type LoaderInput =
  | { readonly kind: 'task'; readonly ticket: number; readonly task: SampleTask }
  /** Finish what is in work and end. */
  | { readonly kind: 'close' };
