/** Photographs of 12 megapixels to the training size: our decoder, with and without scaled decoding, against OpenCV's two ways. */
import { join } from 'node:path';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { median } from '../median.js';
import { formatTable } from '../table.js';
import { ensureLargeJpegs } from './large-set.js';
import type { Round } from './settings.js';
import { type Side, startSide } from './side.js';

/** What the programs are told. */
export interface LargeSettings {
  readonly paths: readonly string[];
  readonly imgsz: number;
  readonly scaled: boolean;
}

const NUM_IMAGES = 6;

interface LargeFigures {
  readonly way: string;
  readonly msPerImage: number;
  /** Median of the rounds' own ratios: this way's time over that of our scaled decoding. */
  readonly ratio: number;
}

/** Decodes and resizes in turn, on one core each, and prints milliseconds per picture. */
export async function benchLarge(options: {
  readonly data: string;
  readonly python: string;
  readonly imgsz: number;
  readonly numRounds: number;
  readonly canPin: boolean;
  readonly json: boolean;
}): Promise<void> {
  const { data, python, imgsz, numRounds, canPin, json } = options;
  const paths = await ensureLargeJpegs(data, NUM_IMAGES);
  const cores = canPin ? 1 : 0;
  const told = (scaled: boolean): string => JSON.stringify({ paths, imgsz, scaled } satisfies LargeSettings);
  const ours = [process.execPath, builtEntry('bench/loader/large-run')];
  const theirs = [python, '-B', join(repoRoot, 'bench', 'loader', 'large_rival.py')];
  await using scaled = startSide('Lockstep, --jpeg-scaling auto', [...ours, told(true)], cores);
  await using whole = startSide('Lockstep, --jpeg-scaling off', [...ours, told(false)], cores);
  await using reduced = startSide('OpenCV, IMREAD_REDUCED_COLOR_2', [...theirs, told(true)], cores);
  await using plain = startSide('OpenCV, imread', [...theirs, told(false)], cores);
  const sides: readonly Side[] = [scaled, whole, reduced, plain];
  for (const side of sides) await side.runRound();
  const rounds: Round[][] = sides.map(() => []);
  for (let k = 0; k < numRounds; k++) {
    for (const [i, side] of sides.entries()) rounds[i]!.push(await side.runRound());
  }
  const figures = sides.map(
    ({ title }, i): LargeFigures => ({
      way: title,
      msPerImage: median(rounds[i]!.map(({ seconds, images }) => (1e3 * seconds) / images)),
      ratio: median(rounds[i]!.map(({ seconds }, k) => seconds / rounds[0]![k]!.seconds)),
    }),
  );
  const rows = figures.map(({ way, msPerImage, ratio }) => [way, msPerImage.toFixed(1), ratio.toFixed(2)]);
  const table = formatTable([`4000×3000 JPEG to ${imgsz}`, 'ms per image', 'times ours, scaled'], rows);
  process.stdout.write(json ? `${JSON.stringify(figures, undefined, 2)}\n` : `${table}\n`);
}
