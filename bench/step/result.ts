/** Medians and ratios of the step benchmark. Pure. */
import { median } from '../median.js';
import type { StepSample } from './sample.js';
import type { ShapeName } from './sides.js';

/** One contender's figures over all rounds. */
export interface StepFigures {
  readonly label: string;
  readonly isOurs: boolean;
  readonly shape: ShapeName;
  readonly version: string;
  readonly secondsPerStep: number;
  readonly imagesPerSecond: number;
  /** Largest resident set of one worker in MiB. */
  readonly peakRssMb: number;
  /** Of the first step of the first round: box, objectness, class. */
  readonly losses: readonly number[];
  /** Over all rounds, of the measured steps. */
  readonly skippedSteps: number;
  /** Most device memory of the first GPU in MiB; see {@link StepSample}. */
  readonly deviceUsedMb?: number | undefined;
  readonly allocatedMb?: number | undefined;
  readonly phases?: Readonly<Record<string, number>> | undefined;
}

/** How ours compares: above 1 we are faster, or need less memory. */
export interface StepRatios {
  /** By shape: our images per second over the rival's best layout. */
  readonly speed: Readonly<Partial<Record<ShapeName, number>>>;
  /** By shape: peak memory of the rival's fastest layout over ours, per worker; on GPUs that of the device. */
  readonly memory: Readonly<Partial<Record<ShapeName, number>>>;
  /** Our fastest shape over the rival's fastest. */
  readonly bestSpeed: number;
}

/** Pools the samples of all rounds: the median over every step, the largest peak, the last round's phases. */
export function poolSamples(
  side: { readonly label: string; readonly isOurs: boolean; readonly shape: ShapeName },
  batch: number,
  samples: readonly StepSample[],
): StepFigures {
  const secondsPerStep = median(samples.flatMap(({ seconds }) => seconds));
  const { label, isOurs, shape } = side;
  return {
    ...{ label, isOurs, shape, secondsPerStep },
    version: samples[0]?.version ?? '',
    imagesPerSecond: batch / secondsPerStep,
    peakRssMb: Math.max(...samples.map(({ peakRssMb }) => peakRssMb)),
    losses: samples[0]?.losses ?? [],
    skippedSteps: samples.reduce((sum, sample) => sum + sample.skippedSteps, 0),
    deviceUsedMb: largest(samples.map((sample) => sample.deviceUsedMb)),
    allocatedMb: largest(samples.map((sample) => sample.allocatedMb)),
    phases: samples.at(-1)?.phases,
  };
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** The fastest of some contenders. */
export function fastest(rows: readonly StepFigures[]): StepFigures | undefined {
  return rows.reduce<StepFigures | undefined>(
    (best, row) => (best === undefined || row.imagesPerSecond > best.imagesPerSecond ? row : best),
    undefined,
  );
}

/** Compares; undefined when one side did not run. */
export function compareSteps(rows: readonly StepFigures[]): StepRatios | undefined {
  const ours = rows.filter(({ isOurs }) => isOurs);
  const theirs = rows.filter(({ isOurs }) => !isOurs);
  const [best, rivalBest] = [fastest(ours), fastest(theirs)];
  if (best === undefined || rivalBest === undefined) return undefined;
  const speed: Partial<Record<ShapeName, number>> = {};
  const memory: Partial<Record<ShapeName, number>> = {};
  for (const own of ours) {
    const rival = fastest(theirs.filter(({ shape }) => shape === own.shape));
    if (rival === undefined) continue;
    speed[own.shape] = own.imagesPerSecond / rival.imagesPerSecond;
    const [theirMb, ownMb] = [rival.deviceUsedMb, own.deviceUsedMb];
    const isOnGpu = theirMb !== undefined && ownMb !== undefined;
    memory[own.shape] = isOnGpu ? theirMb / ownMb : rival.peakRssMb / own.peakRssMb;
  }
  return { speed, memory, bestSpeed: best.imagesPerSecond / rivalBest.imagesPerSecond };
}
