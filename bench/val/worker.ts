/** The worker process of the validation benchmark: the real validator over the real loader, again and again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toStateTensors } from '../../worker/checkpoint/transfer.js';
import { weightsSha256 } from '../../worker/checkpoint/weights-hash.js';
import { openDataset } from '../../worker/data/open-dataset.js';
import { readEnvironment } from '../../worker/environment.js';
import { importState, layoutFlatState } from '../../worker/flat-state.js';
import { openImageCache } from '../../worker/image-cache.js';
import { runMember } from '../../worker/member.js';
import { localRankZeroFirst, type RunContext, type RunOutcome } from '../../worker/run-context.js';
import { findStartingPoint } from '../../worker/starting-point.js';
import { Validator } from '../../worker/validator.js';
import { readRepeats, type ValSample } from './sample.js';

async function validateAgain(context: RunContext): Promise<RunOutcome> {
  const { config, engine, comms, rank, worldSize } = context;
  const { model, state } = await findStartingPoint(config);
  const { singleCls, onBadSample } = config;
  const dataset = await localRankZeroFirst(context, () =>
    openDataset(config.data.val, config.data, { split: 'val', singleCls, onBadSample }),
  );
  const layout = layoutFlatState(model, [], []);
  const flat = new Float32Array(layout.length);
  importState(layout, flat, state);
  const cache = openImageCache({ ...context, config: { ...config, cache: 'ram' } }, dataset, 'val');
  const validator = new Validator({ config, engine, comms, model, dataset, rank, worldSize, cache });
  try {
    // Compiles, and fills the cache of decoded pictures.
    let report = await validator.run(layout, flat);
    const seconds: number[] = [];
    for (let done = 0; done < readRepeats(); done++) {
      report = await validator.run(layout, flat);
      seconds.push(report.seconds);
    }
    const { numDetections, map50, map } = report;
    const sample: ValSample = {
      ...{ version: `${engine.info.name} ${engine.info.version}`, seconds, numDetections, map50, map },
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    writeFileSync(join(config.saveDir, `rank-${rank}.json`), JSON.stringify(sample));
  } finally {
    validator.dispose();
  }
  const sha256 = weightsSha256(toStateTensors(state, model.state));
  return { weightsSha256: sha256, stopReason: 'done', resumable: false, summaryJson: '' };
}

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.exitCode = await runMember(readEnvironment(), validateAgain);
