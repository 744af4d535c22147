/**
 * Keeps libtensorflow's start-up lines off the terminal. It writes some of them before it reads its own log level
 * ("oneDNN custom operations are on …"), so the descriptor itself is turned aside while the library loads.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openForeign } from '../../../proto/foreign.js';

const STDERR = 2;
const NOISE =
  /before absl::InitializeLog|oneDNN custom operations|cpu_feature_guard|To enable the following instructions/;

interface Descriptors {
  dup(fd: number): number;
  dup2(from: number, to: number): number;
}

/** Returns dup and dup2, or undefined where there is no foreign function interface. */
function openDescriptors(): Descriptors | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const libc = openForeign()?.load(null);
    if (libc === undefined) return undefined;
    const dup = libc.func('int dup(int)');
    const dup2 = libc.func('int dup2(int, int)');
    return { dup: (fd) => Number(dup(fd)), dup2: (from, to) => Number(dup2(from, to)) };
  } catch {
    return undefined;
  }
}

/**
 * Runs `action` with standard error turned aside, then writes what came there without TensorFlow's usual lines: what
 * another thread said meanwhile is late, not lost. Does nothing special with `TF_CPP_MIN_LOG_LEVEL=0` or without FFI.
 */
export function withQuietStderr<T>(action: () => T): T {
  const descriptors = process.env.TF_CPP_MIN_LOG_LEVEL === '0' ? undefined : openDescriptors();
  if (descriptors === undefined) return action();
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-stderr-'));
  const path = join(folder, 'stderr');
  const file = openSync(path, 'a');
  const saved = descriptors.dup(STDERR);
  descriptors.dup2(file, STDERR);
  try {
    return action();
  } finally {
    descriptors.dup2(saved, STDERR);
    closeSync(saved);
    closeSync(file);
    const rest = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !NOISE.test(line));
    if (rest.length > 0) writeSync(STDERR, `${rest.join('\n')}\n`);
    rmSync(folder, { recursive: true, force: true });
  }
}
