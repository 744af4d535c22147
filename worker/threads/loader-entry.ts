/** The loader thread: claims tasks of the batches that it is told about, and answers each. */
import { parentPort, workerData } from 'node:worker_threads';
import { Dataset } from '../data/dataset.js';
import { runSampleTask, type SampleResult, type SampleTask } from '../data/loader/sample-task.js';
import { TaskLanes } from '../data/loader/task-lanes.js';
import { threadTrace } from '../trace/thread-trace.js';
import type { LoaderInput, LoaderThreadData } from './loader-input.js';
import type { LoaderOutput } from './loader-output.js';

const { table, options, trace } = workerData as LoaderThreadData;
threadTrace.attach(trace);
const report = { found: 0, missing: 0, empty: 0, corrupt: 0, total: 0, messages: [], fromCache: true };
const dataset = new Dataset(table, report);
const port = parentPort!;

const lanes = new TaskLanes(makeSample, (done: LoaderOutput) => port.postMessage(done));

async function makeSample(task: SampleTask): Promise<SampleResult> {
  const beganMs = threadTrace.begin();
  const result = await runSampleTask(dataset, task, options);
  threadTrace.end('sample', beganMs, task.index, task.epoch);
  return result;
}

port.on('message', (input: LoaderInput) => {
  // A rejection in a lane is a broken program: it ends the thread, and the client tells everyone who waits.
  if (input.kind === 'list') lanes.add(input.list);
  // sharp keeps handles open, so the thread would not end by itself. In a thread this ends the thread alone.
  else void lanes.close().then(() => process.exit(0));
});
