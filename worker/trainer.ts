/**
 * The training step on one page: run the microbatches of this worker's virtual ranks, send gradients on their way while
 * later ones are computed, wait for the sums, then update the weights and their average. The same on every engine and
 * world size; who decides when to stop, to validate or to save is `training-run.ts`.
 */
import type { RunConfig } from '../configs/run-config.js';

import type { SummedVector } from './collective/summed-vector.js';
import type { Batch } from './data/loader/batch.js';
import type { DeviceTensor, Engine, OutputHandler } from './engine/engine.js';
import { view } from './flat-state.js';
import { type Ledger, NUM_ENTRY_SLOTS } from './ledger/ledger.js';
import type { LayerTargets } from './loss/assign.js';
import { countOverRanks, type GlobalCounts } from './loss-normalisers.js';
import { MicrobatchSum } from './microbatch-sum.js';
import { updateRunning } from './model/batch-norm.js';
import type { IterationRates } from './optim/schedule.js';
import { PhaseTimer } from './phases.js';
import { TAIL, TAIL_LENGTH } from './reduced-vector.js';
import { runInLockstep } from './sync-batch-norm/lockstep.js';
import type { AllReduceStats, Comms } from './threads/comms-client.js';
import { withOutputSpans } from './trace/output-spans.js';
import { threadTrace } from './trace/thread-trace.js';
import type { StepFeeds, TrainPrograms } from './train-program.js';
import type { TrainState } from './train-state.js';
import { openVirtualExchange, type VirtualExchange } from './virtual-exchange.js';

/** What a step tells about itself; sums and means are over all ranks. */
export interface StepResult {
  readonly images: number;
  /** Of them, those that this worker ran. */
  readonly localImages: number;
  readonly targets: number;
  /** Mean loss terms per image: box, objectness, class. */
  readonly losses: readonly [box: number, obj: number, cls: number];
  /** Some rank was asked to drain: all stop after this step. */
  readonly drain: boolean;
  /** Loss and scaled gradients were finite on every rank; otherwise nothing was updated. */
  readonly finite: boolean;
  /** The loss was finite, but scaled gradients were not: the scale was too large. */
  readonly overflowed: boolean;
  /** The scale for the next step; undefined where the loss is not scaled. */
  readonly lossScale: number | undefined;
  readonly badImages: number;
  /** The ledger's entry for the step's images. */
  readonly ledgerEntry: Float32Array;
  readonly optimizerStepped: boolean;
  readonly allReduce: AllReduceStats;
  readonly phases: { phase: string; seconds: number }[];
  readonly seconds: number;
}

/** What a trainer works with; all of it is lent. */
export interface TrainerParts {
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly comms: Pick<Comms, 'drainRequested' | 'setProgress' | 'gather' | 'broadcast' | 'world'>;
  readonly allReduce: SummedVector;
  readonly programs: TrainPrograms;
  readonly state: TrainState;
  readonly ledger: Ledger;
  /** Decay of the convolution weights, scaled to the images behind one step. */
  readonly weightDecay: number;
  /** This worker's virtual ranks, ascending. */
  readonly virtualRanks: readonly number[];
}

/** One local virtual rank's part of a step. */
interface Microbatch {
  readonly virtualRank: number;
  readonly batch: Batch;
  /** The batch's labels, assigned. */
  readonly layers: readonly LayerTargets[];
}

export class Trainer {
  readonly #parts: TrainerParts;
  readonly #exchange: VirtualExchange;
  readonly #timer = new PhaseTimer();
  /** The weights as the engine takes them, by name: the state's own memory, or copies that age with each update. */
  readonly #weights = new Map<string, DeviceTensor>();
  readonly #copies = new Set<string>();

  constructor(parts: TrainerParts) {
    this.#parts = parts;
    const exchange = openVirtualExchange(parts.comms);
    this.#exchange = {
      combine: (rows, combine) => this.#timer.timeAsync('allreduce_wait', () => exchange.combine(rows, combine)),
    };
  }

  /**
   * Trains on one step's microbatches and releases them.
   *
   * @param batches by local virtual rank; undefined where the epoch's last step has no image left
   * @param rates learning rates, momentum and accumulation of this iteration
   */
  async step(batches: readonly (Batch | undefined)[], rates: IterationRates): Promise<StepResult> {
    const { allReduce, comms, programs, state, virtualRanks } = this.#parts;
    const drain = comms.drainRequested;
    const beganMs = threadTrace.begin();
    const microbatches = virtualRanks.map((virtualRank, i): Microbatch | undefined => {
      const batch = batches[i];
      return batch && { virtualRank, batch, layers: programs.assign(batch) };
    });
    const counts = await this.#countOverRanks(microbatches);
    if (programs.syncPoints === undefined) {
      for (const [i, virtualRank] of virtualRanks.entries()) {
        const microbatch = microbatches[i];
        if (microbatch === undefined) this.#addNothing(virtualRank, drain);
        else this.#addMicrobatch(microbatch, drain, counts);
      }
    } else {
      await this.#addInLockstep(microbatches, drain, counts);
    }
    comms.setProgress(state.iteration, 'allreduce_wait');
    const stats = await this.#timer.timeAsync('allreduce_wait', () => allReduce.wait());
    const localImages = batches.reduce((sum, batch) => sum + (batch?.numImages ?? 0), 0);
    const result = { ...this.#apply(allReduce.result, rates, stats), localImages };
    comms.setProgress(state.iteration, 'data_wait');
    threadTrace.end('step', beganMs, state.iteration, batches.find((batch) => batch !== undefined)?.epoch);
    return result;
  }

  /** Waits for input as part of the step's time. */
  waitForData<T>(work: () => Promise<T>): Promise<T> {
    return this.#timer.timeAsync('data_wait', work);
  }

  /** Forgets the time since the last step, which validation or a checkpoint took. */
  restartClock(): void {
    this.#timer.take();
  }

  /** Gives the device memory back. */
  dispose(): void {
    for (const tensor of this.#weights.values()) tensor.dispose();
    this.#weights.clear();
    this.#copies.clear();
  }

  #dropCopies(): void {
    for (const name of this.#copies) {
      this.#weights.get(name)?.dispose();
      this.#weights.delete(name);
    }
    this.#copies.clear();
  }

  /** Runs one microbatch forwards and backwards; each gradient joins the sum at the moment in which it is there. */
  #addMicrobatch(microbatch: Microbatch, drain: boolean, counts: GlobalCounts | undefined): void {
    const { comms, programs, state } = this.#parts;
    const executable = programs.forBatch(microbatch.batch);
    const feeds = this.#feeds(microbatch, counts);
    comms.setProgress(state.iteration, 'forward_backward');
    const sum = this.#sumOf(microbatch, counts);
    this.#timer.time('forward_backward', () => executable.run(feeds.all, this.#handOver(sum)));
    feeds.dispose();
    sum.finish(drain);
  }

  /** Takes an engine's outputs into a sum. */
  #handOver(sum: MicrobatchSum): OutputHandler {
    const { programs } = this.#parts;
    return withOutputSpans(
      (name, tensor) => sum.add(name, tensor),
      (name) => programs.bucketOf(name),
    );
  }

  /** Runs all microbatches side by side, so that their batch norms share one set of statistics. */
  async #addInLockstep(
    microbatches: readonly (Microbatch | undefined)[],
    drain: boolean,
    counts: GlobalCounts | undefined,
  ): Promise<void> {
    const { comms, programs, state, virtualRanks } = this.#parts;
    const fed: StepFeeds[] = [];
    const sums: MicrobatchSum[] = [];
    const runs = microbatches.map((microbatch) => {
      if (microbatch === undefined) return undefined;
      const executable = programs.segmentedForBatch(microbatch.batch);
      const feeds = this.#feeds(microbatch, counts);
      const sum = this.#sumOf(microbatch, counts);
      fed.push(feeds);
      sums.push(sum);
      return executable.start(feeds.all, (name, tensor) => sum.add(name, tensor));
    });
    comms.setProgress(state.iteration, 'forward_backward');
    try {
      await runInLockstep(runs, programs.syncPoints ?? [], this.#exchange, (work) =>
        this.#timer.time('forward_backward', work),
      );
    } finally {
      for (const feeds of fed) feeds.dispose();
    }
    for (const sum of sums) sum.finish(drain);
    // The last virtual ranks are the ones that go without images, so the sum still goes up.
    for (const [i, virtualRank] of virtualRanks.entries()) {
      if (microbatches[i] === undefined) this.#addNothing(virtualRank, drain);
    }
  }

  /** With `--loss-norm global`, what the loss is divided by; every rank asks at the same time. */
  async #countOverRanks(microbatches: readonly (Microbatch | undefined)[]): Promise<GlobalCounts | undefined> {
    const { config, programs } = this.#parts;
    if (config.lossNorm !== 'global' || config.virtualRanks === 1) return undefined;
    const counted = microbatches.map(
      (microbatch) => microbatch && { numImages: microbatch.batch.numImages, layers: microbatch.layers },
    );
    return countOverRanks(this.#exchange, counted, programs.numDetectionLayers);
  }

  #feeds({ batch, layers }: Microbatch, counts: GlobalCounts | undefined): StepFeeds {
    const { programs, state } = this.#parts;
    return this.#timer.time('host_to_device', () =>
      programs.feeds(batch, layers, this.#weightTensors(), counts, state.lossScaler?.scale),
    );
  }

  #sumOf({ virtualRank, batch }: Microbatch, counts: GlobalCounts | undefined): MicrobatchSum {
    const { allReduce, ledger, programs } = this.#parts;
    return new MicrobatchSum({ allReduce, ledger, programs, virtualRank, batch, lossImages: counts?.numImages });
  }

  /** A virtual rank without images adds zeros, so that the sum has its fixed shape. */
  #addNothing(virtualRank: number, drain: boolean): void {
    const { allReduce, programs } = this.#parts;
    const { layout } = programs;
    const zeros = new Float32Array(layout.length);
    zeros[layout.tailOffset + TAIL.drain] = drain ? 1 : 0;
    allReduce.add(virtualRank, 0, zeros);
    for (const bucket of layout.buckets.keys()) allReduce.bucketReady(virtualRank, bucket);
  }

  /** Everything after the all-reduce: the same arithmetic on the same numbers on every rank. */
  #apply(sum: Float32Array, rates: IterationRates, stats: AllReduceStats): Omit<StepResult, 'localImages'> {
    const { programs, state } = this.#parts;
    const { layout } = programs;
    const tail = sum.subarray(layout.tailOffset, layout.tailOffset + TAIL_LENGTH);
    const images = tail[TAIL.images]!;
    const overflowed = tail[TAIL.nonFinite] === 0 && tail[TAIL.overflow] !== 0;
    const finite = tail[TAIL.nonFinite] === 0 && !overflowed;
    let stepped = false;
    if (finite) {
      this.#updateStatistics(sum, images);
      stepped = this.#timer.time('optimizer', () => state.accumulate(sum, rates, this.#parts.weightDecay));
      if (stepped) {
        this.#timer.time('ema', () => state.updateEma());
        this.#dropCopies();
      }
    }
    if (!finite) state.lossScaler?.overflowed();
    else if (stepped) state.lossScaler?.stepped();
    state.iteration += 1;
    const { phases, totalSeconds } = this.#timer.take();
    return {
      images,
      targets: tail[TAIL.targets]!,
      losses: [tail[TAIL.box]! / images, tail[TAIL.obj]! / images, tail[TAIL.cls]! / images],
      drain: tail[TAIL.drain]! > 0,
      finite,
      overflowed,
      lossScale: state.lossScaler?.scale,
      badImages: tail[TAIL.badImages]!,
      ledgerEntry: tail.slice(TAIL.ledger, TAIL.ledger + NUM_ENTRY_SLOTS),
      optimizerStepped: stepped,
      allReduce: stats,
      phases,
      seconds: totalSeconds,
    };
  }

  #updateStatistics(sum: Float32Array, images: number): void {
    const { programs, state } = this.#parts;
    for (const { name, offset, length } of programs.layout.statistics) {
      const mean = sum.slice(offset, offset + length);
      for (let i = 0; i < length; i++) mean[i]! /= images;
      updateRunning(view(state.layout, state.weights, name), mean);
    }
    state.batchesTracked += 1;
  }

  #weightTensors(): ReadonlyMap<string, DeviceTensor> {
    const { engine, state, programs } = this.#parts;
    for (const { name, engineShape } of programs.parameters) {
      if (this.#weights.has(name)) continue;
      const data = view(state.layout, state.weights, name);
      const lent = engine.lend(data, engineShape);
      if (lent === undefined) this.#copies.add(name);
      this.#weights.set(name, lent ?? engine.tensor(data, engineShape));
    }
    return this.#weights;
  }
}
