/** Downloads pinned wheels with the user's pip, whatever Python that belongs to, and checks them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../proto/errors.js';
import type { PinnedWheel } from './engine-recipe.js';
import { installHint } from './package-hints.js';
import { runCommand } from './run-command.mjs';

/** A pip that answers. */
export interface Pip {
  readonly command: string;
  readonly args: readonly string[];
  /** Such as `23.2.1`. */
  readonly version: string;
}

const CANDIDATES: readonly (readonly [string, readonly string[]])[] = [
  ['python3', ['-m', 'pip']],
  ['python', ['-m', 'pip']],
  ['pip3', []],
  ['pip', []],
];

/** The first pip in PATH that runs, or undefined. */
export async function findPip(env: NodeJS.ProcessEnv = process.env): Promise<Pip | undefined> {
  for (const [command, args] of CANDIDATES) {
    const result = await runCommand(command, [...args, '--version'], { env });
    const version = /^pip (\S+)/m.exec(result.output)?.[1];
    if (result.code === 0 && version !== undefined) return { command, args, version };
  }
  return undefined;
}

/** As {@link findPip}. @throws EngineError ENGINE_NO_PIP */
export async function requirePip(env: NodeJS.ProcessEnv = process.env): Promise<Pip> {
  const pip = await findPip(env);
  if (pip !== undefined) return pip;
  throw new EngineError('ENGINE_NO_PIP', "no Python pip in PATH, which downloads TensorFlow's libraries", {
    hint: `${installHint('pip')}. Or use the wasm engine: --engine wasm.`,
  });
}

/** The SHA-256 of a file in hex. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Bytes of all files below a folder; files that vanish meanwhile count nothing. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    // Node 20.12 renamed `path` to `parentPath`; both lines that we support have the new name.
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      (found) => found.size,
      () => 0,
    );
  }
  return bytes;
}

async function findWheel(folder: string, wheel: PinnedWheel): Promise<string | undefined> {
  const prefix = `${wheel.name.replaceAll('-', '_')}-${wheel.version}-`;
  const names = await readdir(folder).catch(() => []);
  const name = names.find((candidate) => candidate.toLowerCase().startsWith(prefix) && candidate.endsWith('.whl'));
  return name === undefined ? undefined : join(folder, name);
}

/**
 * Resolves to the path of a wheel whose bytes are the pinned ones. A good one from an earlier attempt is used again.
 * @param folder where the wheel and pip's temporary files go
 * @param options.platformTags pip's tags, best first
 * @param options.onBytes called about every second with the bytes so far
 * @throws EngineError ENGINE_DOWNLOAD_FAILED, ENGINE_CHECKSUM_MISMATCH, ENGINE_NO_SPACE
 */
export async function downloadWheel(
  pip: Pip,
  wheel: PinnedWheel,
  folder: string,
  options: {
    platformTags: readonly string[];
    env?: NodeJS.ProcessEnv | undefined;
    onBytes?: ((bytes: number) => void) | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<string> {
  const { platformTags, env = process.env, onBytes, signal } = options;
  signal?.throwIfAborted();
  const earlier = await findWheel(folder, wheel);
  if (earlier !== undefined) {
    if ((await fileSha256(earlier)) === wheel.sha256) return earlier;
    await rm(earlier);
  }
  // pip's temporary files go to the cache's disk: /tmp is often small or in memory.
  const temporary = join(folder, 'tmp');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const args = [
    ...pip.args,
    ...['download', '--no-deps', '--only-binary=:all:', '--progress-bar', 'off', '--disable-pip-version-check'],
    // The wheel's Python does not matter, only its libraries do: pin it, so that the user's Python need not fit.
    ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'],
    ...platformTags.flatMap((tag) => ['--platform', tag]),
    ...['--dest', folder, `${wheel.name}==${wheel.version}`],
  ];
  const poll = setInterval(() => void folderBytes(folder).then(onBytes), 1000);
  try {
    const result = await runCommand(pip.command, args, { env: { ...env, TMPDIR: temporary }, signal });
    signal?.throwIfAborted();
    if (result.code !== 0) throw downloadError(wheel, result.output, result.signal ?? `exit code ${result.code}`);
  } finally {
    clearInterval(poll);
    await rm(temporary, { recursive: true, force: true });
  }
  const path = await findWheel(folder, wheel);
  if (path === undefined) throw downloadError(wheel, `pip left no wheel in ${folder}`, 'success');
  const sha256 = await fileSha256(path);
  if (sha256 === wheel.sha256) return path;
  await rm(path);
  throw new EngineError(
    'ENGINE_CHECKSUM_MISMATCH',
    `${wheel.name} ${wheel.version} has SHA-256 ${sha256}, expected ${wheel.sha256}`,
    {
      hint: 'What was downloaded is not the published file and was deleted. Check which index pip uses ("pip config list").',
      details: { wheel: wheel.name, sha256, expected: wheel.sha256 },
    },
  );
}

function downloadError(wheel: PinnedWheel, output: string, ended: string): EngineError {
  const tail = output.trim().split('\n').slice(-6).join('\n');
  const details = { wheel: wheel.name, version: wheel.version };
  if (/no space left on device/i.test(output)) {
    return new EngineError('ENGINE_NO_SPACE', `the disk filled up while downloading ${wheel.name}:\n${tail}`, {
      hint: 'Free some space, or put the cache on another disk: LOCKSTEP_CACHE=/path.',
      details,
    });
  }
  if (/do not match the hashes/i.test(output)) {
    return new EngineError('ENGINE_CHECKSUM_MISMATCH', `pip refused ${wheel.name} ${wheel.version}:\n${tail}`, {
      hint: 'Check which index pip uses ("pip config list"), and try again.',
      details,
    });
  }
  return new EngineError(
    'ENGINE_DOWNLOAD_FAILED',
    `pip could not download ${wheel.name} ${wheel.version} (${ended}):\n${tail}`,
    {
      hint: 'Check the network and pip\'s settings ("pip config list"), then try again. Or use --engine wasm.',
      details,
    },
  );
}
