/** The worker that measures all-reduces by themselves: rounds of one bucket with nothing computed in between. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCodecKernels } from '../../worker/collective/compression/kernels.js';
import { segmentCodec } from '../../worker/collective/compression/segment-codec.js';
import { openAddKernels } from '../../worker/collective/sum-heap.js';
import { readEnvironment } from '../../worker/environment.js';
import { runMember } from '../../worker/member.js';
import { barrier, type RunContext, type RunOutcome } from '../../worker/run-context.js';
import { SimdHeap } from '../../worker/simd/heap.js';
import { median } from '../median.js';
import { type CodecSpeeds, type LinkSample, readLinkTask } from './link-sample.js';

const WARM_UP_ROUNDS = 5;
const ADD_ELEMENTS = 2 ** 22;
const ADD_REPEATS = 5;

/** Bytes of float32 that one thread adds to others per second. */
function measureAdding(): number {
  const heap = new SimdHeap();
  const kernels = openAddKernels(heap);
  const [a, b] = [heap.float32(ADD_ELEMENTS).fill(1), heap.float32(ADD_ELEMENTS).fill(2)];
  const seconds = Array.from({ length: ADD_REPEATS }, () => {
    const startedMs = performance.now();
    kernels.addBoth(a.byteOffset, a.byteOffset, b.byteOffset, ADD_ELEMENTS);
    return (performance.now() - startedMs) / 1000;
  });
  return a.byteLength / median(seconds);
}

function measureCodec(method: keyof CodecSpeeds): number {
  const heap = new SimdHeap();
  const codec = segmentCodec(method, openCodecKernels(heap.memory), { topKRatio: 1, scratch: 0 });
  const [values, residual] = [heap.float32(ADD_ELEMENTS).fill(1 / 3), heap.float32(ADD_ELEMENTS)];
  const encoded = heap.allocate(codec.encodedBytes(ADD_ELEMENTS));
  const seconds = Array.from({ length: ADD_REPEATS }, () => {
    const startedMs = performance.now();
    codec.encode(values.byteOffset, residual.byteOffset, encoded, 0, 0, ADD_ELEMENTS, 0);
    codec.decode(encoded, values.byteOffset, ADD_ELEMENTS);
    return (performance.now() - startedMs) / 1000;
  });
  return (2 * values.byteLength) / median(seconds);
}

async function measureLink(context: RunContext): Promise<RunOutcome> {
  const { numElements, numRounds } = readLinkTask();
  const { comms, config, rank } = context;
  const allReduce = comms.openAllReduce({
    length: numElements,
    buckets: [{ offset: 0, length: numElements }],
    virtualRanks: config.virtualRanks,
  });
  const { begin } = allReduce.virtualRange;
  const own = new Float32Array(numElements).fill(rank);
  const seconds: number[] = [];
  for (let round = 0; round < numRounds + WARM_UP_ROUNDS; round++) {
    allReduce.add(begin, 0, own);
    await barrier(context);
    const startedMs = performance.now();
    allReduce.bucketReady(begin, 0);
    await allReduce.wait();
    if (round >= WARM_UP_ROUNDS) seconds.push((performance.now() - startedMs) / 1000);
  }
  const sample: LinkSample = {
    seconds: median(seconds),
    addBytesPerSecond: measureAdding(),
    codecs: { bf16: measureCodec('bf16'), int8: measureCodec('int8') },
  };
  writeFileSync(join(config.saveDir, `rank-${rank}.json`), JSON.stringify(sample));
  return { weightsSha256: '', stopReason: 'done', resumable: false, summaryJson: '' };
}

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.exitCode = await runMember(readEnvironment(), measureLink);
