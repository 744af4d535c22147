/**
 * Our side of the benchmark on large pictures: reads, decodes and resizes each for every line on its input, and answers with a
 * line of JSON. Arguments: settings as JSON.
 */
import { createInterface } from 'node:readline';
import { longSideSize } from '../../worker/data/geometry/placement.js';
import { openPicture } from '../../worker/data/images/decode.js';
import { resizedPicture, wholePicture } from '../../worker/data/images/picture.js';
import type { LargeSettings } from './large.js';
import type { Round } from './settings.js';

const { paths, imgsz, scaled } = JSON.parse(process.argv[2] ?? '{}') as LargeSettings;

async function runRound(): Promise<Round> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (const path of paths) {
    const { picture, native, extent } = await openPicture(path, path, scaled ? imgsz : undefined);
    const { width, height } = longSideSize(native.height, native.width, imgsz);
    await wholePicture(resizedPicture(picture, width, height, extent));
  }
  const { user, system } = process.cpuUsage(cpu);
  return { images: paths.length, seconds: (performance.now() - start) / 1e3, cpuSeconds: (user + system) / 1e6 };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line !== '') process.stdout.write(`${JSON.stringify(await runRound())}\n`);
}
