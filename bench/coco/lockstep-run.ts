/** Evaluates the scenes that pycocotools_run.py left in a folder, and prints both times, their ratio and the difference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CocoDetection, type CocoGroundTruth, evaluateCoco } from '../../worker/eval/coco-eval.js';

const folder = process.argv[2] ?? '.';
const load = <T>(name: string): T => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as T;

const truth = load<CocoGroundTruth>('truth');
const detections = load<readonly CocoDetection[]>('detections');
const theirs = load<{ loadSeconds: number; evaluateSeconds: number; stats: number[] }>('pycocotools');

const start = performance.now();
const result = evaluateCoco(truth, detections);
const seconds = (performance.now() - start) / 1000;

const ours = [
  ...[result.ap, result.ap50, result.ap75, result.apSmall, result.apMedium, result.apLarge],
  ...[result.arMax1, result.arMax10, result.arMax100, result.arSmall, result.arMedium, result.arLarge],
];
const difference = Math.max(...ours.map((value, i) => Math.abs(value - theirs.stats[i]!)));
const lines = [
  `images ${truth.images.length}, objects ${truth.annotations.length}, detections ${detections.length}`,
  `pycocotools  load ${theirs.loadSeconds.toFixed(2)} s, evaluate ${theirs.evaluateSeconds.toFixed(2)} s`,
  `lockstep     evaluate, indexing included, ${seconds.toFixed(2)} s`,
  `ratio        ${(theirs.evaluateSeconds / seconds).toFixed(1)} (evaluation alone)`,
  `AP           ${result.ap.toFixed(6)}; largest difference over 12 figures ${difference.toExponential(1)}`,
];
process.stdout.write(`${lines.join('\n')}\n`);
