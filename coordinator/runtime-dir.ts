/** The folder of a host's sockets: a short path, readable by its owner only, gone when the launcher is. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'lockstep-';

/** A socket's path may have 107 bytes; leave room for the name inside. */
const MAX_PARENT_BYTES = 60;

/** Makes the folder, and removes those that launchers of this user left when they were killed. */
export function makeRuntimeDir(parent = tmpdir()): string {
  const folder = Buffer.byteLength(parent) <= MAX_PARENT_BYTES ? parent : '/tmp';
  sweep(folder);
  // mkdtemp makes it with mode 700.
  return mkdtempSync(join(folder, `${PREFIX}${process.pid}-`));
}

/** Removes the folder; never throws. */
export function removeRuntimeDir(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next launcher sweeps it.
  }
}

function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^lockstep-(\d+)-/.exec(name)?.[1]);
    if (!pid || isAlive(pid)) continue;
    const path = join(folder, name);
    try {
      if (statSync(path).uid === process.getuid?.()) removeRuntimeDir(path);
    } catch {
      // Another launcher was faster.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
