/** The run's Prometheus metrics, fed by run events. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RunConfig } from '../configs/run-config.js';
import { DataWait } from './data-wait.js';
import type { Observer, RunEvent } from './observer.js';

const PREFIX = 'lockstep_';
/** 1 ms to 60 s in steps of 1, 2.5, 5. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];
/** Gauges of prom-client whose names end like counters. */
const MISNAMED_DEFAULTS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export interface RunMetrics {
  readonly registry: Registry;
  readonly observe: Observer;
}

/** Makes the registry of a run and the observer that fills it. */
export function createMetrics(config: RunConfig, version: string): RunMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_DEFAULTS) registry.removeSingleMetric(name);
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Histogram<L> =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets: DURATION_BUCKETS, registers });

  const runInfo = gauge('run_info', 'What this run is', [
    'run_id',
    'name',
    'dataset',
    'version',
    'world_size',
    'engine',
  ]);
  const runStart = gauge('run_start_time_seconds', 'When the launcher started, Unix time');
  const runState = gauge('run_state', '1 for the state that the run is in', ['state']);
  const worldSize = gauge('world_size_ranks', 'Workers in the run');
  const generation = gauge('generation', 'The membership in force');
  const epoch = gauge('epoch', 'The epoch in progress, from 0');
  const epochsTarget = gauge('epochs_target', 'Epochs in all');
  const workers = gauge('workers', 'Workers by state', ['state']);
  const exits = counter('worker_exits_total', 'Workers that failed, by exit code or signal', ['code', 'signal']);
  const rendezvous = histogram('rendezvous_duration_seconds', 'From the start until all workers had joined');

  const steps = counter('steps_total', 'Steps done', ['rank']);
  const images = counter('images_total', 'Images trained on', ['rank', 'split']);
  const objects = counter('objects_total', 'Labelled objects trained on, over all ranks', ['split']);
  const lastStep = gauge('last_step_timestamp_seconds', 'When the last step ended, Unix time', ['rank']);
  const stepDuration = histogram('step_duration_seconds', 'Whole steps', ['rank']);
  const stepPhase = histogram('step_phase_duration_seconds', 'Parts of steps', ['rank', 'phase']);
  const dataWaitRatio = gauge(
    'data_wait_ratio',
    'Share of step time that was spent waiting for data, in the last finished epoch',
    ['rank'],
  );
  const compressionError = gauge(
    'compression_error_ratio',
    'What compression left out per step of the last finished epoch, as a share of what was to be sent',
  );
  const imagesPerSecond = gauge('images_per_second', 'Images per second over all ranks, in the last step');
  const loss = gauge('loss', 'Losses of the last step (train) or validation (val)', ['component', 'split']);
  const lossScale = gauge('loss_scale', 'What the loss is multiplied by in mixed precision');
  const skippedSteps = counter('skipped_steps_total', 'Steps that updated nothing, by what was not finite', ['reason']);
  const learningRate = gauge('learning_rate', 'Learning rate of each parameter group', ['param_group']);
  const momentum = gauge('momentum', 'Momentum of the optimizer');
  const allreduceDuration = histogram('allreduce_duration_seconds', 'All-reduce of a step', ['rank']);
  const allreduceBytes = counter('allreduce_sent_bytes_total', 'Payload bytes sent by the all-reduce', ['rank']);
  const allreduceShared = counter(
    'allreduce_shared_bytes_total',
    'Of the payload of the all-reduce, what went through memory that the ranks of a host share',
    ['rank'],
  );
  const allreduceResends = counter(
    'allreduce_resends_total',
    'Frames of the all-reduce that came damaged and were sent again',
    ['rank'],
  );
  const allreduceInFlight = counter('allreduce_in_flight_seconds_total', 'Time with some bucket under way', ['rank']);
  const allreduceHidden = counter('allreduce_hidden_seconds_total', 'Of it, hidden behind computing', ['rank']);
  const allreduceHiddenRatio = gauge(
    'allreduce_hidden_ratio',
    "Share of the last step's all-reduce that was hidden behind computing",
    ['rank'],
  );
  const resident = gauge('worker_resident_bytes', 'Resident memory of each worker', ['rank']);

  const ledgerImages = counter('ledger_images_total', 'Images of finished epochs, as the ledger counts them', [
    'result',
  ]);
  const ledgerComplete = gauge('ledger_complete', '1: the last finished epoch used each image once');

  const evalDuration = histogram('eval_duration_seconds', 'Validations');
  const averagePrecision = gauge('eval_average_precision_ratio', 'Average precision by IoU threshold', ['iou']);
  const precision = gauge('eval_precision_ratio', 'Precision of the last validation');
  const recall = gauge('eval_recall_ratio', 'Recall of the last validation');
  const bestFitness = gauge('eval_best_fitness_ratio', 'Best fitness so far');
  const checkpointDuration = histogram('checkpoint_duration_seconds', 'Writing checkpoints');
  const checkpointSize = gauge('checkpoint_size_bytes', 'Size of the last checkpoint');
  const checkpointTime = gauge(
    'checkpoint_last_success_timestamp_seconds',
    'When the last checkpoint was whole, Unix time',
  );
  const checkpointStep = gauge('checkpoint_last_success_step', 'Step of the last checkpoint');

  const now = (): number => Date.now() / 1000;
  const setState = (state: string): void => {
    for (const known of ['starting', 'training', 'finished', 'failed', 'stopped'])
      runState.set({ state: known }, known === state ? 1 : 0);
  };
  runInfo.set(
    {
      run_id: config.runId,
      name: config.saveDir.split('/').at(-1) ?? '',
      dataset: config.data.yaml.split('/').at(-1) ?? '',
      version,
      world_size: String(config.worldSize),
      engine: config.engine,
    },
    1,
  );
  runStart.set(now());
  worldSize.set(config.worldSize);
  epochsTarget.set(config.epochs);
  setState('starting');
  let best = 0;
  const dataWait = new DataWait();

  const observe = (event: RunEvent): void => {
    switch (event.kind) {
      case 'workers':
        for (const [state, count] of Object.entries(event.states)) workers.set({ state }, count);
        break;
      case 'world':
        rendezvous.observe(event.seconds);
        generation.set(1);
        setState('training');
        break;
      case 'heartbeat':
        resident.set({ rank: String(event.report.rank ?? 0) }, event.report.residentBytes ?? 0);
        break;
      case 'step': {
        const { report } = event;
        const rank = String(report.rank ?? 0);
        dataWait.add(report);
        steps.inc({ rank });
        images.inc({ rank, split: 'train' }, report.localImages ?? 0);
        lastStep.set({ rank }, now());
        stepDuration.observe({ rank }, report.stepSeconds ?? 0);
        for (const part of report.phases ?? []) stepPhase.observe({ rank, phase: part.phase ?? '' }, part.seconds ?? 0);
        allreduceDuration.observe({ rank }, report.allreduceSeconds ?? 0);
        allreduceBytes.inc({ rank }, report.allreduceBytes ?? 0);
        allreduceShared.inc({ rank }, report.allreduceSharedBytes ?? 0);
        allreduceResends.inc({ rank }, report.allreduceResends ?? 0);
        const { allreduceInFlightSeconds: inFlight = 0, allreduceHiddenSeconds: hidden = 0 } = report;
        if (inFlight && hidden !== null) {
          allreduceInFlight.inc({ rank }, inFlight);
          allreduceHidden.inc({ rank }, hidden);
          allreduceHiddenRatio.set({ rank }, hidden / inFlight);
        }
        // The rest is the same on all ranks.
        if (report.rank !== 0) break;
        objects.inc({ split: 'train' }, report.targets ?? 0);
        epoch.set(report.epoch ?? 0);
        if (report.stepSeconds) imagesPerSecond.set((report.images ?? 0) / report.stepSeconds);
        setLosses('train', report.boxLoss, report.objLoss, report.clsLoss);
        for (const [group, rate] of (report.learningRates ?? []).entries())
          learningRate.set({ param_group: String(group) }, rate);
        momentum.set(report.momentum ?? 0);
        if (report.lossScale) lossScale.set(report.lossScale);
        if (report.skipped) skippedSteps.inc({ reason: report.skipped });
        break;
      }
      case 'epoch': {
        const { report } = event;
        const waited = dataWait.of(report.epoch ?? 0)?.byRank ?? [];
        for (const [rank, share] of waited) dataWaitRatio.set({ rank: String(rank) }, share);
        if ((report.compressionError ?? -1) >= 0) compressionError.set(report.compressionError ?? 0);
        if (!report.validated) break;
        evalDuration.observe(report.valSeconds ?? 0);
        precision.set(report.precision ?? 0);
        recall.set(report.recall ?? 0);
        const values = {
          '0.5': report.map50,
          '0.5:0.95': report.map,
          '0.65': report.ap65,
          '0.75': report.ap75,
          '0.8': report.ap80,
          '0.9': report.ap90,
        };
        for (const [iou, value] of Object.entries(values)) averagePrecision.set({ iou }, value ?? 0);
        setLosses('val', report.valBoxLoss, report.valObjLoss, report.valClsLoss);
        best = Math.max(best, report.fitness ?? 0);
        bestFitness.set(best);
        break;
      }
      case 'ledger': {
        const { images = 0, unreadable = 0, nonFinite = 0, complete } = event.report;
        const trained = Number(images) - Number(unreadable) - Number(nonFinite);
        ledgerImages.inc({ result: 'trained' }, Math.max(trained, 0));
        ledgerImages.inc({ result: 'unreadable' }, Number(unreadable));
        ledgerImages.inc({ result: 'non_finite' }, Number(nonFinite));
        ledgerComplete.set(complete ? 1 : 0);
        break;
      }
      case 'checkpoint':
        checkpointDuration.observe(event.report.seconds ?? 0);
        checkpointSize.set(event.report.bytes ?? 0);
        checkpointTime.set(now());
        checkpointStep.set(event.report.step ?? 0);
        break;
      case 'membership':
      case 'aborting':
      case 'started':
      case 'phase':
      case 'metrics':
      case 'farewell':
        break;
      case 'over': {
        setState(event.outcome.kind);
        if (event.outcome.kind === 'failed') {
          const { exitCode, signal } = event.outcome.cause;
          exits.inc({ code: String(exitCode ?? ''), signal: signal ?? '' });
        }
        break;
      }
    }
  };
  const setLosses = (split: string, box?: number | null, obj?: number | null, cls?: number | null): void => {
    const components = { box: box ?? 0, obj: obj ?? 0, cls: cls ?? 0 };
    for (const [component, value] of Object.entries(components)) loss.set({ component, split }, value);
    loss.set({ component: 'total', split }, components.box + components.obj + components.cls);
  };
  return { registry, observe };
}
