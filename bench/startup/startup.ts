/** `npm run bench -- startup`: from the command to the first finished step of all workers, phase by phase. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '../flags.js';
import { median } from '../median.js';
import { formatTable } from '../table.js';
import { measureStart, type StartOptions } from './measure.js';
import { type StartPhase, startPhases } from './phases.js';

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchStartup(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    nproc: '2',
    cfg: 'yolov3-tiny',
    img: '320',
    batch: '16',
    data: 'shapes',
    engine: 'tensorflow',
    rounds: '5',
    json: false,
  });
  const { nproc, cfg, img, batch, data, engine } = options;
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-startup-'));
  try {
    const start: StartOptions = {
      numWorkers: Number(nproc),
      folder,
      flags: { nproc, cfg, imgsz: img, 'batch-size': batch, data, engine, device: 'cpu', weights: '' },
    };
    // Fills the caches: compiled code, label scans, the generated data set.
    await measureStart(start);
    const rounds: StartPhase[][] = [];
    for (let done = 0; done < Number(options.rounds); done++) rounds.push(startPhases(await measureStart(start)));
    const phases = rounds[0]!.map(({ process, name }, i) => ({
      ...{ process, name },
      seconds: median(rounds.map((round) => round[i]?.seconds ?? 0)),
      untilSeconds: median(rounds.map((round) => round[i]?.untilSeconds ?? 0)),
    }));
    const seconds = phases.at(-1)!.untilSeconds;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ bench: 'startup', ...options, seconds, phases })}\n`);
      return;
    }
    process.stdout.write(
      `${nproc} workers, ${cfg}, ${batch}×${img}×${img}: first step after ${seconds.toFixed(2)} s\n`,
    );
    const rows = phases.map((row) => [row.process, row.name, row.seconds.toFixed(3), row.untilSeconds.toFixed(3)]);
    process.stdout.write(`${formatTable(['process', 'until', 'seconds', 'since the start'], rows)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
