import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFolderLock } from '../../../coordinator/setup/folder-lock.mjs';

/** The pid of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('withFolderLock', () => {
  let folder = '';
  let lock = '';
  const leaveLock = async (owner: Record<string, unknown>) => {
    await mkdir(lock, { recursive: true });
    await writeFile(join(lock, 'owner.json'), JSON.stringify({ nonce: 'left', ...owner }));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-lock-'));
    lock = join(folder, 'sub', 'x.lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('lets one holder in at a time and leaves nothing behind', async () => {
    let inside = 0;
    let most = 0;
    let waits = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(
      Array.from({ length: 6 }, () => withFolderLock(lock, work, { pollMs: 1, onWait: () => (waits += 1) })),
    );
    expect(most).toBe(1);
    expect(waits).toBeGreaterThan(0);
    expect(await readdir(join(folder, 'sub'))).toEqual([]);
  });

  it('gives the lock back when the work fails', async () => {
    const failing = withFolderLock(lock, () => Promise.reject(new RangeError('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await withFolderLock(lock, () => 7)).toBe(7);
  });

  it('takes over from a process that has died', async () => {
    await leaveLock({ pid: deadPid(), host: hostname() });
    expect(await withFolderLock(lock, () => 1, { pollMs: 1 })).toBe(1);
    expect(existsSync(lock)).toBe(false);
  });

  it('lets only one of several waiters take over', async () => {
    await leaveLock({ pid: deadPid(), host: hostname() });
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withFolderLock(lock, work, { pollMs: 1 })));
    expect(most).toBe(1);
  });

  it.runIf(process.platform === 'linux')('sees that a pid was given to another process (Linux)', async () => {
    await leaveLock({ pid: process.pid, host: hostname(), startTicks: '1' });
    expect(await withFolderLock(lock, () => 1, { pollMs: 1 })).toBe(1);
  });

  it('waits for a living owner until the signal ends it', async () => {
    await leaveLock({ pid: process.pid, host: hostname() });
    const abort = new AbortController();
    const waiting = withFolderLock(lock, () => 1, { pollMs: 1, signal: abort.signal, onWait: () => abort.abort() });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(existsSync(join(lock, 'owner.json'))).toBe(true);
  });

  it('judges an owner on another host by its heartbeat', async () => {
    await leaveLock({ pid: 1, host: 'elsewhere.invalid' });
    const abort = new AbortController();
    const waiting = withFolderLock(lock, () => 1, { pollMs: 1, signal: abort.signal, onWait: () => abort.abort() });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    // Two minutes without a beat, where one is the limit.
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(join(lock, 'owner.json'), longAgo, longAgo);
    expect(await withFolderLock(lock, () => 1, { pollMs: 1 })).toBe(1);
  });
});
