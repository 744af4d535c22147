/** The manifest of a staged engine: written last, so that a folder with a manifest was finished; says what must lie there. */
import { readFileSync, statSync } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileSha256 } from './pip.js';

const FORMAT = 1;
const FILE_NAME = 'manifest.json';

export interface ManifestFile {
  /** Relative to the engine's folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface EngineManifest {
  readonly format: number;
  /** Name of the recipe and of the folder. */
  readonly key: string;
  /** TensorFlow's version as the loaded library says it. */
  readonly version: string;
  readonly compiler: string;
  readonly files: readonly ManifestFile[];
}

/** Measures `paths` below `folder`, makes them durable, and writes the manifest. Known hashes spare reading a file again. */
export async function writeManifest(
  folder: string,
  paths: readonly string[],
  info: Pick<EngineManifest, 'key' | 'version' | 'compiler'>,
  knownSha256: ReadonlyMap<string, string> = new Map(),
): Promise<EngineManifest> {
  const files: ManifestFile[] = [];
  for (const path of paths) {
    const absolute = join(folder, path);
    const { size } = await stat(absolute);
    files.push({ path, bytes: size, sha256: knownSha256.get(path) ?? (await fileSha256(absolute)) });
    await flush(absolute);
  }
  const manifest: EngineManifest = { format: FORMAT, ...info, files };
  const target = join(folder, FILE_NAME);
  await writeFile(target, `${JSON.stringify(manifest, null, 2)}\n`);
  await flush(target);
  await flush(dirname(target));
  return manifest;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The manifest of a staged engine; undefined when there is none, or one of another format. */
export function readManifest(folder: string): EngineManifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, FILE_NAME), 'utf8')) as Partial<EngineManifest>;
    return manifest.format === FORMAT && Array.isArray(manifest.files) ? (manifest as EngineManifest) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a staged engine, in words, or undefined. Sizes are compared always, contents with `hashes`.
 */
export async function findDamage(
  folder: string,
  manifest: EngineManifest,
  options: { hashes?: boolean | undefined } = {},
): Promise<string | undefined> {
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return `${file.path} is missing`;
    if (size !== file.bytes) return `${file.path} has ${size} bytes, the manifest says ${file.bytes}`;
    if (options.hashes === true && (await fileSha256(path)) !== file.sha256) {
      return `${file.path} does not match its SHA-256`;
    }
  }
  return undefined;
}
