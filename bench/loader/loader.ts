/** Training samples per second of one core: our loader against a PyTorch DataLoader with OpenCV, in turn. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { DEFAULT_HYP } from '../../configs/schema/hyp.js';
import { ConfigError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { readFlags } from '../flags.js';
import { median } from '../median.js';
import { findPython } from '../python.js';
import type { LoaderSettings, Round } from './settings.js';
import { type Side, startSide } from './side.js';

/** The reference's augmentation; the filters that it takes from another library if that is there are off on both sides. */
const HYP = { ...DEFAULT_HYP, blur: 0, median_blur: 0, gray: 0, clahe: 0 };

/** Rounds for our loader to reach the number of threads that it may have. */
const MAX_WARM_UPS = 6;

/** Figures of one side, medians over the rounds. */
interface Figures {
  readonly imagesPerSecond: number;
  readonly cpuMsPerImage: number;
}

/** One setting, measured on both sides. */
interface Comparison {
  readonly threads: number;
  readonly cache: boolean;
  readonly lockstep: Figures;
  readonly rival: Figures;
  /** Medians of the rounds' own ratios: rival's time over ours. */
  readonly wallRatio: number;
  readonly cpuRatio: number;
}

function figuresOf(rounds: readonly Round[]): Figures {
  return {
    imagesPerSecond: median(rounds.map(({ images, seconds }) => images / seconds)),
    cpuMsPerImage: median(rounds.map(({ images, cpuSeconds }) => (cpuSeconds * 1e3) / images)),
  };
}

async function compare(
  settings: LoaderSettings,
  python: string,
  numRounds: number,
  cores: number,
): Promise<Comparison> {
  const given = JSON.stringify(settings);
  const entry = builtEntry('bench/loader/lockstep-run');
  await using lockstep = startSide('Lockstep', [process.execPath, entry, given], cores);
  const script = join(repoRoot, 'bench', 'loader', 'rival.py');
  await using rival = startSide('PyTorch and OpenCV', [python, '-B', script, given], cores);
  const sides: readonly Side[] = [lockstep, rival];
  // The first rounds start threads and fill caches. Our loader begins with half of its threads and adds the others while it is waited for.
  for (let k = 0, threads = 0; k < MAX_WARM_UPS && threads < settings.threads; k++) {
    threads = (await lockstep.runRound()).threads ?? settings.threads;
    await rival.runRound();
  }
  // A thread that came last has yet to warm up.
  for (const side of sides) await side.runRound();
  const rounds: Round[][] = [[], []];
  for (let k = 0; k < numRounds; k++) {
    for (const [i, side] of sides.entries()) rounds[i]!.push(await side.runRound());
  }
  const [ours = [], theirs = []] = rounds;
  const ratio = (key: 'seconds' | 'cpuSeconds'): number => median(ours.map((round, k) => theirs[k]![key] / round[key]));
  const { threads, cache } = settings;
  return {
    threads,
    cache,
    lockstep: figuresOf(ours),
    rival: figuresOf(theirs),
    wallRatio: ratio('seconds'),
    cpuRatio: ratio('cpuSeconds'),
  };
}

function tableOf(comparisons: readonly Comparison[]): string {
  const header =
    '| threads | decoded images | Lockstep | PyTorch + OpenCV | ratio | CPU per image | of the rival | ratio |';
  const rows = comparisons.map(({ threads, cache, lockstep, rival, wallRatio, cpuRatio }) =>
    [
      '',
      threads,
      cache ? 'kept in memory' : 'not kept',
      `${lockstep.imagesPerSecond.toFixed(1)} images/s`,
      `${rival.imagesPerSecond.toFixed(1)} images/s`,
      wallRatio.toFixed(2),
      `${lockstep.cpuMsPerImage.toFixed(2)} ms`,
      `${rival.cpuMsPerImage.toFixed(2)} ms`,
      cpuRatio.toFixed(2),
      '',
    ].join(' | '),
  );
  return `${[header, '| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |', ...rows].join('\n').replaceAll(/^ | $/gm, '')}\n`;
}

function dataFolder(given: string | undefined): string {
  const folder = given ?? process.env.LOCKSTEP_COCO128;
  if (folder !== undefined && folder !== '') return resolve(folder);
  throw new ConfigError('CONFIG_USAGE', 'no images to make samples of', {
    hint: 'name a folder with images and labels, such as COCO128, with --data or LOCKSTEP_COCO128',
  });
}

/** Runs the benchmark with its flags. */
export async function benchLoader(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    data: undefined,
    python: undefined,
    img: '640',
    batch: '16',
    threads: '1,2',
    cache: 'no,ram',
    images: '128',
    rounds: '5',
    large: false,
    json: false,
  });
  const data = dataFolder(flags.data);
  const python = findPython(flags.python);
  const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  if (flags.large) {
    const [imgsz, numRounds] = [Number(flags.img), Number(flags.rounds)];
    return (await import('./large.js')).benchLarge({ data, python, imgsz, numRounds, canPin, json: flags.json });
  }
  const comparisons: Comparison[] = [];
  for (const cache of flags.cache.split(',').map((word) => word === 'ram')) {
    for (const threads of flags.threads.split(',').map(Number)) {
      const [imgsz, batch, images] = [Number(flags.img), Number(flags.batch), Number(flags.images)];
      const settings = { data, imgsz, batch, threads, images, cache, hyp: HYP };
      comparisons.push(await compare(settings, python, Number(flags.rounds), canPin ? threads : 0));
    }
  }
  process.stdout.write(flags.json ? `${JSON.stringify(comparisons, undefined, 2)}\n` : tableOf(comparisons));
}
