import type { DatasetTable } from '../data/dataset.js';
import type { TaskList } from '../data/loader/task-lanes.js';
import type { SampleOptions } from '../data/sample.js';
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
  /** Take part in these tasks after those of earlier lists. */
  | { readonly kind: 'list'; readonly list: TaskList }
  /** Begin nothing more, finish what is in work, and end. */
  | { readonly kind: 'close' };
