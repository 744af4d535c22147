/**
 * `--bucket-mb auto`: measures the first steps, lets rank 0 choose which stages of the backward pass are sent together, and has all ranks
 * change over between the same two steps. What is added to what in which order does not depend on buckets, so neither do the weights.
 */
import type { RunConfig } from '../../configs/run-config.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import type { AllReduce, Comms } from '../threads/comms-client.js';
import type { TrainPrograms } from '../train-program.js';
import { type BucketTimes, mergeProfiles, profileOf, type RankProfile } from './bucket-profile.js';
import { bestGrouping, predictDoneMs } from './grouping.js';
import { fitLink } from './link-model.js';

/** The first steps compile and fill caches. */
const WARM_UP_STEPS = 2;
/** Of so many steps the medians count. */
const MEASURED_STEPS = 5;
const MEGABYTE = 2 ** 20;

/** What a tuner works with; all of it is lent. */
export interface BucketTunerParts {
  readonly config: Pick<RunConfig, 'bucketMb' | 'collective' | 'compression'>;
  readonly worldSize: number;
  readonly comms: Pick<Comms, 'gather' | 'broadcast'>;
  readonly allReduce: Pick<AllReduce, 'relayout'>;
  readonly programs: Pick<TrainPrograms, 'layout' | 'stages' | 'regroup'>;
  readonly log: Pick<Logger, 'info'>;
}

/** What rank 0 tells all. */
interface Choice {
  readonly numStages: readonly number[];
}

export class BucketTuner {
  readonly #parts: BucketTunerParts;
  readonly #rounds: BucketTimes[] = [];
  #numSteps = 0;

  /** Undefined where there is nothing to tune; every stage stays a bucket then. */
  static open(parts: BucketTunerParts): BucketTuner | undefined {
    const { config, worldSize, programs } = parts;
    // What is measured is never the same twice, so buckets must not matter to the bits.
    const isFree = config.compression.method === 'none' && config.collective !== 'ring';
    const isWanted = config.bucketMb === 'auto' && isFree && worldSize > 1 && programs.stages.length > 1;
    return isWanted ? new BucketTuner(parts) : undefined;
  }

  private constructor(parts: BucketTunerParts) {
    this.#parts = parts;
  }

  /** Takes a finished step's measurements. After the last one that is needed, all ranks change over; every rank calls it after each step. */
  async after(times: BucketTimes): Promise<void> {
    this.#numSteps++;
    if (this.#numSteps <= WARM_UP_STEPS || this.#rounds.length >= MEASURED_STEPS) return;
    this.#rounds.push(times);
    if (this.#rounds.length === MEASURED_STEPS) await this.#changeOver();
  }

  async #changeOver(): Promise<void> {
    const { comms, programs, allReduce } = this.#parts;
    const profiles = await comms.gather(toBytes(profileOf(this.#rounds)));
    const choice = profiles && this.#choose(profiles.map((bytes) => fromBytes<RankProfile>(bytes)));
    const { numStages } = fromBytes<Choice>(await comms.broadcast(choice && toBytes(choice)));
    programs.regroup(numStages);
    allReduce.relayout(programs.layout.buckets.map(({ offset, length }) => ({ offset, length })));
    // No frame of the new layout may meet a rank with the old one.
    const all = await comms.gather(new Uint8Array(0));
    await comms.broadcast(all && new Uint8Array(1));
  }

  #choose(profiles: readonly RankProfile[]): Choice {
    const bytes = this.#parts.programs.stages.map(({ length }) => length * Float32Array.BYTES_PER_ELEMENT);
    const { stages, transfers } = mergeProfiles(profiles, bytes);
    const link = fitLink(transfers);
    const { numStages, doneMs } = bestGrouping(stages, link);
    const computedMs = stages.at(-1)!.readyMs;
    const before = predictDoneMs(
      stages,
      stages.map(() => 1),
      link,
    );
    let next = 0;
    const bucketsMb = numStages.map((count) => {
      const sum = bytes.slice(next, next + count).reduce((a, b) => a + b, 0);
      next += count;
      return round(sum / MEGABYTE);
    });
    this.#parts.log.info(
      {
        numStages: stages.length,
        bucketsMb,
        latencyMs: round(link.latencyMs),
        gigabytesPerSecond: link.msPerByte > 0 ? round(1e-6 / link.msPerByte) : undefined,
        waitMs: round(doneMs - computedMs),
        waitMsUngrouped: round(before - computedMs),
      },
      'buckets chosen',
    );
    return { numStages };
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function toBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function fromBytes<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
