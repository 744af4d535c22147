/** What a training run reports to the coordinator: its start, each step, each epoch. */

import { milestone, writeMilestones } from '../proto/telemetry/milestones.js';
import type { CompressionFigures } from './collective/gradient-codec.js';
import type { Dataset } from './data/dataset.js';
import { countFlops } from './model/summary.js';
import type { IterationRates } from './optim/schedule.js';
import { figures } from './results.js';
import type { RunContext } from './run-context.js';
import type { StartingPoint } from './starting-point.js';
import { OverlapSum } from './trace/overlap.js';
import type { TrainState } from './train-state.js';
import type { StepResult } from './trainer.js';
import type { ValReport } from './validator.js';

/** Mean loss terms. */
export type Losses = readonly [box: number, obj: number, cls: number];
export const NO_LOSS: Losses = [0, 0, 0];

/** A finished step. */
export interface StepEvent {
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly rates: IterationRates;
  readonly result: StepResult;
  /** Side of the training images in pixels. */
  readonly imageSize: number;
}

/** A finished epoch. */
export interface EpochEvent {
  readonly epoch: number;
  readonly losses: Losses;
  /** Undefined where nothing was validated. */
  readonly report: ValReport | undefined;
  readonly fitness: number;
  readonly isBest: boolean;
  /** Of training, without validation. */
  readonly seconds: number;
}

export class RunReports {
  readonly #context: RunContext;
  readonly #state: TrainState;
  #imagesSeen = 0;
  /** Of the epoch so far, on this rank. */
  #compression: CompressionFigures = { error: 0, signal: 0 };
  #overlapOfEpoch = new OverlapSum();
  readonly #overlapOfRun = new OverlapSum();

  constructor(context: RunContext, state: TrainState) {
    this.#context = context;
    this.#state = state;
  }

  /** Images trained on since this process began, over all ranks. */
  get imagesSeen(): number {
    return this.#imagesSeen;
  }

  /** Of this rank's all-reduce since this process began, the share hidden behind computing; undefined with one worker. */
  get hiddenShare(): number | undefined {
    return this.#overlapOfRun.hiddenShare;
  }

  /** Says what is about to be trained; rank 0 speaks for all. */
  started(
    { model, notes }: Pick<StartingPoint, 'model' | 'notes'>,
    trainSet: Dataset,
    valSet: Dataset,
    startEpoch: number,
  ): void {
    const { comms, config, rank } = this.#context;
    milestone('program');
    if (rank !== 0) return;
    const { imgsz, epochs } = config;
    comms.report({
      runStarted: {
        numParameters: model.numParameters,
        numLayers: model.numModules,
        gflops: countFlops(model, imgsz, imgsz).reported / 1e9,
        trainImages: trainSet.numImages,
        valImages: valSet.numImages,
        startEpoch,
        epochs,
        notes: [...notes, ...scanNotes('train', trainSet), ...scanNotes('val', valSet)],
      },
    });
  }

  /** Takes what compression left out since the last call, as a share of what was to be sent; -1 where nothing is compressed. */
  #takeCompressionError(): number {
    const { error, signal } = this.#compression;
    this.#compression = { error: 0, signal: 0 };
    return signal > 0 ? Math.sqrt(error / signal) : -1;
  }

  step({ epoch, step, stepsPerEpoch, rates, result, imageSize }: StepEvent): void {
    const { comms, rank } = this.#context;
    if (this.#imagesSeen === 0) {
      milestone('first step');
      writeMilestones(`rank-${rank}`);
    }
    this.#imagesSeen += result.images;
    const { compression } = result.allReduce;
    if (compression !== undefined) {
      const { error, signal } = this.#compression;
      this.#compression = { error: error + compression.error, signal: signal + compression.signal };
    }
    // One worker's sums are made while its gradients are copied: there is nothing to hide.
    if (this.#context.worldSize > 1) {
      this.#overlapOfEpoch.add(result.allReduce);
      this.#overlapOfRun.add(result.allReduce);
    }
    comms.report({
      stepReport: {
        rank,
        step: this.#state.iteration,
        epoch,
        stepInEpoch: step,
        stepsPerEpoch,
        images: result.images,
        localImages: result.localImages,
        targets: result.targets,
        boxLoss: result.losses[0],
        objLoss: result.losses[1],
        clsLoss: result.losses[2],
        learningRates: [...rates.lr],
        momentum: rates.momentum,
        phases: result.phases,
        allreduceBytes: result.allReduce.bytesSent + result.allReduce.bytesReceived,
        allreduceSharedBytes: result.allReduce.bytesShared,
        allreduceResends: comms.takeResends(),
        allreduceSeconds: result.allReduce.exchangeSeconds,
        allreduceInFlightSeconds: result.allReduce.inFlightSeconds,
        allreduceHiddenSeconds: result.allReduce.hiddenSeconds,
        stepSeconds: result.seconds,
        optimizerStepped: result.optimizerStepped,
        imageSize,
        lossScale: result.lossScale ?? 0,
        skipped: result.finite ? '' : result.overflowed ? 'gradient' : 'loss',
      },
    });
  }

  /** Says how an epoch went; rank 0 speaks for all. */
  epoch({ epoch, losses, report, fitness, isBest, seconds }: EpochEvent): void {
    const { comms, config, rank } = this.#context;
    const { hiddenShare } = this.#overlapOfEpoch;
    this.#overlapOfEpoch = new OverlapSum();
    if (rank !== 0) return;
    const compressionError = this.#takeCompressionError();
    const [boxLoss, objLoss, clsLoss] = losses;
    const [valBoxLoss, valObjLoss, valClsLoss] = report?.loss ?? NO_LOSS;
    comms.report({
      epochReport: {
        epoch,
        epochs: config.epochs,
        boxLoss,
        objLoss,
        clsLoss,
        validated: report !== undefined,
        ...figures(report),
        valBoxLoss,
        valObjLoss,
        valClsLoss,
        fitness,
        best: isBest,
        seconds,
        valSeconds: report?.seconds ?? 0,
        imagesSeen: this.#imagesSeen,
        labels: report?.numLabels ?? 0,
        valImages: report?.numImages ?? 0,
        allreduceHiddenShare: hiddenShare ?? -1,
        compressionError,
      },
    });
  }
}

function scanNotes(split: string, { report, numImages }: Dataset): string[] {
  const { missing, empty, corrupt, messages } = report;
  const counts = `${split}: ${numImages} images, ${missing + empty} without labels, ${corrupt} left out`;
  return [counts, ...messages];
}
