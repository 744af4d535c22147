/** How lanes share a scan: whoever is free takes the next run of images. A lane is a thread, or the caller itself. */

import { numStrings } from '../string-table.js';
import { PartScanner, type ScanPart, type ScanTask, statPart } from './scan-part.js';

/** A few milliseconds of work. */
const PART_IMAGES = 256;
/** Beyond every image: nobody claims anything any more. */
const STOPPED = 2 ** 30;

/** In shared memory: the next image that nobody has claimed, and how many images are done. */
export type ScanClaims = Int32Array;

/** Claims of a task that has not begun. */
export function openClaims(): ScanClaims {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** Images that are done. */
export function numDone(claims: ScanClaims): number {
  return Atomics.load(claims, 1);
}

/** Lets every lane end after the part that it is at. */
export function stopClaims(claims: ScanClaims): void {
  Atomics.store(claims, 0, STOPPED);
}

/** Does parts of a task until none is left. */
export async function runLane(
  kind: 'stat' | 'scan',
  task: ScanTask,
  claims: ScanClaims,
  onPart: (part: ScanPart | undefined) => void | Promise<void>,
): Promise<void> {
  const scanner = kind === 'scan' ? new PartScanner() : undefined;
  const numImages = numStrings(task.paths);
  for (;;) {
    const begin = Atomics.add(claims, 0, PART_IMAGES);
    if (begin >= numImages) return;
    const end = Math.min(begin + PART_IMAGES, numImages);
    if (scanner === undefined) statPart(task, begin, end);
    const part = await scanner?.scan(task, begin, end);
    Atomics.add(claims, 1, end - begin);
    await onPart(part);
  }
}
