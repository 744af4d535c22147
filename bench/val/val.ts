/** `npm run bench -- val`: validation (forward, suppression, matching, AP) here and in PyTorch with torchvision. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile } from '../../configs/find.js';
import { openDataset } from '../../coordinator/dataset.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { benchDevices, readTf32, rivalEnvironment } from '../devices.js';
import { readFlags } from '../flags.js';
import { median } from '../median.js';
import { findPython } from '../python.js';
import { compileQuietly, quietLaunch } from '../quiet-launch.js';
import { rounded } from '../rounded.js';
import { runProcess } from '../run-process.js';
import { formatTable } from '../table.js';
import { writeBatches } from './batches.js';
import { repeatsEnvironment, type ValSample } from './sample.js';

interface ValSide {
  readonly label: string;
  readonly isOurs: boolean;
  measure(folder: string): Promise<ValSample>;
}

async function readSample(path: string): Promise<ValSample> {
  return JSON.parse(await readFile(path, 'utf8')) as ValSample;
}

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchVal(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    data: 'coco128',
    img: '416',
    batch: '16',
    threads: '2',
    repeats: '2',
    rounds: '2',
    device: 'cpu',
    tf32: 'on',
    engine: 'tensorflow',
    python: undefined,
    'no-rival': false,
    json: false,
  });
  const python = findPython(options.python);
  const modelPath = findConfigFile('models', options.cfg, repoRoot);
  const threads = Number(options.threads);
  const tf32 = readTf32(options.tf32);
  const { gpus, description } = await benchDevices(options.device);
  const onCpu = gpus.length === 0;
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-val-'));
  const script = join(repoRoot, 'bench', 'val', 'torch_val.py');
  const weights = join(folder, 'weights.safetensors');
  const shared = { data: options.data, cfg: options.cfg, imgsz: options.img, engine: options.engine, tf32 };
  const torch = (task: string, flags: readonly string[]): Promise<void> =>
    runProcess(
      python,
      [script, folder, modelPath, task, ...flags],
      { OMP_NUM_THREADS: options.threads, PYTHONDONTWRITEBYTECODE: '1', ...rivalEnvironment(gpus) },
      join(folder, 'torch.log'),
    );
  const lockstep = (label: string, nproc: number, threadsEach: number): ValSide => ({
    ...{ label, isOurs: true },
    async measure(project) {
      const saveDir = await quietLaunch({
        command: 'val',
        flags: {
          ...{ ...shared, weights, project, nproc: String(nproc), 'batch-size': options.batch, cache: 'ram' },
          'threads-per-worker': String(threadsEach),
          device: onCpu ? 'cpu' : gpus.slice(0, nproc).join(),
        },
        workerEntry: builtEntry('bench/val/worker'),
        env: repeatsEnvironment(Number(options.repeats)),
        readDataset: (path) => openDataset(path),
      });
      const ranks = Array.from({ length: nproc }, (_, rank) => rank);
      const samples = await Promise.all(ranks.map((rank) => readSample(join(saveDir, `rank-${rank}.json`))));
      return { ...samples[0]!, peakRssMb: Math.max(...samples.map(({ peakRssMb }) => peakRssMb)) };
    },
  });
  const rival = (label: string, layout: readonly string[]): ValSide => ({
    ...{ label, isOurs: false },
    async measure() {
      const place = ['--device', onCpu ? 'cpu' : 'cuda', '--tf32', tf32];
      await torch('run', ['--threads', options.threads, '--repeats', options.repeats, ...place, ...layout]);
      return readSample(join(folder, 'torch.json'));
    },
  });
  const perGpu = Math.max(1, Math.floor(threads / Math.max(1, gpus.length)));
  const sides = [
    lockstep('Lockstep, one process', 1, threads),
    ...(onCpu && threads > 1 ? [lockstep('Lockstep, one worker per thread', threads, 1)] : []),
    ...(gpus.length > 1 ? [lockstep('Lockstep, one worker per GPU', gpus.length, perGpu)] : []),
    ...(options['no-rival'] ? [] : [rival('PyTorch', []), rival('PyTorch, channels last', ['--channels-last'])]),
  ];
  try {
    const { config } = await compileQuietly({
      flags: { ...shared, weights: '', nproc: '1', 'batch-size': options.batch },
      readDataset: (path) => openDataset(path),
    });
    const numImages = await writeBatches(config!, folder);
    await torch('prepare', []);
    const prepared = await readFile(join(folder, 'prepared.json'), 'utf8');
    const { candidatesPerImage } = JSON.parse(prepared) as { candidatesPerImage: number };
    const samples = new Map<ValSide, ValSample[]>(sides.map((side) => [side, []]));
    for (let done = 0; done < Number(options.rounds); done++) {
      for (const side of sides) {
        process.stderr.write(`round ${done + 1} of ${options.rounds}: ${side.label}\n`);
        const project = join(folder, `round-${done}`);
        await mkdir(project, { recursive: true });
        samples.get(side)!.push(await side.measure(project));
      }
    }
    const rows = sides.map((side) => summarise(side, samples.get(side)!, numImages));
    const best = (isOurs: boolean): number =>
      Math.max(...rows.filter((row) => row.isOurs === isOurs).map(({ imagesPerSecond }) => imagesPerSecond));
    const ratios = options['no-rival']
      ? undefined
      : { process: rows[0]!.imagesPerSecond / best(false), best: best(true) / best(false) };
    if (options.json) {
      const line = {
        bench: 'val',
        ...shared,
        batch: Number(options.batch),
        threads,
        device: description,
        numImages,
        candidatesPerImage,
        rows,
      };
      process.stdout.write(`${JSON.stringify(rounded({ ...line, ...(ratios && { ratios }) }))}\n`);
      return;
    }
    process.stdout.write(
      `${options.cfg} at ${options.img}, ${numImages} images of ${options.data} with ${candidatesPerImage} candidates each, ${threads} threads\non ${description}\n`,
    );
    const lines = rows.map((row) => [
      ...[row.label, row.imagesPerSecond.toFixed(1), String(row.peakRssMb)],
      ...[String(row.numDetections), row.map50.toFixed(5), row.map.toFixed(5)],
    ]);
    process.stdout.write(`${formatTable(['', 'images/s', 'peak MiB/worker', 'detections', 'mAP50', 'mAP'], lines)}\n`);
    if (ratios === undefined) return;
    process.stdout.write(
      `one process: ${ratios.process.toFixed(2)} × PyTorch's images/s; best against best: ${ratios.best.toFixed(2)} ×\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function summarise(side: ValSide, samples: readonly ValSample[], numImages: number) {
  const { numDetections, map50, map, version } = samples.at(-1)!;
  return {
    ...{ label: side.label, isOurs: side.isOurs, version, numDetections, map50, map },
    imagesPerSecond: numImages / median(samples.flatMap(({ seconds }) => seconds)),
    peakRssMb: Math.max(...samples.map(({ peakRssMb }) => peakRssMb)),
  };
}
