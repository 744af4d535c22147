import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunConfig } from '../../../configs/run-config.js';
import { clock, memory, significant } from '../../../coordinator/format.js';
import { LogRouter } from '../../../coordinator/log-router.js';
import { createMetrics } from '../../../coordinator/metrics.js';
import type { RunEvent } from '../../../coordinator/observer.js';
import { Progress } from '../../../coordinator/progress.js';
import {
  agreedWeights,
  failureExitCode,
  formatFailure,
  formatResults,
  readSummary,
} from '../../../coordinator/report.js';
import { StatusServer } from '../../../coordinator/status-server.js';
import { Terminal } from '../../../coordinator/terminal.js';
import { LockstepError } from '../../../proto/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watching-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stream that keeps what is written. */
class Screen {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 200;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

function terminalOn(screen: Screen, logFormat: 'pretty' | 'json' = 'pretty'): Terminal {
  return new Terminal({ stream: screen, runId: 'r', logFormat, progress: 'auto' });
}

const config = {
  mode: 'train',
  runId: 'r',
  saveDir: '/runs/train/exp3',
  worldSize: 2,
  epochs: 40,
  engine: 'wasm',
  data: { yaml: '/d/shapes.yaml' },
} as unknown as RunConfig;

const step = (stepInEpoch: number, losses: [number, number, number], more = {}): RunEvent => ({
  kind: 'step',
  report: {
    rank: 0,
    step: stepInEpoch,
    epoch: 0,
    stepInEpoch,
    stepsPerEpoch: 4,
    images: 16,
    localImages: 8,
    targets: 30,
    boxLoss: losses[0],
    objLoss: losses[1],
    clsLoss: losses[2],
    stepSeconds: 1,
    phases: [
      { phase: 'forward', seconds: 0.75 },
      { phase: 'allreduce_wait', seconds: 0.25 },
    ],
    learningRates: [0.01, 0.02, 0.1],
    momentum: 0.9,
    allreduceBytes: 1000,
    allreduceSharedBytes: 600,
    allreduceResends: 2,
    allreduceSeconds: 0.2,
    imageSize: 160,
    ...more,
  },
});
const epochEnd: RunEvent = {
  kind: 'epoch',
  report: {
    epoch: 0,
    validated: true,
    valImages: 100,
    labels: 250,
    precision: 0.5,
    recall: 0.4,
    map50: 0.61234,
    map: 0.3,
    ap65: 0.2,
    ap75: 0.1,
    ap80: 0.05,
    ap90: 0.01,
    fitness: 0.33,
    best: true,
    valSeconds: 2,
  },
};

describe('numbers', () => {
  test.each([
    [0.0531249, 4, '0.05312'],
    [12.3456, 4, '12.35'],
    [0.000012, 4, '1.2e-05'],
    [123456, 4, '1.235e+05'],
    [0, 4, '0'],
    [Number.NaN, 4, 'nan'],
  ])("%d with %i significant digits is %s, as C's %%g", (value, digits, expected) => {
    expect(significant(value, digits)).toBe(expected);
  });

  test('times and sizes are short', () => {
    expect([clock(7), clock(754), clock(3723)]).toEqual(['0:07', '12:34', '1:02:03']);
    // 1.25 GiB = 1280 MiB, from 1000 MiB on shown in GiB.
    expect([memory(512 * 2 ** 20), memory(1.25 * 2 ** 30)]).toEqual(['512M', '1.25G']);
  });
});

describe('progress', () => {
  test("has the reference's columns, running means, rate, time left and the share of waiting", () => {
    const screen = new Screen(false);
    let nowMs = 1000;
    const progress = new Progress(terminalOn(screen), 40, () => nowMs);
    progress.observe({ kind: 'heartbeat', report: { rank: 0, residentBytes: 512 * 2 ** 20 } });
    for (const [i, box] of [0.1, 0.2, 0.3, 0.4].entries()) {
      progress.observe(step(i, [box, 1, 0]));
      nowMs += 1000;
    }
    const lines = screen.text.trimEnd().split('\n');
    expect(lines[0]).toBe('     Epoch       mem       box       obj       cls    labels  img_size');
    // Means of 0.1 … 0.4 and of 1; 4 × 16 images in 4 s, the first step having begun 1 s before its report; 0.25 of 1 s waits.
    expect(lines.at(-1)).toBe(
      '      0/39      512M      0.25         1         0        30       160  4/4  16 img/s  0:04<0:00  wait 25%',
    );
    expect(screen.text).not.toContain('\r');
  });

  test('without a terminal says at most one line in five seconds, and the last one of an epoch always', () => {
    const screen = new Screen(false);
    let nowMs = 0;
    const progress = new Progress(terminalOn(screen), 1, () => nowMs);
    for (let i = 0; i < 100; i++) {
      progress.observe(step(i, [1, 1, 1], { stepsPerEpoch: 100 }));
      nowMs += 100;
    }
    // Ten seconds of steps: the first, one at a tenth after five seconds, the last; and the header.
    expect(screen.text.trimEnd().split('\n')).toHaveLength(4);
  });

  test('on a terminal redraws one line and ends each epoch with a whole one', () => {
    const screen = new Screen(true);
    let nowMs = 0;
    const progress = new Progress(terminalOn(screen), 1, () => nowMs);
    for (let i = 0; i < 4; i++) {
      progress.observe(step(i, [1, 1, 1]));
      nowMs += 1000;
    }
    expect(screen.text).toContain('\r\x1b[2K');
    expect(screen.text.endsWith('wait 25%\n')).toBe(true);
  });

  test('after a validation shows the line of results', () => {
    const screen = new Screen(false);
    new Progress(terminalOn(screen), 40).observe(epochEnd);
    expect(screen.text).toContain(
      '                 all        100        250        0.5        0.4      0.612        0.3        0.2        0.1       0.05       0.01\n',
    );
  });

  test('is JSON where JSON was asked for, and silent when switched off', () => {
    const screen = new Screen(false);
    new Progress(terminalOn(screen, 'json'), 40).observe(epochEnd);
    const records = screen.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.at(-1)).toMatchObject({ level: 'info', runId: 'r', epoch: 0, map50: 0.61234 });
    const silent = new Screen(false);
    const terminal = new Terminal({ stream: silent, runId: 'r', logFormat: 'pretty', progress: 'off' });
    new Progress(terminal, 40).observe(epochEnd);
    expect(silent.text).toBe('');
  });
});

describe('worker logs', () => {
  test('become whole lines with their rank, whatever the chunks, also in a file', async () => {
    const screen = new Screen(true);
    const router = new LogRouter(join(folder, 'logs'), terminalOn(screen, 'pretty'));
    const write = router.open(1);
    const bytes = Buffer.from('naïve line\nsecond');
    // Cut inside the two bytes of ï.
    write('stderr', bytes.subarray(0, 3));
    write('stderr', bytes.subarray(3));
    expect(screen.text).toContain('[rank 1]');
    expect(screen.text).toContain('naïve line');
    expect(screen.text).not.toContain('second');
    router.finish(1);
    expect(screen.text).toContain('second');
    expect(router.lastLines(1)).toEqual(['naïve line', 'second']);
    await router.close();
    expect(readFileSync(join(folder, 'logs', 'rank-1.log'), 'utf8')).toBe('naïve line\nsecond\n');
  });

  test('in JSON keep their records and wrap other text; on a terminal records are made readable', async () => {
    const record = '{"level":"warn","time":"2026-01-01T00:00:00.000Z","rank":0,"msg":"image skipped","path":"a.jpg"}';
    const json = new Screen(false);
    const router = new LogRouter(folder, terminalOn(json, 'json'));
    router.open(0)('stdout', Buffer.from(`${record}\nplain\n`));
    const [first, second] = json.text.trimEnd().split('\n');
    expect(first).toBe(record);
    expect(JSON.parse(second ?? '')).toMatchObject({ rank: 0, stream: 'stdout', msg: 'plain' });
    await router.close();
    const pretty = new Screen(false);
    const readable = new LogRouter(folder, terminalOn(pretty));
    readable.open(0)('stdout', Buffer.from(`${record}\n`));
    expect(pretty.text).toMatch(/^\[rank 0\] \[.*\] WARN: image skipped .*a\.jpg/);
    await readable.close();
  });

  test('of a rank keep the last twenty lines', () => {
    const router = new LogRouter(folder, terminalOn(new Screen(false)));
    router.open(0)('stdout', Buffer.from(Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('')));
    expect(router.lastLines(0)).toHaveLength(20);
    expect(router.lastLines(0)[0]).toBe('line 10');
  });
});

describe('metrics', () => {
  test('carry the promised names and what the events say', async () => {
    const { registry, observe } = createMetrics(config, '0.1.0');
    for (const event of [step(0, [0.1, 0.2, 0.3]), step(1, [0.1, 0.2, 0.3], { rank: 1 }), epochEnd]) observe(event);
    observe({ kind: 'workers', states: { running: 2 } });
    observe({ kind: 'checkpoint', report: { bytes: 10, step: 4, seconds: 0.1 } });
    const text = await registry.metrics();
    for (const line of [
      'lockstep_steps_total{rank="0"} 1',
      'lockstep_images_total{rank="1",split="train"} 8',
      'lockstep_loss{component="box",split="train"} 0.1',
      'lockstep_learning_rate{param_group="2"} 0.1',
      'lockstep_step_phase_duration_seconds_sum{rank="0",phase="allreduce_wait"} 0.25',
      'lockstep_allreduce_sent_bytes_total{rank="0"} 1000',
      'lockstep_allreduce_shared_bytes_total{rank="0"} 600',
      'lockstep_allreduce_resends_total{rank="0"} 2',
      'lockstep_allreduce_duration_seconds_sum{rank="0"} 0.2',
      'lockstep_workers{state="running"} 2',
      'lockstep_eval_average_precision_ratio{iou="0.5"} 0.61234',
      'lockstep_images_per_second 16',
      'lockstep_checkpoint_size_bytes 10',
      'lockstep_run_state{state="starting"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).not.toMatch(/^nodejs_active_\w+_total/m);
  });

  test('are served with health and readiness; other paths and methods are refused', async () => {
    const { registry } = createMetrics(config, '0.1.0');
    let isReady = false;
    await using server = await StatusServer.open({ host: '127.0.0.1', port: 0, registry, isReady: () => isReady });
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await fetch(server.url + path, { method })).status;
    expect([
      await status('/healthz'),
      await status('/readyz'),
      await status('/x'),
      await status('/metrics', 'POST'),
    ]).toEqual([200, 503, 404, 405]);
    isReady = true;
    expect(await status('/readyz')).toBe(200);
    const response = await fetch(`${server.url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('lockstep_world_size_ranks 2');
    const port = Number(new URL(server.url).port);
    await expect(StatusServer.open({ host: '127.0.0.1', port, registry, isReady: () => true })).rejects.toMatchObject({
      code: 'TRANSPORT_ADDRESS_IN_USE',
    });
  });
});

describe('the report', () => {
  const results = { precision: 0.5, recall: 0.4, map50: 0.6, map: 0.3, ap65: 0.2, ap75: 0.1, ap80: 0, ap90: 0 };

  test('shows results, hash and the next command, with paths relative to the working folder', () => {
    const summaryJson = JSON.stringify({
      mode: 'train',
      results,
      valImages: 100,
      valLabels: 250,
      epochs: 40,
      seconds: 125,
      bestEpoch: 38,
      bestFitness: 0.33,
      bestWeights: '/runs/train/exp3/weights/best.safetensors',
    });
    const summary = readSummary([{ rank: 0, summaryJson }], 'train');
    const text = formatResults(config, summary, 'abc', false, '/runs').join('\n');
    expect(text).toMatch(/all +100 +250 +0\.5 +0\.4 +0\.6 +0\.3/);
    expect(text).toContain('40 epoch(s) in 2:05');
    expect(text).toContain('results in train/exp3');
    expect(text).toContain('weights sha256 abc');
    expect(text).toContain('next: ./launch val --weights train/exp3/weights/best.safetensors');
    expect(formatResults(config, { mode: 'train' }, '', true, '/runs').at(-1)).toBe(
      'next: ./launch --resume train/exp3/weights/last.safetensors',
    );
  });

  test('refuses weights that differ, naming hashes and ranks', () => {
    expect(
      agreedWeights([
        { rank: 0, weightsSha256: 'a' },
        { rank: 1, weightsSha256: 'a' },
      ]),
    ).toBe('a');
    const differ = [
      { rank: 0, weightsSha256: 'a' },
      { rank: 1, weightsSha256: 'b' },
      { rank: 2, weightsSha256: 'a' },
    ];
    expect(() => agreedWeights(differ)).toThrow(LockstepError);
    expect(() => agreedWeights(differ)).toThrow('a on rank 0, 2; b on rank 1');
  });

  test('of a failure is a box with the cause, and the exit code of its family', () => {
    const cause = {
      rank: 1,
      code: 'DATA_BAD',
      message: 'no image',
      hint: 'look',
      fromWorker: true,
      lastLines: ['last'],
      pid: 7,
      exitCode: 65,
      host: 'h',
      stack: 'at x',
    };
    const text = formatFailure(cause, config, new Date(0)).join('\n');
    for (const part of [
      'no image',
      'DATA_BAD',
      '1970-01-01T00:00:00.000Z',
      'rank     : 1',
      '65 (pid 7)',
      'rank-1.log',
      'last',
      'look',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('at x');
    expect(formatFailure(cause, { ...config, logLevel: 'debug' }, new Date(0)).join('\n')).toContain('at x');
    expect([failureExitCode(cause), failureExitCode({ ...cause, fromWorker: false })]).toEqual([65, 1]);
  });
});
