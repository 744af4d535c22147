/** A training run from its first epoch to its last, told top to bottom. Every rank runs it; rank 0 also writes files. */
import type { RunSummary } from '../configs/run-summary.js';
import { milestone } from '../proto/telemetry/milestones.js';
import { openLossScaler } from './amp/loss-scaler.js';
import { BadItemLog } from './bad-items.js';
import { BestResult } from './best-result.js';
import { BucketTuner } from './buckets/bucket-tuner.js';
import { toStateTensors } from './checkpoint/transfer.js';
import { weightsSha256 } from './checkpoint/weights-hash.js';
import type { SummedVector } from './collective/summed-vector.js';
import { restoreCompression } from './compression-state.js';
import type { Dataset } from './data/dataset.js';
import { openDataset } from './data/open-dataset.js';
import { EpochFiles } from './epoch-files.js';
import { FiniteSteps } from './finite-steps.js';
import { withFittedAnchors } from './fitted-start.js';
import { collectAllGarbage } from './garbage.js';
import { openGradientSum } from './gradient-sum.js';
import { openImageCache } from './image-cache.js';
import { Ledger, requireComplete } from './ledger/ledger.js';
import type { Model } from './model/model.js';
import { EarlyStopping } from './optim/early-stopping.js';
import { fitness } from './optim/fitness.js';
import { createSchedule, type Schedule } from './optim/schedule.js';
import { RunPictures } from './pictures/run-pictures.js';
import { localRankZeroFirst, type RunContext, type RunOutcome } from './run-context.js';
import { RunFiles } from './run-files.js';
import { type Losses, NO_LOSS, RunReports } from './run-reports.js';
import { findStartingPoint, type RunProgress, type StartingPoint } from './starting-point.js';
import { openTrace, RunTrace } from './trace/run-trace.js';
import { threadTrace } from './trace/thread-trace.js';
import { TrainPrograms } from './train-program.js';
import { TrainState } from './train-state.js';
import { Trainer } from './trainer.js';
import { TrainingInput } from './training-input.js';
import { Validator } from './validator.js';

/** Trains as the configuration says and returns what the worker tells the coordinator at its end. */
export async function train(context: RunContext): Promise<RunOutcome> {
  openTrace(context);
  const run = await openRun(context);
  try {
    return await run.run();
  } finally {
    await run.dispose();
  }
}

/** What a run starts from is four times its weights when it resumes; nobody keeps it once the run's state has it. */
async function openRun(context: RunContext): Promise<TrainingRun> {
  const { config } = context;
  const found = await findStartingPoint(config);
  milestone('weights');
  const { trainSet, valSet } = await localRankZeroFirst(context, () => openDatasets(context));
  milestone('data sets');
  const start = withFittedAnchors(found, config, trainSet);
  const input = new TrainingInput(context, trainSet, start.resume?.progress);
  try {
    return new TrainingRun(context, start, input, trainSet, valSet);
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function openDatasets({ comms, config, rank }: RunContext): Promise<{ trainSet: Dataset; valSet: Dataset }> {
  const open = (split: 'train' | 'val'): Promise<Dataset> =>
    openDataset(config.data[split], config.data, {
      split,
      singleCls: config.singleCls,
      onBadSample: config.onBadSample,
      onProgress: (done, total) => comms.report({ phaseReport: { rank, phase: `scan ${split}`, done, total } }),
    });
  return { trainSet: await open('train'), valSet: await open('val') };
}

class TrainingRun {
  readonly #context: RunContext;
  readonly #notes: readonly string[];
  /** Where the run starts or goes on. */
  readonly #from: RunProgress;
  readonly #model: Model;
  readonly #trainSet: Dataset;
  readonly #valSet: Dataset;
  readonly #programs: TrainPrograms;
  readonly #state: TrainState;
  readonly #sum: SummedVector;
  readonly #trainer: Trainer;
  readonly #validator: Validator;
  readonly #input: TrainingInput;
  readonly #ledger: Ledger;
  readonly #badItems: BadItemLog;
  /** Only on rank 0, and not when resuming. */
  readonly #pictures: RunPictures | undefined;
  readonly #schedule: Schedule;
  readonly #files: RunFiles;
  readonly #epochFiles: EpochFiles;
  readonly #finiteSteps: FiniteSteps;
  readonly #reports: RunReports;
  readonly #trace: RunTrace | undefined;
  readonly #tuner: BucketTuner | undefined;
  readonly #startedMs = performance.now();
  #stopping: EarlyStopping;
  #best = new BestResult();
  #trainSeconds = 0;

  constructor(context: RunContext, start: StartingPoint, input: TrainingInput, trainSet: Dataset, valSet: Dataset) {
    const { config, engine, comms, rank, worldSize } = context;
    const { model } = start;
    this.#context = context;
    this.#notes = start.notes;
    this.#model = model;
    this.#trainSet = trainSet;
    this.#valSet = valSet;
    this.#input = input;
    const doneSteps = start.resume?.counters.iteration ?? 0;
    const totalSteps = config.epochs * input.stepsPerEpoch;
    this.#trace = RunTrace.open({ ...context, doneSteps, totalSteps });
    // The making of the first batches belongs to a window that begins with their step.
    this.#trace?.before(doneSteps + 1);
    input.begin();
    this.#programs = new TrainPrograms(engine, model, config, totalSteps);
    const { layout } = this.#programs;
    this.#state = new TrainState(model, layout, config.optimizer, openLossScaler(config.amp));
    this.#state.start(start.state);
    const allReduce = openGradientSum(context, model, layout, doneSteps, this.#state.heap);
    this.#sum = allReduce;
    this.#tuner = BucketTuner.open({ ...context, allReduce, programs: this.#programs });
    this.#schedule = createSchedule({
      hyp: config.hyp,
      epochs: config.epochs,
      iterationsPerEpoch: this.#input.stepsPerEpoch,
      batchSize: config.batchSize,
      nominalBatchSize: config.nominalBatchSize,
      linear: config.linearLr,
      optimizer: config.optimizer,
    });
    this.#ledger = new Ledger(trainSet.imageIds(), config.seed);
    this.#trainer = new Trainer({
      config,
      engine,
      comms,
      allReduce,
      programs: this.#programs,
      state: this.#state,
      ledger: this.#ledger,
      weightDecay: this.#schedule.weightDecay,
      virtualRanks: input.virtualRanks,
    });
    this.#validator = new Validator({
      ...{ config, engine, comms, model, dataset: valSet, rank, worldSize },
      cache: openImageCache(context, valSet, 'val'),
    });
    this.#files = new RunFiles(config);
    this.#epochFiles = new EpochFiles({ ...context, model, state: this.#state, files: this.#files, sum: this.#sum });
    this.#finiteSteps = new FiniteSteps(context.log);
    this.#reports = new RunReports(context, this.#state);
    this.#badItems = new BadItemLog(context.log);
    if (rank === 0 && start.resume === undefined) {
      this.#pictures = new RunPictures(config.saveDir, config.data.names, context.log);
    }
    this.#stopping = new EarlyStopping(config.patience);
    this.#from = this.#restore(start);
  }

  async run(): Promise<RunOutcome> {
    const { config, rank } = this.#context;
    let progress = this.#from;
    await collectAllGarbage();
    if (rank === 0) await this.#files.open(progress.epoch);
    this.#pictures?.addLabels(this.#trainSet.table.labels);
    this.#reports.started({ model: this.#model, notes: this.#notes }, this.#trainSet, this.#valSet, progress.epoch);
    for (let epoch = progress.epoch; epoch < config.epochs; epoch++) {
      const result = await this.#epoch(epoch, progress);
      progress = result.progress;
      if (result.drained) return this.#drained(epoch, progress);
      if (result.stop) return this.#finish(epoch, 'early stopping');
    }
    return this.#finish(config.epochs - 1, 'done');
  }

  async dispose(): Promise<void> {
    try {
      await this.#input.close();
    } finally {
      this.#trainer.dispose();
      this.#validator.dispose();
      this.#programs.dispose();
    }
  }

  /** Trains one epoch (or what is left of it), validates, and saves. */
  async #epoch(epoch: number, from: RunProgress): Promise<{ progress: RunProgress; drained: boolean; stop: boolean }> {
    const { config } = this.#context;
    const started = performance.now();
    let lossSums = from.lossSums;
    this.#ledger.begin(epoch, from.ledger);
    let rates = this.#schedule.at(epoch * this.#input.stepsPerEpoch);
    this.#trainer.restartClock();
    for (let step = from.stepInEpoch; step < this.#input.stepsPerEpoch; step++) {
      this.#trace?.before(this.#state.iteration + 1);
      const input = await this.#trainer.waitForData(() => this.#input.next(epoch, step));
      rates = this.#schedule.at(this.#state.iteration);
      this.#pictures?.addBatch(input.batches[0]);
      this.#badItems.add(epoch, input.batches);
      const result = await this.#trainer.step(input.batches, rates);
      this.#ledger.commit(result);
      lossSums = [lossSums[0] + result.losses[0], lossSums[1] + result.losses[1], lossSums[2] + result.losses[2]];
      const imageSize = input.batches.find((batch) => batch !== undefined)?.width ?? config.imgsz;
      this.#reports.step({ epoch, step, stepsPerEpoch: this.#input.stepsPerEpoch, rates, result, imageSize });
      this.#finiteSteps.check(result, this.#state.iteration);
      await this.#tuner?.after(result.allReduce);
      await this.#trace?.after(this.#state.iteration);
      const last = step + 1 === this.#input.stepsPerEpoch;
      if (result.drain && !last) {
        return { progress: this.#progress(epoch, step + 1, lossSums), drained: true, stop: false };
      }
    }
    this.#closeLedger();
    const trainSeconds = (performance.now() - started) / 1000;
    this.#trainSeconds += trainSeconds;
    const losses = scaled(lossSums, 1 / this.#input.stepsPerEpoch);
    const final = epoch + 1 === config.epochs;
    const validationMs = threadTrace.begin();
    const report = config.noval && !final ? undefined : await this.#validator.run(this.#state.layout, this.#state.ema);
    if (report !== undefined) threadTrace.end('validation', validationMs, epoch);
    const score = report === undefined ? 0 : fitness(report);
    const isBest = this.#best.offer(epoch, score, report);
    if (report !== undefined) this.#input.plans.learn(report);
    const { stop } = this.#stopping.update(epoch, score);
    const drained = this.#context.comms.drainRequested;
    const progress = this.#progress(epoch + 1, 0, NO_LOSS);
    await this.#epochFiles.finished({ epoch, losses, rates, report, score, isBest, final: final || stop, progress });
    this.#reports.epoch({ epoch, losses, report, fitness: score, isBest, seconds: trainSeconds });
    return { progress, drained: (await this.#agree(drained)) && !final, stop };
  }

  /** Every image of the epoch was used once, or as often as it was drawn: reported by rank 0, insisted on by all. */
  #closeLedger(): void {
    const { comms, rank } = this.#context;
    const verdict = this.#ledger.verdict(this.#input.plans.plan(this.#ledger.state.epoch).pool);
    if (rank === 0) comms.report({ ledgerReport: verdict });
    requireComplete(verdict);
  }

  /** Between steps there is no sum to carry the drain flag, so rank 0's word counts. */
  async #agree(drained: boolean): Promise<boolean> {
    const { comms, rank } = this.#context;
    const word = await comms.broadcast(rank === 0 ? Uint8Array.of(drained ? 1 : 0) : undefined);
    return word[0] === 1;
  }

  #restore({ resume, state }: StartingPoint): RunProgress {
    if (resume === undefined) return this.#progress(0, 0, NO_LOSS);
    this.#state.restore(state, resume.arrays, resume.counters);
    const { rank, worldSize } = this.#context;
    const { buckets } = this.#programs.layout;
    restoreCompression(this.#sum.compressionState, resume.arrays, { rank, worldSize, buckets });
    const { progress } = resume;
    this.#stopping = new EarlyStopping(this.#context.config.patience, progress.earlyStopping);
    this.#best = new BestResult(progress.bestFitness, progress.earlyStopping.bestEpoch, progress.bestMetrics);
    return progress;
  }

  #progress(epoch: number, stepInEpoch: number, lossSums: Losses): RunProgress {
    return {
      epoch,
      stepInEpoch,
      lossSums,
      ledger: this.#ledger.state,
      classMaps: this.#input.plans.classMaps,
      bestFitness: this.#best.fitness,
      bestMetrics: this.#best.metrics,
      earlyStopping: this.#stopping.state,
    };
  }

  /** Saves at the step on which all ranks stopped. */
  async #drained(epoch: number, progress: RunProgress): Promise<RunOutcome> {
    await this.#trace?.finish();
    await this.#pictures?.finished();
    // Between epochs the checkpoint of the epoch is already there.
    if (progress.stepInEpoch > 0 || this.#context.config.nosave) await this.#epochFiles.interrupted(epoch, progress);
    return this.#outcome('drained', true, epoch);
  }

  async #finish(epoch: number, stopReason: string): Promise<RunOutcome> {
    await this.#trace?.finish();
    await this.#pictures?.finished();
    if (this.#context.rank === 0) await this.#files.finish(this.#best.exists);
    return this.#outcome(stopReason, false, epoch);
  }

  #outcome(stopReason: string, resumable: boolean, epoch: number): RunOutcome {
    const summary: RunSummary = {
      mode: 'train',
      ...this.#best.summary(this.#context.config.data.names),
      epochs: epoch + 1 - this.#from.epoch,
      seconds: (performance.now() - this.#startedMs) / 1000,
      imagesPerSecond: this.#trainSeconds > 0 ? this.#reports.imagesSeen / this.#trainSeconds : 0,
      ...(this.#reports.hiddenShare !== undefined && { allReduceHiddenShare: this.#reports.hiddenShare }),
      lastWeights: this.#files.last,
      bestWeights: this.#files.best,
      ...(stopReason !== 'done' && { stopReason }),
    };
    return {
      weightsSha256: weightsSha256(toStateTensors(this.#state.exportEma(), this.#model.state)),
      stopReason,
      resumable,
      summaryJson: JSON.stringify(summary),
    };
  }
}

function scaled([box, obj, cls]: Losses, factor: number): Losses {
  return [box * factor, obj * factor, cls * factor];
}
