/** What a run trains on: the plans of its epochs, and the microbatches of this worker's virtual ranks, made ahead of time. */
import { virtualRange } from './collective/tree.js';
import type { Dataset } from './data/dataset.js';
import { type Loader, openLoader } from './data/loader/loader.js';
import { EpochPlans } from './epoch-plans.js';
import { openImageCache } from './image-cache.js';
import { MicrobatchStream, type StepInput } from './microbatches.js';
import type { RunContext } from './run-context.js';
import type { RunProgress } from './starting-point.js';

export class TrainingInput {
  readonly plans: EpochPlans;
  readonly stepsPerEpoch: number;
  /** This worker's, ascending. */
  readonly virtualRanks: readonly number[];
  readonly #loader: Loader;
  readonly #stream: MicrobatchStream;

  /** @param from where a resumed run goes on @defaultValue the first step of the first epoch */
  constructor(context: RunContext, dataset: Dataset, from?: Pick<RunProgress, 'epoch' | 'stepInEpoch' | 'classMaps'>) {
    const { config, rank, worldSize } = context;
    const { begin, end } = virtualRange(rank, worldSize, config.virtualRanks);
    this.virtualRanks = Array.from({ length: end - begin }, (_, i) => begin + i);
    this.stepsPerEpoch = Math.ceil(dataset.numImages / config.batchSize);
    this.plans = new EpochPlans(dataset, config, from?.classMaps);
    this.#loader = openLoader(dataset, {
      numThreads: config.loaderThreads,
      // Two steps being made or waiting, besides the one in use.
      capacityBatches: 3 * this.virtualRanks.length,
      hyp: config.hyp,
      augment: true,
      seed: config.seed,
      imgsz: config.imgsz,
      rect: config.rect,
      cache: openImageCache(context, dataset, 'train'),
      jpegScaling: config.jpegScaling,
      onBadSample: config.onBadSample,
    });
    const start = { epoch: from?.epoch ?? 0, step: from?.stepInEpoch ?? 0 };
    this.#stream = new MicrobatchStream(this.plans, this.#loader, config.epochs, this.virtualRanks, start);
  }

  /** Begins with the first batches: the loader's threads load their modules and decode while the run's programs are still being written. */
  begin(): void {
    this.#stream.requestFirst();
  }

  /** Returns the input of the given step; steps must be asked for in order. Waits for the loader, and throws what it met. */
  next(epoch: number, step: number): Promise<StepInput> {
    return this.#stream.next(epoch, step);
  }

  /** Ends the loader's threads. */
  close(): Promise<void> {
    return this.#loader.close();
  }
}
