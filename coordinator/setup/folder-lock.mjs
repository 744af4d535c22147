/**
 * A lock between processes, as a folder: `rename` of a prepared folder onto the lock's name either makes it ours or fails.
 * The folder holds `owner.json`; an owner that has died is recognised and replaced. Works on a shared cache too: an owner
 * on another host is judged by the lock's heartbeat, as its pid says nothing here.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HEARTBEAT_MS = 5_000;
/** Without a heartbeat for so long, an owner on another host counts as dead. */
const REMOTE_STALE_MS = 60_000;
/** Tombstones of dead owners are kept for so long, so that a late waiter cannot rename a living lock by mistake. */
const TOMBSTONE_MS = 600_000;

/** When process `pid` was started, in clock ticks since boot, so that a reused pid is told apart; undefined where unknown. */
function processStartTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and parentheses; the fields after it do not. Field 22 of the line is the start.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readOwner(lockPath) {
  try {
    return JSON.parse(readFileSync(join(lockPath, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether the owner of the lock at `lockPath` is gone for sure. */
function isStale(lockPath, owner) {
  if (owner === undefined) return false;
  if (owner.host === hostname()) {
    if (!isRunning(owner.pid)) return true;
    const ticks = processStartTicks(owner.pid);
    return ticks !== undefined && owner.startTicks !== undefined && ticks !== owner.startTicks;
  }
  try {
    return Date.now() - statSync(join(lockPath, 'owner.json')).mtimeMs > REMOTE_STALE_MS;
  } catch {
    return false;
  }
}

function tryAcquire(lockPath, owner) {
  const prepared = `${lockPath}.${owner.nonce}`;
  mkdirSync(prepared, { recursive: true });
  writeFileSync(join(prepared, 'owner.json'), JSON.stringify(owner));
  try {
    renameSync(prepared, lockPath);
    return true;
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'EPERM') return false;
    throw error;
  }
}

/** Moves a dead owner's lock aside. The target's name comes from the owner, so of two takers only one can succeed. */
function bury(lockPath, owner) {
  try {
    renameSync(lockPath, `${lockPath}.dead-${owner.nonce}`);
  } catch (error) {
    // Someone else was faster, and the next attempt sees the new state.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
}

function removeTombstones(lockPath) {
  const folder = dirname(lockPath);
  const prefix = `${basename(lockPath)}.dead-`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    try {
      if (Date.now() - statSync(path).ctimeMs > TOMBSTONE_MS) rmSync(path, { recursive: true, force: true });
    } catch {
      // Gone already.
    }
  }
}

/**
 * Runs `work` while holding the lock at `lockPath`; its parent folder is made. Waits while a living owner holds it.
 * @param options.onWait called once with the owner's pid and host when there is something to wait for
 * @param options.signal ends the waiting
 */
export async function withFolderLock(lockPath, work, options = {}) {
  const { onWait, signal, pollMs = 200 } = options;
  const owner = {
    pid: process.pid,
    host: hostname(),
    startTicks: processStartTicks(process.pid),
    nonce: `${process.pid}-${randomBytes(6).toString('hex')}`,
  };
  mkdirSync(dirname(lockPath), { recursive: true });
  let hasReported = false;
  while (!tryAcquire(lockPath, owner)) {
    signal?.throwIfAborted();
    const holder = readOwner(lockPath);
    if (isStale(lockPath, holder)) {
      bury(lockPath, holder);
      continue;
    }
    if (!hasReported && holder !== undefined) {
      hasReported = true;
      onWait?.(holder.pid, holder.host);
    }
    await delay(pollMs, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(join(lockPath, 'owner.json'), now, now);
    } catch {
      // A full or vanished disk shows up in the work itself.
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    removeTombstones(lockPath);
    return await work();
  } finally {
    clearInterval(heartbeat);
    // Another host may have judged us dead while we were suspended: remove only what is ours.
    if (readOwner(lockPath)?.nonce === owner.nonce) rmSync(lockPath, { recursive: true, force: true });
  }
}
