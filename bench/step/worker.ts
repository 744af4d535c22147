/**
 * The worker process of the step benchmark: started by the real launcher, with the real comms, but fed with noise. Writes
 * rank-N.json beside the run's files.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLossScaler } from '../../worker/amp/loss-scaler.js';
import { toStateTensors } from '../../worker/checkpoint/transfer.js';
import { weightsSha256 } from '../../worker/checkpoint/weights-hash.js';
import { readEnvironment } from '../../worker/environment.js';
import { collectAllGarbage } from '../../worker/garbage.js';
import { Ledger } from '../../worker/ledger/ledger.js';
import { runMember } from '../../worker/member.js';
import { createSchedule } from '../../worker/optim/schedule.js';
import type { RunContext, RunOutcome } from '../../worker/run-context.js';
import { TrainPrograms } from '../../worker/train-program.js';
import { TrainState } from '../../worker/train-state.js';
import { Trainer } from '../../worker/trainer.js';
import { deviceUsedMb } from '../devices.js';
import { median } from '../median.js';
import { noiseBatch } from '../noise-batch.js';
import { recordReadyTimes } from './recorded-all-reduce.js';
import { readStepTask, type StepSample, WARM_UP_STEPS } from './sample.js';
import { startWeights, stepModel } from './start.js';

/** The schedule's, and with the epochs what compiling may cost: steps are measured as those of a long run. */
const ITERATIONS_PER_EPOCH = 100;

async function runSteps({ config, engine, comms, rank }: RunContext): Promise<RunOutcome> {
  const { numSteps, nc } = readStepTask();
  const model = await stepModel(config.cfg, nc);
  const programs = new TrainPrograms(engine, model, config, config.epochs * ITERATIONS_PER_EPOCH);
  const { layout } = programs;
  const state = new TrainState(model, layout, config.optimizer, openLossScaler(config.amp));
  state.start(startWeights(model));
  // As a training run does, which keeps nothing of what it starts from.
  await collectAllGarbage();
  const vector = {
    length: layout.length,
    buckets: layout.buckets.map(({ offset, length }) => ({ offset, length })),
    virtualRanks: config.virtualRanks,
  };
  const allReduce = comms.openAllReduce(vector, { heap: state.heap });
  const { begin, end } = allReduce.virtualRange;
  const virtualRanks = Array.from({ length: end - begin }, (_, i) => begin + i);
  const schedule = createSchedule({
    hyp: config.hyp,
    epochs: config.epochs,
    iterationsPerEpoch: ITERATIONS_PER_EPOCH,
    batchSize: config.batchSize,
    nominalBatchSize: config.nominalBatchSize,
    optimizer: config.optimizer,
  });
  const readyMs = new Float64Array(layout.buckets.length);
  const trainer = new Trainer({
    ...{ config, engine, comms, programs, state, virtualRanks },
    allReduce: recordReadyTimes(allReduce, readyMs),
    ledger: new Ledger([], config.seed),
    weightDecay: schedule.weightDecay,
  });
  const microbatch = noiseBatch(config.batchSize / config.virtualRanks, config.imgsz, nc);
  const batches = virtualRanks.map(() => microbatch);
  const seconds: number[] = [];
  const phases = new Map<string, number>();
  const ready: number[][] = [];
  let losses: readonly number[] = [];
  let skippedSteps = 0;
  for (let step = 0; step < numSteps + WARM_UP_STEPS; step++) {
    const startedMs = performance.now();
    const result = await trainer.step(batches, schedule.at(step));
    if (step === 0) losses = result.losses;
    if (step < WARM_UP_STEPS) continue;
    if (!result.finite) skippedSteps += 1;
    seconds.push(result.seconds);
    ready.push(Array.from(readyMs, (ms) => (ms - startedMs) / 1000));
    for (const { phase, seconds: s } of result.phases) phases.set(phase, (phases.get(phase) ?? 0) + s / numSteps);
  }
  const gpu = engine.info.device === 'gpu' ? process.env.CUDA_VISIBLE_DEVICES : undefined;
  const sample: StepSample = {
    version: `${engine.info.name} ${engine.info.version}`,
    seconds,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    losses,
    skippedSteps,
    deviceUsedMb: gpu === undefined ? undefined : await deviceUsedMb(gpu),
    phases: Object.fromEntries(phases),
    buckets: layout.buckets.map(({ length }, bucket) => ({
      bytes: length * Float32Array.BYTES_PER_ELEMENT,
      readySeconds: median(ready.map((times) => times[bucket]!)),
    })),
  };
  writeFileSync(join(config.saveDir, `rank-${rank}.json`), JSON.stringify(sample));
  trainer.dispose();
  programs.dispose();
  return {
    weightsSha256: weightsSha256(toStateTensors(state.exportEma(), model.state)),
    stopReason: 'done',
    resumable: false,
    summaryJson: '',
  };
}

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.exitCode = await runMember(readEnvironment(), runSteps);
