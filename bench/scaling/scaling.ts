/** `npm run bench -- scaling`: one worker with one thread against several with one thread each, same virtual ranks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile } from '../../configs/find.js';
import { repoRoot } from '../../proto/paths.js';
import { FULL_PRECISION } from '../devices.js';
import { readFlags } from '../flags.js';
import { rounded } from '../rounded.js';
import type { StepSample } from '../step/sample.js';
import { lockstepSide, type Shape, type StepSide, type StepWork } from '../step/sides.js';
import { formatTable } from '../table.js';
import { meanPhases, relate, stepSeconds } from './efficiency.js';

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchScaling(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    batch: '8',
    img: '416',
    nc: '80',
    workers: '2',
    steps: '5',
    rounds: '3',
    engine: 'tensorflow',
    json: false,
  });
  const numWorkers = Number(options.workers);
  const batch = Number(options.batch);
  const work: StepWork = {
    cfg: options.cfg,
    modelPath: findConfigFile('models', options.cfg, repoRoot),
    batch,
    img: Number(options.img),
    nc: Number(options.nc),
    numSteps: Number(options.steps),
    engine: options.engine,
    precision: FULL_PRECISION,
    extraFlags: { 'virtual-ranks': options.workers },
  };
  const share: StepWork = { ...work, batch: batch / numWorkers, extraFlags: {} };
  const one: Shape = { name: 'process', numProcesses: 1, threadsEach: 1, gpus: [] };
  const aloneSide = lockstepSide(work, one);
  const togetherSide = lockstepSide(work, { name: 'workers', numProcesses: numWorkers, threadsEach: 1, gpus: [] });
  const apartSides = Array.from({ length: numWorkers }, () => lockstepSide(share, one));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-scaling-'));
  const samples: Record<'alone' | 'together' | 'apart', StepSample[]> = { alone: [], together: [], apart: [] };
  const measure = async (name: keyof typeof samples, sides: readonly StepSide[]): Promise<void> => {
    samples[name].push(...(await Promise.all(sides.map((side, i) => side.measure(join(folder, `${name}-${i}`))))));
  };
  try {
    for (let done = 0; done < Number(options.rounds); done++) {
      process.stderr.write(`round ${done + 1} of ${options.rounds}\n`);
      await measure('alone', [aloneSide]);
      await measure('together', [togetherSide]);
      await measure('apart', apartSides);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const seconds = {
    alone: stepSeconds(samples.alone),
    together: stepSeconds(samples.together),
    apart: stepSeconds(samples.apart),
  };
  const scaling = relate(seconds, numWorkers);
  const phases = { alone: meanPhases(samples.alone), together: meanPhases(samples.together) };
  if (options.json) {
    const line = { bench: 'scaling', cfg: work.cfg, batch, img: work.img, workers: numWorkers, ...scaling, phases };
    process.stdout.write(`${JSON.stringify(rounded(line))}\n`);
    return;
  }
  const row = (name: string, s: number, efficiency: string): string[] => [
    ...[name, (batch / s).toFixed(2), s.toFixed(3), efficiency],
  ];
  const rows = [
    row('one worker', seconds.alone, '1.000'),
    row(`${numWorkers} workers, summing`, seconds.together, scaling.efficiency.toFixed(3)),
    row(`${numWorkers} workers that do not exchange`, seconds.apart, scaling.ceiling.toFixed(3)),
  ];
  process.stdout.write(`${work.cfg} ${batch}×${work.img}×${work.img}, ${numWorkers} virtual ranks, one thread each\n`);
  process.stdout.write(`${formatTable(['', 'images/s', 's/step', 'efficiency'], rows)}\n`);
  const names = [...new Set([...Object.keys(phases.alone), ...Object.keys(phases.together)])];
  const phaseRows = names.map((name) => {
    const [own, shared] = [phases.alone[name] ?? 0, phases.together[name] ?? 0];
    const ideal = ['optimizer', 'ema'].includes(name) ? own : own / numWorkers;
    return [name, own.toFixed(3), shared.toFixed(3), (shared - ideal).toFixed(3)];
  });
  const header = ['seconds by phase', 'one worker', `${numWorkers} workers`, 'more than its share'];
  process.stdout.write(`${formatTable(header, phaseRows)}\n`);
}
