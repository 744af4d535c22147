/** Spans inside a run of the engine, seen from outside: what lies between two hand-outs is computing, a hand-out itself is copying. */
import type { OutputHandler } from '../engine/engine.js';
import { threadTrace } from './thread-trace.js';

/** Outputs of one stage follow each other at once; only what is longer is worth a span. */
const MIN_STAGE_MS = 0.02;

/**
 * Returns `handler`, with spans `stage` and `copy` around it while a trace is recorded; otherwise `handler` itself.
 * @param bucketOf the bucket of a gradient; −1 for other outputs
 */
export function withOutputSpans(handler: OutputHandler, bucketOf: (name: string) => number): OutputHandler {
  let sinceMs = threadTrace.begin();
  if (sinceMs === 0) return handler;
  return (name, tensor) => {
    const numElements = tensor.shape.reduce((product, size) => product * size, 1);
    const bucket = bucketOf(name);
    if (performance.now() - sinceMs > MIN_STAGE_MS) threadTrace.end('stage', sinceMs, bucket);
    const beganMs = threadTrace.begin();
    handler(name, tensor);
    threadTrace.end('copy', beganMs, bucket, numElements);
    sinceMs = performance.now();
  };
}
