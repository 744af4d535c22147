/** One rank of our side: a process with a comms thread, as in training, that sums a vector again and again. Prints its result as JSON. */
import { performance } from 'node:perf_hooks';
import { NO_COMPRESSION } from '../../configs/collective.js';
import { LaunchError } from '../../proto/errors.js';
import { openComms } from '../../worker/threads/comms-client.js';
import { hostOf, MAX_WARM_UP_ROUNDS, type RankJob, type RankResult, RUN } from './job.js';

const job = JSON.parse(process.argv[2] ?? '{}') as RankJob;
const { rank, ranks, endpoint, runtimeDir, payload, transport, gradDtype, collective, bytes, rounds, bucketBytes } =
  job;

await using comms = openComms({
  ...RUN,
  endpoint,
  rank,
  worldSize: ranks,
  localRank: rank,
  nodeRank: 0,
  host: 'bench',
  // Ranks that seem to be on different hosts use TCP.
  hostId: `host-${hostOf(rank, job)}`,
  payload,
  runtimeDir,
  remote: transport === 'tcp' || job.hosts > 1 ? { bindHost: '127.0.0.1' } : undefined,
  // The world here only introduces the ranks to each other.
  coordinatorSilenceMs: 0,
  killProcess: false,
  logLevel: 'error',
});
await comms.join({ engine: { name: 'none', version: '0', device: 'cpu', numThreads: 1 } });

const length = bytes / Float32Array.BYTES_PER_ELEMENT;
const bucketLength = Math.max(1, Math.floor(bucketBytes / Float32Array.BYTES_PER_ELEMENT));
const buckets = Array.from({ length: Math.ceil(length / bucketLength) }, (_, i) => ({
  offset: i * bucketLength,
  length: Math.min(bucketLength, length - i * bucketLength),
}));
const allReduce = comms.openAllReduce(
  { length, buckets, virtualRanks: ranks },
  {
    collective,
    ...(gradDtype !== 'none' && {
      compression: { config: { ...NO_COMPRESSION, method: gradDtype }, seed: 0, stepsBefore: 0 },
    }),
  },
);
const source = new Float32Array(length).fill(rank + 1);

async function barrier(): Promise<void> {
  await comms.gather(new Uint8Array(1));
  await comms.broadcast(rank === 0 ? new Uint8Array(1) : undefined);
}

async function round(): Promise<number> {
  const began = performance.now();
  for (let bucket = 0; bucket < buckets.length; bucket++) allReduce.bucketReady(rank, bucket);
  await allReduce.wait();
  return (performance.now() - began) / 1000;
}

function copyIn(): number {
  const began = performance.now();
  for (const { offset, length: size } of buckets) {
    allReduce.add(rank, offset, source.subarray(offset, offset + size));
  }
  return (performance.now() - began) / 1000;
}

copyIn();
await barrier();
await round();
const expected = (ranks * (ranks + 1)) / 2;
if (allReduce.result.some((value) => value !== expected)) {
  throw new LaunchError('LAUNCH_BENCH_WRONG', `rank ${rank}: the sum of 1 to ${ranks} is not ${expected} everywhere`);
}
await barrier();
// In shared memory, as with the rival, a round's sum is the next one's operand.
for (let i = 1; i < Math.min(rounds, MAX_WARM_UP_ROUNDS); i++) await round();
await barrier();
const cpuBefore = process.cpuUsage();
const seconds: number[] = [];
for (let i = 0; i < rounds; i++) seconds.push(await round());
const cpu = process.cpuUsage(cpuBefore);
// Alone, because it would make ranks wait for each other's copies.
const copySeconds = copyIn();
await barrier();
const result: RankResult = { rank, seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6, copySeconds };
process.stdout.write(`${JSON.stringify(result)}\n`);
await comms.farewell({ rank, stopReason: 'done' });
