/** The label scan at COCO's size, here and the usual way in Python, in turn: without a label cache and with one. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LaunchError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { readFlags } from '../flags.js';
import { median } from '../median.js';
import { findPython } from '../python.js';
import { formatTable } from '../table.js';
import type { ScanFigures } from './figures.js';
import { ensureScanSet, LABELS_PER_IMAGE } from './generate.js';

/** Images of COCO's training split. */
const COCO_IMAGES = '118287';

type Side = 'lockstep' | 'python';
type Temperature = 'cold' | 'warm';

interface Measured extends ScanFigures {
  readonly side: Side;
  readonly temperature: Temperature;
}

/** Runs the benchmark with its flags. */
export async function benchScan(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    images: COCO_IMAGES,
    repeats: '3',
    python: undefined,
    only: undefined,
    prepare: false,
    json: false,
  });
  const numImages = Number(options.images);
  const folder = await ensureScanSet(numImages);
  if (options.prepare) {
    process.stdout.write(`${folder}\n`);
    return;
  }
  const images = join(folder, 'images', 'train');
  const python = options.only === 'lockstep' ? undefined : findPython(options.python);
  readOnce(folder);
  const measured: Measured[] = [];
  for (let k = 0; k < Number(options.repeats); k++) {
    if (python !== undefined) measured.push(...(await runPython(python, images)));
    if (options.only !== 'python') measured.push(...(await runLockstep(images)));
  }
  const expected = numImages * LABELS_PER_IMAGE;
  const wrong = measured.find(({ labels, corrupt }) => labels !== expected || corrupt !== 0);
  if (wrong !== undefined) {
    throw new LaunchError('LAUNCH_BENCH_RESULT', `${wrong.side} found ${wrong.labels} labels, ${expected} are there`, {
      hint: 'the two sides do not do the same; remove the data set and let it be made again',
      details: { ...wrong },
    });
  }
  process.stdout.write(options.json ? `${JSON.stringify(summary(measured))}\n` : `${tables(measured, numImages)}\n`);
}

/** Puts every file into the page cache, so that neither side pays for the disk. */
function readOnce(folder: string): void {
  for (const part of ['images', 'labels']) {
    const place = join(folder, part, 'train');
    for (const name of readdirSync(place)) readFileSync(join(place, name));
  }
}

async function figuresOf(command: string, args: readonly string[]): Promise<ScanFigures> {
  const { stdout } = await promisify(execFile)(command, [...args], { cwd: repoRoot, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as ScanFigures;
}

async function coldThenWarm(side: Side, run: (cache: string) => Promise<ScanFigures>): Promise<Measured[]> {
  const cache = await mkdtemp(join(tmpdir(), 'lockstep-scan-'));
  try {
    const cold = await run(cache);
    const warm = await run(cache);
    return [
      { ...cold, side, temperature: 'cold' },
      { ...warm, side, temperature: 'warm' },
    ];
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

function runPython(python: string, images: string): Promise<Measured[]> {
  const script = join(repoRoot, 'bench', 'scan', 'pool_scan.py');
  return coldThenWarm('python', (cache) => figuresOf(python, [script, images, join(cache, 'labels.cache')]));
}

function runLockstep(images: string): Promise<Measured[]> {
  let runs = 0;
  const entry = builtEntry('bench/scan/lockstep-run');
  // AutoAnchor is measured beside the second scan.
  return coldThenWarm('lockstep', (cache) =>
    figuresOf(process.execPath, ['--expose-gc', entry, images, cache, ...(runs++ > 0 ? ['anchors'] : [])]),
  );
}

interface Row {
  readonly side: Side;
  readonly temperature: Temperature;
  readonly seconds: number;
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  readonly rssMb: number;
  readonly heapMb: number | undefined;
}

function rows(measured: readonly Measured[]): Row[] {
  return (['cold', 'warm'] as const).flatMap((temperature) =>
    (['python', 'lockstep'] as const).flatMap((side): Row[] => {
      const mine = measured.filter((m) => m.side === side && m.temperature === temperature);
      if (mine.length === 0) return [];
      const seconds = mine.map((m) => m.seconds);
      const heaps = mine.flatMap((m) => m.heapMb ?? []);
      return [
        {
          ...{ side, temperature, seconds: median(seconds) },
          ...{ leastSeconds: Math.min(...seconds), mostSeconds: Math.max(...seconds) },
          rssMb: median(mine.map((m) => m.rssMb)),
          heapMb: heaps.length > 0 ? median(heaps) : undefined,
        },
      ];
    }),
  );
}

function summary(measured: readonly Measured[]) {
  const table = rows(measured);
  const secondsOf = (side: Side, temperature: Temperature): number =>
    table.find((row) => row.side === side && row.temperature === temperature)?.seconds ?? Number.NaN;
  const anchors = measured.flatMap(({ anchorSeconds }) => anchorSeconds ?? []);
  return {
    cores: availableParallelism(),
    images: measured[0]?.images ?? 0,
    labels: measured[0]?.labels ?? 0,
    rows: table,
    coldRatio: secondsOf('python', 'cold') / secondsOf('lockstep', 'cold'),
    warmRatio: secondsOf('python', 'warm') / secondsOf('lockstep', 'warm'),
    anchorSeconds: anchors.length > 0 ? median(anchors) : undefined,
  };
}

function tables(measured: readonly Measured[], numImages: number): string {
  const { cores, labels, rows: table, coldRatio, warmRatio, anchorSeconds } = summary(measured);
  const cells = table.map((row) => [
    `${row.side}, ${row.temperature}`,
    row.seconds.toFixed(2),
    `${row.leastSeconds.toFixed(2)} to ${row.mostSeconds.toFixed(2)}`,
    row.rssMb.toFixed(0),
    row.heapMb?.toFixed(0) ?? '',
  ]);
  return [
    `${numImages} images, ${labels} labels, ${cores} cores; files in the page cache throughout (read once before, never dropped)`,
    formatTable(['', 'seconds', 'range', 'RSS MiB', 'heap MiB'], cells),
    `Python's time over ours: cold ${coldRatio.toFixed(2)}, warm ${warmRatio.toFixed(2)}`,
    ...(anchorSeconds === undefined ? [] : [`AutoAnchor on these labels: ${anchorSeconds.toFixed(2)} s`]),
  ].join('\n');
}
