/** `launch val`: one validation of a checkpoint, sharded over the ranks. */
import type { RunSummary } from '../configs/run-summary.js';
import { toStateTensors } from './checkpoint/transfer.js';
import { weightsSha256 } from './checkpoint/weights-hash.js';
import { openDataset } from './data/open-dataset.js';
import { importState, layoutFlatState } from './flat-state.js';
import { figures, perClassRows } from './results.js';
import { localRankZeroFirst, type RunContext, type RunOutcome } from './run-context.js';
import { findStartingPoint } from './starting-point.js';
import { Validator } from './validator.js';

/** Validates the weights that the configuration names and returns what the worker tells the coordinator at its end. */
export async function validate(context: RunContext): Promise<RunOutcome> {
  const { config, engine, comms, rank, worldSize } = context;
  const started = performance.now();
  const { model, state } = await findStartingPoint(config);
  const dataset = await localRankZeroFirst(context, () =>
    openDataset(config.data.val, config.data, {
      split: 'val',
      singleCls: config.singleCls,
      onBadSample: config.onBadSample,
      onProgress: (done, total) => comms.report({ phaseReport: { rank, phase: 'scan val', done, total } }),
    }),
  );
  const layout = layoutFlatState(model, [], []);
  const flat = new Float32Array(layout.length);
  importState(layout, flat, state);
  const validator = new Validator({ config, engine, comms, model, dataset, rank, worldSize });
  try {
    const report = await validator.run(layout, flat);
    const summary: RunSummary = {
      mode: 'val',
      results: figures(report),
      perClass: perClassRows(report, config.data.names),
      valImages: report.numImages,
      valLabels: report.numLabels,
      seconds: (performance.now() - started) / 1000,
      imagesPerSecond: report.numImages / report.seconds,
    };
    return {
      weightsSha256: weightsSha256(toStateTensors(state, model.state)),
      stopReason: 'done',
      resumable: false,
      summaryJson: JSON.stringify(summary),
    };
  } finally {
    validator.dispose();
  }
}
