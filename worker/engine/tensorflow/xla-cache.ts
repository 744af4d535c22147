/**
 * Keeps what XLA compiles on disk, so that the next run's first step need not wait for it (0.1 to 0.6 s per kernel). A folder
 * per library, processor and number of threads: the code is for just these (what was compiled for one thread runs on one
 * wherever it is loaded, which XLA does not look at).
 *
 * TensorFlow gives up a run over a file that it cannot read, so files are looked through before the library loads, and
 * whatever is not whole goes. Where the folder cannot be used, kernels are compiled anew in each run.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { cacheRoot } from '../../../proto/paths.js';

const PREFIX = 'lockstep';
/** With less room on the disk than this, nothing is written to it. */
const MIN_FREE_BYTES = 256 * 2 ** 20;

/** The value of `TF_XLA_FLAGS` that turns the cache on; undefined where it cannot be had. */
export function xlaCacheFlags(
  libraryDir: string,
  numThreads: number,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const key = `${basename(join(libraryDir, '..'))}-${processorKey()}-t${numThreads}`;
  const folder = join(cacheRoot(env), 'xla', key);
  // The flags are split at blanks, and there is no way to quote one.
  if (/\s/.test(folder)) return undefined;
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < MIN_FREE_BYTES) return undefined;
    dropBroken(folder);
  } catch {
    return undefined;
  }
  return `--tf_xla_persistent_cache_directory=${folder} --tf_xla_persistent_cache_prefix=${PREFIX}`;
}

/** Processors of one model differ in what a hypervisor lets through, hence the flags. */
function processorKey(): string {
  const hash = createHash('sha256')
    .update(cpus()[0]?.model ?? '')
    .update(process.arch);
  try {
    hash.update(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '');
  } catch {
    // Not Linux: the model has to do.
  }
  return hash.digest('hex').slice(0, 12);
}

function dropBroken(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.pb') && !isWholeMessage(readFileSync(path))) rmSync(path, { force: true });
  }
}

/** Whether the bytes are protobuf fields up to their end, at least one of them. */
export function isWholeMessage(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  const reader = protobuf.Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 === 0) return false;
      reader.skipType(tag & 7);
    }
  } catch {
    return false;
  }
  return reader.pos === reader.len;
}
