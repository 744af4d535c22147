/** The scan thread: takes parts of a task until none is left, then waits for the next task. */
import { parentPort } from 'node:worker_threads';
import { serializeError } from '../../proto/errors.js';
import { runLane } from '../data/scan/scan-lane.js';
import type { ScanInput } from './scan-input.js';
import type { ScanOutput } from './scan-output.js';

const port = parentPort!;

function post(output: ScanOutput, moved: ArrayBuffer[] = []): void {
  port.postMessage(output, moved);
}

async function work({ kind, task, claims }: Extract<ScanInput, { kind: 'stat' | 'scan' }>): Promise<void> {
  try {
    await runLane(kind, task, claims, (part) => {
      if (part === undefined) return;
      const { statuses, sizes, labelCounts, labels, pointCounts, points } = part;
      post(
        { kind: 'part', part },
        [statuses, sizes, labelCounts, labels, pointCounts, points].map(({ buffer }) => buffer),
      );
    });
    post({ kind: 'done' });
  } catch (error) {
    post({ kind: 'failed', error: serializeError(error) });
  }
}

port.on('message', (input: ScanInput) => {
  // sharp keeps handles open, so the thread would not end by itself. In a thread this ends the thread alone.
  if (input.kind === 'close') process.exit(0);
  void work(input);
});
