/** `npm run bench -- overlap`: how much of the all-reduce computing hides, by the size of the gradient buckets. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSummary } from '../../configs/run-summary.js';
import { openDataset } from '../../coordinator/dataset.js';
import { readFlags } from '../flags.js';
import { median } from '../median.js';
import { quietLaunch } from '../quiet-launch.js';
import { rounded } from '../rounded.js';
import { formatTable } from '../table.js';

interface OverlapRow {
  /** As given to `--bucket-mb`. */
  readonly bucketMb: string;
  /** Of the time during which rank 0's all-reduce was under way, 0 … 1. */
  readonly hiddenShare: number;
  readonly imagesPerSecond: number;
}

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchOverlap(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    data: 'shapes',
    batch: '8',
    img: '160',
    workers: '2',
    sizes: '1,4,8,25,auto',
    payload: 'auto',
    rounds: '1',
    engine: 'tensorflow',
    json: false,
  });
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-overlap-'));
  const train = async (bucketMb: string): Promise<RunSummary> => {
    const saveDir = await quietLaunch({
      flags: {
        ...{ data: options.data, cfg: options.cfg, weights: '', imgsz: options.img, 'batch-size': options.batch },
        ...{ nproc: options.workers, 'threads-per-worker': '1', engine: options.engine, payload: options.payload },
        ...{ epochs: '1', noval: true, nosave: true, project: folder, 'bucket-mb': bucketMb },
      },
      readDataset: (path) => openDataset(path),
    });
    return (JSON.parse(await readFile(join(saveDir, 'run.json'), 'utf8')) as { summary: RunSummary }).summary;
  };
  const sizes = options.sizes.split(',');
  const runs = new Map<string, RunSummary[]>(sizes.map((size) => [size, []]));
  try {
    for (let done = 0; done < Number(options.rounds); done++) {
      for (const size of sizes) {
        process.stderr.write(`round ${done + 1} of ${options.rounds}: --bucket-mb ${size}\n`);
        runs.get(size)!.push(await train(size));
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const rows: OverlapRow[] = [...runs].map(([bucketMb, summaries]) => ({
    bucketMb,
    hiddenShare: median(summaries.map(({ allReduceHiddenShare = 0 }) => allReduceHiddenShare)),
    imagesPerSecond: median(summaries.map(({ imagesPerSecond = 0 }) => imagesPerSecond)),
  }));
  if (options.json) {
    const { cfg, batch, img, workers, payload } = options;
    const line = { bench: 'overlap', cfg, batch: Number(batch), img: Number(img), workers: Number(workers), payload };
    process.stdout.write(`${JSON.stringify(rounded({ ...line, rows }))}\n`);
    return;
  }
  const lines = rows.map(({ bucketMb, hiddenShare, imagesPerSecond }) => [
    ...[bucketMb, `${(100 * hiddenShare).toFixed(0)}%`, imagesPerSecond.toFixed(1)],
  ]);
  process.stdout.write(
    `${options.cfg} ${options.batch}×${options.img}×${options.img}, ${options.workers} workers, an epoch of ${options.data}\n` +
      `${formatTable(['--bucket-mb', 'hidden', 'images/s'], lines)}\n`,
  );
}
