/**
 * Measures training steps of one process without a launcher: `npm run bench -- step --cfg yolov3-tiny --batch 8 --img 416`.
 * Prints one line, JSON with --json: images per second (median over steps), seconds per phase, peak memory.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunConfig } from '../configs/run-config.js';
import { DEFAULT_HYP } from '../configs/schema/hyp.js';
import { repoRoot } from '../proto/paths.js';
import { randomStream } from '../proto/random.js';
import type { Batch } from '../worker/data/batch.js';
import { openEngine } from '../worker/engine/registry.js';
import { initialState } from '../worker/model/initial-state.js';
import { resolveModel } from '../worker/model/resolve.js';
import { parseModelYaml } from '../worker/model/spec.js';
import { createSchedule } from '../worker/optim/schedule.js';
import { AllReduce } from '../worker/threads/all-reduce-client.js';
import type { Comms } from '../worker/threads/comms-client.js';
import { TrainPrograms } from '../worker/train-program.js';
import { TrainState } from '../worker/train-state.js';
import { Trainer } from '../worker/trainer.js';

const { values: options } = parseArgs({
  options: {
    cfg: { type: 'string', default: 'yolov3-tiny' },
    batch: { type: 'string', default: '8' },
    img: { type: 'string', default: '416' },
    nc: { type: 'string', default: '80' },
    steps: { type: 'string', default: '6' },
    threads: { type: 'string', default: '2' },
    engine: { type: 'string', default: 'tensorflow' },
    'bucket-mb': { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const numImages = Number(options.batch);
const imgsz = Number(options.img);
const nc = Number(options.nc);
const numSteps = Number(options.steps);

/** A batch of noise with seven boxes on each image, about as many as COCO has. */
function noiseBatch(): Batch {
  const random = randomStream(0, 'bench step');
  const images = new Uint8Array(numImages * imgsz * imgsz * 3);
  for (let i = 0; i < images.length; i++) images[i] = (i * 2654435761) >>> 24;
  const rows = Array.from({ length: numImages * 7 }, (_, i) => [
    Math.floor(i / 7),
    random.integer(0, nc - 1),
    random.uniform(0.2, 0.8),
    random.uniform(0.2, 0.8),
    random.uniform(0.05, 0.4),
    random.uniform(0.05, 0.4),
  ]);
  return {
    epoch: 0,
    images,
    numImages,
    height: imgsz,
    width: imgsz,
    targets: Float32Array.from(rows.flat()),
    numTargets: rows.length,
    items: [],
    badItems: [],
    release: () => {},
  };
}

const config = {
  mode: 'train',
  data: { yaml: '', train: [], val: [], test: [], nc, names: [] },
  hyp: DEFAULT_HYP,
  imgsz,
  batchSize: numImages,
  boxLoss: 'sca',
  scaAlpha: 1,
  labelSmoothing: 0,
  freeze: 0,
  bucketMb: Number(options['bucket-mb']),
  optimizer: 'sgd',
} as unknown as RunConfig;

const path = join(repoRoot, 'configs', 'models', `${options.cfg}.yaml`);
const engine = await openEngine(options.engine as 'tensorflow' | 'wasm', {
  numThreads: Number(options.threads),
  device: 'cpu',
});
const model = resolveModel(parseModelYaml(readFileSync(path, 'utf8'), path), { nc });
const programs = new TrainPrograms(engine, model, config);
const state = new TrainState(model, programs.layout, 'sgd');
state.start(initialState(model, 0));
const world = { generation: 1, rank: 0, worldSize: 1, configJson: '' };
const allReduce: AllReduce = new AllReduce({ ...programs.layout, virtualRanks: 1 }, world, (input) => {
  // One worker: the round is over as soon as it is waited for.
  if (input.kind !== 'awaitRound') return;
  allReduce.roundDone({ round: input.round, bytesSent: 0, bytesReceived: 0, exchangeMs: 0, numDropped: {} });
});
const schedule = createSchedule({ hyp: DEFAULT_HYP, epochs: 100, iterationsPerEpoch: 100, batchSize: 64 });
const comms = { drainRequested: false, setProgress: () => {} } as unknown as Comms;
const { weightDecay } = schedule;
const trainer = new Trainer({ config, engine, comms, allReduce, programs, state, weightDecay, virtualRanks: [0] });

const batch = noiseBatch();
const seconds: number[] = [];
const phases = new Map<string, number>();
for (let step = 0; step < numSteps + 2; step++) {
  const result = await trainer.step([batch], schedule.at(step));
  // The first step compiles, the second warms the allocator up.
  if (step < 2) continue;
  seconds.push(result.seconds);
  for (const { phase, seconds: s } of result.phases) phases.set(phase, (phases.get(phase) ?? 0) + s / numSteps);
}
const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
const row = {
  engine: engine.info.version,
  cfg: options.cfg,
  batch: numImages,
  img: imgsz,
  threads: Number(options.threads),
  secondsPerStep: Number(median.toFixed(4)),
  imagesPerSecond: Number((numImages / median).toFixed(2)),
  peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  phases: Object.fromEntries([...phases].map(([phase, s]) => [phase, Number(s.toFixed(4))])),
};
process.stdout.write(
  options.json
    ? `${JSON.stringify(row)}\n`
    : `${row.cfg} ${row.batch}×${imgsz}: ${row.imagesPerSecond} images/s, ${row.peakRssMb} MB peak; ${JSON.stringify(row.phases)}\n`,
);
trainer.dispose();
programs.dispose();
engine.dispose();
