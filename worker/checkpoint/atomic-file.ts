/** Files that are whole or absent: written under a temporary name in the same folder, synced, then renamed. */
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { CheckpointError } from '../../proto/errors.js';

/** Temporary files of other hosts whose writers we cannot look up are taken for dead after a day. */
const FOREIGN_STALE_MS = 24 * 3600 * 1000;
const TEMPORARY_NAME = /^\..+\.([^.]*)\.(\d+)\.\d+\.tmp$/;

let numWritten = 0;

export interface AtomicWriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when the temporary file is whole and synced, before the rename that makes it the file. */
  readonly beforeRename?: ((temporaryPath: string) => Promise<void>) | undefined;
}

/**
 * Creates or replaces `path` with what `write` puts into the file; on any failure the old file stays as it was.
 * Temporary files that dead writers left in the folder are removed first.
 * @throws CheckpointError `CHECKPOINT_NO_SPACE` on a full disk or quota, `CHECKPOINT_CANNOT_WRITE` on other trouble
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  options: AtomicWriteOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${hostLabel()}.${process.pid}.${numWritten++}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await sweepTemporaryFiles(folder);
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await options.beforeRename?.(temporary);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw toWriteError(path, cause);
  }
}

/** Dots separate the parts of a temporary name, so the host's own become dashes. */
function hostLabel(): string {
  return hostname().replaceAll('.', '-');
}

/** Without this a power failure can undo the rename. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what writers left behind that were killed between opening and renaming. */
async function sweepTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = TEMPORARY_NAME.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const isOurs = match[1] === hostLabel();
    const isDead = isOurs ? !isRunning(Number(match[2])) : await isOld(path);
    // Another rank may sweep at the same time: gone is what we wanted.
    if (isDead) await unlink(path).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return errorCode(error) === 'EPERM';
  }
}

async function isOld(path: string): Promise<boolean> {
  const modified = await stat(path).then(
    (stats) => stats.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  return Date.now() - modified > FOREIGN_STALE_MS;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Returns the CheckpointError for trouble of the system while writing `path`; any other value as it is. */
export function toWriteError(path: string, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CheckpointError('CHECKPOINT_NO_SPACE', `no space left to write ${path}`, {
      hint: 'Free space or raise the quota; the previous file is intact and the next save tries again.',
      details: { path, errno: code },
      cause,
    });
  }
  // Aborts and our own errors say it themselves; only the system's need a sentence.
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause;
  return new CheckpointError('CHECKPOINT_CANNOT_WRITE', `cannot write ${path}: ${cause.message}`, {
    hint: 'Check that the folder exists and may be written; the previous file is intact.',
    details: { path, errno: code },
    cause,
  });
}
