/** The loader thread: takes tasks, several at a time as sharp decodes in the background, and answers each. */
import { parentPort, workerData } from 'node:worker_threads';
import { Dataset } from '../data/dataset.js';
import { runSampleTask } from '../data/sample-task.js';
import { threadTrace } from '../trace/thread-trace.js';
import type { LoaderInput, LoaderThreadData } from './loader-input.js';
import type { LoaderOutput } from './loader-output.js';

const { table, options, trace } = workerData as LoaderThreadData;
threadTrace.attach(trace);
const report = { found: 0, missing: 0, empty: 0, corrupt: 0, total: 0, messages: [], fromCache: true };
const dataset = new Dataset(table, report);
const port = parentPort!;

let numInWork = 0;
let isClosing = false;

/** sharp keeps handles open, so the thread would not end by itself. In a thread this ends the thread alone. */
function endIfDone(): void {
  if (isClosing && numInWork === 0) process.exit(0);
}

async function answer(input: Extract<LoaderInput, { kind: 'task' }>): Promise<void> {
  numInWork++;
  const beganMs = threadTrace.begin();
  const output: LoaderOutput = { ticket: input.ticket, result: await runSampleTask(dataset, input.task, options) };
  threadTrace.end('sample', beganMs, input.task.index, input.task.epoch);
  port.postMessage(output);
  numInWork--;
  endIfDone();
}

port.on('message', (input: LoaderInput) => {
  if (input.kind === 'close') {
    isClosing = true;
    endIfDone();
    return;
  }
  // A rejection here is a broken program: it ends the thread, and the client tells everyone who waits.
  void answer(input);
});
