/**
 * Measures training steps of one process without a launcher: `npm run bench -- step --cfg yolov3-tiny --batch 8 --img 416`.
 * Prints one line, JSON with --json: images per second (median over steps), seconds per phase, peak memory.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomStream } from '../proto/random.js';
import type { Batch } from '../worker/data/batch.js';
import { initialState } from '../worker/model/initial-state.js';
import { resolveModel } from '../worker/model/resolve.js';
import { parseModelYaml } from '../worker/model/spec.js';
import { engineEnvironment } from './native-engine.js';
import { compileFlags, openSingleProcess } from './single-process.js';

/** About as many as an image of COCO has. */
const BOXES_PER_IMAGE = 7;
/** The first step compiles, the second warms the allocator up. */
const WARM_UP_STEPS = 2;

/** A batch of noise with a few boxes on each image. */
function noiseBatch(numImages: number, imgsz: number, nc: number): Batch {
  const random = randomStream(0, 'bench step');
  const images = new Uint8Array(numImages * imgsz * imgsz * 3);
  for (let i = 0; i < images.length; i++) images[i] = Math.imul(i, 2654435761) >>> 24;
  const rows = Array.from({ length: numImages * BOXES_PER_IMAGE }, (_, i) => [
    Math.floor(i / BOXES_PER_IMAGE),
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

/** Runs the benchmark with its flags. */
export async function benchStep(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
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
  });
  const numSteps = Number(options.steps);
  const nc = Number(options.nc);
  const config = await compileFlags({
    data: 'shapes',
    cfg: options.cfg,
    'batch-size': options.batch,
    imgsz: options.img,
    engine: options.engine,
    'threads-per-worker': options.threads,
    'bucket-mb': options['bucket-mb'],
  });
  Object.assign(process.env, await engineEnvironment(config.engine, config.threadsPerWorker));
  const model = resolveModel(parseModelYaml(readFileSync(config.cfg, 'utf8'), config.cfg), { nc });
  const subject = await openSingleProcess({
    config,
    model,
    initialState: initialState(model, 0),
    iterationsPerEpoch: 100,
    numImages: config.batchSize,
  });
  const batch = noiseBatch(config.batchSize, config.imgsz, nc);
  const seconds: number[] = [];
  const phases = new Map<string, number>();
  for (let step = 0; step < numSteps + WARM_UP_STEPS; step++) {
    const result = await subject.trainer.step([batch], subject.schedule.at(step));
    if (step < WARM_UP_STEPS) continue;
    seconds.push(result.seconds);
    for (const { phase, seconds: s } of result.phases) phases.set(phase, (phases.get(phase) ?? 0) + s / numSteps);
  }
  subject.dispose();
  const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
  const row = {
    engine: subject.engineVersion,
    cfg: options.cfg,
    batch: config.batchSize,
    img: config.imgsz,
    threads: config.threadsPerWorker,
    secondsPerStep: Number(median.toFixed(4)),
    imagesPerSecond: Number((config.batchSize / median).toFixed(2)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    phases: Object.fromEntries([...phases].map(([phase, s]) => [phase, Number(s.toFixed(4))])),
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(row)}\n`
      : `${row.cfg} ${row.batch}×${row.img}: ${row.imagesPerSecond} images/s, ${row.peakRssMb} MB peak; ${JSON.stringify(row.phases)}\n`,
  );
}
