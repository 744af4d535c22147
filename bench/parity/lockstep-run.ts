/** Trains a parity task on one engine: lockstep-run.js TASK_FOLDER OUT_FOLDER ENGINE. A process of its own, as an engine fixes its threads when it loads. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../../configs/run-config.js';
import { readCheckpoint, writeCheckpoint } from '../../worker/checkpoint/checkpoint.js';
import type { Tensor } from '../../worker/checkpoint/tensor.js';
import { requireWeights, toStateTensors } from '../../worker/checkpoint/transfer.js';
import type { Batch } from '../../worker/data/loader/batch.js';
import { exportState } from '../../worker/flat-state.js';
import type { Model } from '../../worker/model/model.js';
import type { TrainState } from '../../worker/train-state.js';
import { openSingleProcess } from '../single-process.js';
import { type ParityTask, readTask, taskConfig, taskFiles, taskModel } from './task.js';
import { type IterationLosses, stateFile, type Trajectory } from './trajectory.js';

/** The images of an iteration as the loader would hand them over. */
function batchOf(task: ParityTask, pixels: Uint8Array, index: number): Batch {
  const chosen = task.batches[index]!;
  const { imgsz } = task;
  const length = imgsz * imgsz * 3;
  const images = new Uint8Array(chosen.length * length);
  for (const [position, image] of chosen.entries()) {
    images.set(pixels.subarray(image * length, (image + 1) * length), position * length);
  }
  const rows = chosen.flatMap((image, position) => task.labels[image]!.map((label) => [position, ...label]));
  return {
    epoch: Math.floor(index / task.iterationsPerEpoch),
    images,
    numImages: chosen.length,
    height: imgsz,
    width: imgsz,
    targets: Float32Array.from(rows.flat()),
    numTargets: rows.length,
    items: chosen.map((image) => ({
      index: image,
      path: '',
      nativeWidth: imgsz,
      nativeHeight: imgsz,
      gain: [1, 1] as const,
      pad: [0, 0] as const,
    })),
    badItems: [],
    release: () => {},
  };
}

async function saveState(path: string, model: Model, state: TrainState, config: RunConfig): Promise<void> {
  const named = (prefix: string, values: Map<string, Float32Array>): [string, Tensor][] =>
    [...toStateTensors(values, model.state)].map(([name, tensor]) => [`${prefix}/${name}`, tensor]);
  const weights = exportState(model, state.layout, state.weights, state.batchesTracked);
  await writeCheckpoint(path, {
    state: new Map([...named('weights', weights), ...named('ema', state.exportEma())]),
    metadata: {
      epoch: 0,
      step: state.optimizerSteps,
      finished: true,
      fitness: 0,
      bestFitness: 0,
      metrics: {},
      boxLoss: config.boxLoss,
      config,
    },
  });
}

async function main(folder: string, out: string, engine: string): Promise<void> {
  const task = await readTask(folder);
  const files = taskFiles(folder);
  const config = await taskConfig(folder, task, engine);
  const model = await taskModel(folder, task.nc);
  const pixels = new Uint8Array(await readFile(files.images));
  const initial = await readCheckpoint(files.initial);
  const subject = await openSingleProcess({
    config,
    model,
    initialState: requireWeights(initial.state, model.state, files.initial),
    iterationsPerEpoch: task.iterationsPerEpoch,
    numImages: task.labels.length,
  });
  await mkdir(out, { recursive: true });
  const { trainer, state, schedule } = subject;
  const iterations: IterationLosses[] = [];
  const startedMs = performance.now();
  for (const index of task.batches.keys()) {
    const { losses, optimizerStepped } = await trainer.step([batchOf(task, pixels, index)], schedule.at(index));
    const [box, obj, cls] = losses;
    iterations.push({ box, obj, cls, stepped: optimizerStepped });
    if (optimizerStepped && task.marks.includes(state.optimizerSteps)) {
      await saveState(stateFile(out, state.optimizerSteps), model, state, config);
    }
  }
  await saveState(stateFile(out, 'final'), model, state, config);
  const seconds = (performance.now() - startedMs) / 1000;
  const trajectory: Trajectory = { version: subject.engineVersion, seconds, iterations };
  await writeFile(join(out, 'losses.json'), JSON.stringify(trajectory));
  subject.dispose();
}

const [folder = '', out = '', engine = ''] = process.argv.slice(2);
await main(folder, out, engine);
