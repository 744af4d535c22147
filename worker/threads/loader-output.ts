import type { TaskDone } from '../data/loader/task-lanes.js';

/** What a loader thread answers: the result of one task. The pixels are in the task's buffer by then. */
export type LoaderOutput = TaskDone;
