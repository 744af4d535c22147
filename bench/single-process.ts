/** A trainer in this process alone: no launcher, no comms thread, no files. What the benchmarks of the step drive. */
import { compileRun } from '../configs/compile.js';
import { readDatasetYaml } from '../configs/dataset.js';
import type { RunConfig } from '../configs/run-config.js';
import { ConfigError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';
import { openEngine } from '../worker/engine/registry.js';
import { Ledger } from '../worker/ledger/ledger.js';
import type { Model } from '../worker/model/model.js';
import { createSchedule, type Schedule } from '../worker/optim/schedule.js';
import { AllReduce } from '../worker/threads/all-reduce-client.js';
import type { Comms } from '../worker/threads/comms-client.js';
import type { CommsInput } from '../worker/threads/comms-input.js';
import { TrainPrograms } from '../worker/train-program.js';
import { TrainState } from '../worker/train-state.js';
import { Trainer } from '../worker/trainer.js';

/** The configuration that `launch train` would compile from these flags on a machine without GPUs, for one worker. */
export async function compileFlags(flags: Readonly<Record<string, string | boolean>>): Promise<RunConfig> {
  const { config } = await compileRun({
    command: 'train',
    flags: new Map(Object.entries({ nproc: '1', device: 'cpu', weights: '', ...flags })),
    env: {},
    cwd: repoRoot,
    argv: [],
    host: { numCores: 1, gpus: [] },
    readDataset: (path) => readDatasetYaml(path),
  });
  if (config !== undefined) return config;
  throw new ConfigError('CONFIG_USAGE', 'benchmarks run on one host', { hint: 'leave the flags for other hosts out' });
}

export interface SingleProcess {
  readonly engineVersion: string;
  readonly schedule: Schedule;
  readonly state: TrainState;
  readonly trainer: Trainer;
  dispose(): void;
}

/** What a single process starts from. */
export interface SingleProcessOptions {
  readonly config: RunConfig;
  readonly model: Model;
  /** PyTorch's layout, by name. */
  readonly initialState: ReadonlyMap<string, Float32Array>;
  readonly iterationsPerEpoch: number;
  /** In the data set that the batches' items point into. */
  readonly numImages: number;
}

/**
 * Opens the configuration's engine and a trainer of the whole batch on it; the caller disposes of it. One per process.
 * @throws EngineError as `openEngine` does
 */
export async function openSingleProcess(options: SingleProcessOptions): Promise<SingleProcess> {
  const { config, model, initialState, iterationsPerEpoch, numImages } = options;
  const engine = await openEngine(config.engine, { numThreads: config.threadsPerWorker, device: 'cpu' });
  const programs = new TrainPrograms(engine, model, config, config.epochs * iterationsPerEpoch);
  const state = new TrainState(model, programs.layout, config.optimizer);
  state.start(initialState);
  const world = { generation: 1, rank: 0, worldSize: 1, configJson: '' };
  const layout = { ...programs.layout, virtualRanks: 1 };
  const post = (input: CommsInput): void => {
    // One worker: the round is over as soon as it is waited for.
    if (input.kind !== 'awaitRound') return;
    allReduce.roundDone({
      round: input.round,
      bytesSent: 0,
      bytesReceived: 0,
      bytesShared: 0,
      exchangeMs: 0,
      bucketReadyMs: [],
      bucketDoneMs: [],
      numDropped: {},
    });
  };
  const allReduce = new AllReduce(layout, world, post, { heap: state.heap });
  const schedule = createSchedule({
    hyp: config.hyp,
    epochs: config.epochs,
    iterationsPerEpoch,
    batchSize: config.batchSize,
    nominalBatchSize: config.nominalBatchSize,
    optimizer: config.optimizer,
  });
  const trainer = new Trainer({
    config,
    engine,
    comms: silentComms,
    allReduce,
    programs,
    state,
    ledger: new Ledger([...Array(numImages).keys()], config.seed),
    weightDecay: schedule.weightDecay,
    virtualRanks: [0],
  });
  return {
    engineVersion: engine.info.version,
    schedule,
    state,
    trainer,
    dispose: () => {
      trainer.dispose();
      programs.dispose();
      engine.dispose();
    },
  };
}

/** Nobody listens to a single process: it is never asked to stop and reports its progress to no one. */
const silentComms = { drainRequested: false, setProgress: () => {} } as unknown as Comms;
