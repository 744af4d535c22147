/** One scan by Lockstep in a process of its own: `lockstep-run IMAGES CACHE_DIR`; prints its figures as one line of JSON. */
import { autoAnchor } from '../../worker/anchors/auto-anchor.js';
import { openDataset } from '../../worker/data/open-dataset.js';
import { NUM_CLASSES, type ScanFigures } from './figures.js';

/** yolov3-tiny's anchors, pixels. */
const ANCHORS = [10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319];

function collect(): NodeJS.MemoryUsage {
  globalThis.gc?.();
  return process.memoryUsage();
}

const [images = '', cacheDir = '', anchors = ''] = process.argv.slice(2);
const names = Array.from({ length: NUM_CLASSES }, (_, i) => `class${i}`);
const before = collect();
const started = performance.now();
const dataset = await openDataset(
  [images],
  { yaml: 'scan.yaml', train: [images], val: [images], test: [], nc: NUM_CLASSES, names },
  { split: 'train', cacheDir },
);
const seconds = (performance.now() - started) / 1000;
const after = collect();
const { report, table } = dataset;
const figures: ScanFigures = {
  seconds,
  images: dataset.numImages,
  labels: table.labels.length / 5,
  found: report.found,
  corrupt: report.corrupt,
  fromCache: report.fromCache,
  rssMb: (after.rss - before.rss) / 2 ** 20,
  heapMb: (after.heapUsed - before.heapUsed) / 2 ** 20,
};
if (anchors === '') process.stdout.write(`${JSON.stringify(figures)}\n`);
else {
  const anchorsStarted = performance.now();
  // Placeholders are always replaced, so clustering is part of the time.
  const { notes } = autoAnchor(dataset, ANCHORS, { imgsz: 640, threshold: 4, seed: 0, placeholders: true });
  const anchorSeconds = (performance.now() - anchorsStarted) / 1000;
  process.stdout.write(`${JSON.stringify({ ...figures, anchorSeconds, notes })}\n`);
}
