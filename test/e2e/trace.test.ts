/** The trace of a run, and buckets that are tuned while it goes: through the real command line, with real processes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CheckedSpan, crossingSpans, endOf, readTrace } from '../support/chrome-trace.js';
import { STEP_SEEN } from '../support/interrupted-run.js';
import { launch, makePlayground, type Playground, startLaunch, weightsHash } from '../support/launch.js';

/** Cutting the backward pass is the native engine's; where it is not built, the other one shows the rest. */
const ENGINE = process.env.LOCKSTEP_TF_LIB_DIR === undefined ? 'wasm' : 'tensorflow';

/** Sums in shared memory send nothing. */
const WAYS = { messages: ['--payload', 'zmq'], 'shared memory': ['--payload', 'shm'] } as const;
const WAY_NAMES = Object.keys(WAYS) as (keyof typeof WAYS)[];

function args(playground: Playground, name: string, ...more: string[]): string[] {
  return [
    ...['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'],
    ...['--project', playground.folder, '--name', name, '--device', 'cpu', '--engine', ENGINE, '--nproc', '2'],
    ...['--threads-per-worker', '1', '--loader-threads', '1', '--epochs', '1', ...more],
  ];
}

const named = (spans: readonly CheckedSpan[], name: string) => spans.filter((span) => span.name === name);

describe('a traced run', () => {
  let playground: Playground;
  const traces = new Map<string, ReturnType<typeof readTrace>>();
  const outputs = new Map<string, string>();

  beforeAll(async () => {
    playground = await makePlayground(8, 2);
    for (const payload of WAY_NAMES) {
      const run = await launch(
        args(playground, payload, '--batch-size', '4', '--trace', '1:2', '--bucket-mb', '4', ...WAYS[payload]),
      );
      expect(run.exitCode, run.stderr).toBe(0);
      traces.set(payload, readTrace(await readFile(join(playground.folder, payload, 'trace.json'), 'utf8')));
      outputs.set(payload, run.stdout + run.stderr);
    }
    return () => playground[Symbol.asyncDispose]();
  }, 120_000);

  it.each(WAY_NAMES)('nests the spans of every track and shows every phase of both ranks (%s)', (payload) => {
    const { spans, tracks } = traces.get(payload)!;
    expect(crossingSpans(spans)).toEqual([]);
    for (const rank of [0, 1]) {
      const own = spans.filter(({ pid }) => pid === rank);
      expect(named(own, 'step').map(({ args: { step } }) => step)).toEqual([1, 2]);
      for (const phase of ['data_wait', 'host_to_device', 'forward_backward', 'allreduce_wait', 'optimizer', 'ema'])
        expect(named(own, phase), `${phase} of rank ${rank}`).toHaveLength(2);
      // Seventeen layers' gradients of 35 MB in buckets of 4 MiB and more: several, each computed, copied, and under way once per step.
      const buckets = new Set(named(own, 'bucket').map(({ args: { bucket } }) => bucket));
      expect(buckets.size).toBeGreaterThan(3);
      expect(named(own, 'bucket')).toHaveLength(2 * buckets.size);
      expect(new Set(named(own, 'copy').map(({ args: { bucket } }) => bucket))).toEqual(new Set([-1, ...buckets]));
      expect(named(own, 'reduce').length).toBeGreaterThan(0);
      for (const data of ['batch', 'sample', 'augment', 'decode'])
        expect(named(own, data).length, data).toBeGreaterThan(0);
      expect([...tracks.values()].filter((track) => track.startsWith(`rank ${rank} `))).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/: main$/),
          expect.stringMatching(/: comms$/),
          expect.stringMatching(/: loader 0: sample$/),
        ]),
      );
    }
  });

  it.each(WAY_NAMES)('keeps what belongs to a step inside it (%s)', (payload) => {
    const { spans } = traces.get(payload)!;
    for (const name of ['forward_backward', 'allreduce_wait', 'stage', 'copy', 'optimizer', 'ema']) {
      for (const inner of named(spans, name)) {
        const around = named(spans, 'step').filter(
          (step) => step.pid === inner.pid && step.ts <= inner.ts && endOf(step) >= endOf(inner) - 0.002,
        );
        expect(around, `${name} at ${inner.ts}`).toHaveLength(1);
      }
    }
  });

  it('has both ranks on one clock: no message ends before it was begun, and every segment that was sent arrived', () => {
    const { spans, arrows } = traces.get('messages')!;
    // Of the second step, which all record from its beginning to its end, no message is missing.
    const isOfStep2 = ({ args: { round, phase } }: CheckedSpan) => round === 2 && (phase === 0 || phase === 1);
    const received = named(spans, 'receive').filter(isOfStep2);
    expect(received.length).toBe(named(spans, 'send').filter(isOfStep2).length);
    const ends = new Set(arrows.map(({ to: { pid, ts } }) => `${pid} ${ts}`));
    for (const one of received) expect(ends).toContain(`${one.pid} ${Math.round(endOf(one) * 1000) / 1000}`);
    expect(new Set(arrows.map(({ from, to }) => `${from.pid}>${to.pid}`))).toEqual(new Set(['0>1', '1>0']));
    for (const { from, to } of arrows) expect(to.ts).toBeGreaterThan(from.ts);
    // Neither rank can have a bucket before the other one gave its part.
    for (const bucket of named(spans, 'bucket')) {
      const other = named(spans, 'bucket').find(
        ({ pid, args: { round, bucket: b } }) =>
          pid !== bucket.pid && round === bucket.args.round && b === bucket.args.bucket,
      );
      expect(endOf(bucket)).toBeGreaterThan(other!.ts);
    }
  });

  it('says how much of the all-reduce was hidden, per epoch and at the end', async () => {
    for (const payload of WAY_NAMES) {
      expect(outputs.get(payload)).toMatch(/epoch 0: \d+% of the all-reduce hidden behind computing/);
      const { summary } = JSON.parse(await readFile(join(playground.folder, payload, 'run.json'), 'utf8')) as {
        summary: { allReduceHiddenShare: number };
      };
      expect(summary.allReduceHiddenShare).toBeGreaterThanOrEqual(0);
      expect(summary.allReduceHiddenShare).toBeLessThanOrEqual(1);
    }
  });
});

describe('a traced run that does not come to the end of its steps', () => {
  it('leaves the trace of the ranks that outlived a killed one', async () => {
    await using playground = await makePlayground(64, 2);
    const run = startLaunch(args(playground, 'killed', '--batch-size', '4', '--trace', '1:1000'));
    await run.waitFor(STEP_SEEN);
    const facts = JSON.parse(await readFile(join(playground.folder, 'killed', 'run.json'), 'utf8')) as {
      workerPids: number[];
    };
    process.kill(facts.workerPids[1]!, 'SIGKILL');
    const ended = await run.result;
    expect(ended.exitCode).toBeGreaterThan(0);
    const path = join(playground.folder, 'killed', 'trace.json');
    expect(ended.stderr).toContain(`trace up to the end of the run: ${path}`);
    const { spans } = readTrace(await readFile(path, 'utf8'));
    expect(crossingSpans(spans)).toEqual([]);
    expect(new Set(spans.map(({ pid }) => pid))).toEqual(new Set([0]));
    expect(named(spans, 'step')[0]!.args.step).toBe(1);
    expect((await readdir(join(playground.folder, 'killed'))).filter((name) => name.endsWith('.spans'))).toEqual([]);
  }, 120_000);

  it('is written by all ranks when the run is interrupted', async () => {
    await using playground = await makePlayground(64, 2);
    const run = startLaunch(args(playground, 'stopped', '--batch-size', '4', '--trace', '1:1000'));
    await run.waitFor(STEP_SEEN);
    run.process.kill('SIGINT');
    const ended = await run.result;
    expect(ended.exitCode, ended.stderr).toBe(75);
    const { spans } = readTrace(await readFile(join(playground.folder, 'stopped', 'trace.json'), 'utf8'));
    const steps = [0, 1].map((rank) => named(spans, 'step').filter(({ pid }) => pid === rank));
    expect(steps[0]!.length).toBeGreaterThan(0);
    expect(steps[1]!.length).toBe(steps[0]!.length);
  }, 120_000);
});

describe('--bucket-mb', () => {
  it('changes no bit of the weights, also where auto changes the buckets in the middle of the run', async () => {
    await using playground = await makePlayground(40, 2);
    const hashes: string[] = [];
    for (const [size, way] of [
      ['0.5', 'shared memory'],
      ['64', 'messages'],
      ['auto', 'shared memory'],
      ['auto', 'messages'],
    ] as const) {
      const name = `${size}-${way}`;
      // Ten steps: auto changes over after the seventh.
      const run = await launch(
        args(playground, name, '--batch-size', '4', '--bucket-mb', size, '--noval', ...WAYS[way]),
      );
      expect(run.exitCode, run.stderr).toBe(0);
      hashes.push(weightsHash(run));
      const log = await readFile(join(playground.folder, name, 'logs', 'rank-0.log'), 'utf8');
      expect(log.includes('buckets chosen')).toBe(size === 'auto');
    }
    expect(new Set(hashes).size).toBe(1);
  }, 120_000);
});
