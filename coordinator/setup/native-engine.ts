/**
 * Finds and stages the native engine: TensorFlow's libraries from the Python package index and the Node addon compiled
 * against them, in the cache that all clones share.
 *
 *   engines/<recipe>/manifest.json          written last
 *   engines/<recipe>/lib/                   addon and libraries, found by the addon beside itself
 *   engines/<recipe>/cuda/                  XLA's tools, GPU variant only
 *   engines/downloads/<recipe>/             wheels until the engine is finished, so that a broken attempt goes on
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { EngineError } from '../../proto/errors.js';
import { cacheRoot } from '../../proto/paths.js';
import { type ZipEntry, ZipReader } from '../../proto/zip-reader.js';
import { type Compiler, compileAddon, requireCompiler } from './compiler.js';
import { type EngineManifest, findDamage, readManifest, writeManifest } from './engine-manifest.js';
import { type EngineRecipe, type EngineVariant, findRecipe, type PinnedWheel, recipeKey } from './engine-recipe.js';
import { withFolderLock } from './folder-lock.mjs';
import { ADDON_FILE, testEngine } from './load-test.js';
import { parseExtraRequirements, satisfiesSpecifiers } from './nvidia.js';
import { downloadWheel, type Pip, requirePip } from './pip.js';
import { formatBytes, type OnSetupProgress, progressStep } from './progress.js';

/** A native engine that is there. */
export interface NativeEngine {
  readonly variant: EngineVariant;
  /** Folder with the addon and its libraries. */
  readonly libraryDir: string;
  /** TensorFlow's version. */
  readonly version: string;
  /** Size on disk. */
  readonly bytes: number;
  /** What the environment of a process that loads it must hold besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** Names a folder with addon and libraries to use as they are, instead of the cache. */
export const LIBRARY_DIR_VARIABLE = 'LOCKSTEP_TF_LIB_DIR';

const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/|tensorflow\/core\/platform\/ctstring|tsl\/platform\/ctstring|xla\/tsl\/platform\/ctstring|xla\/tsl\/c\/|tsl\/c\/).*\.h$/;
const LIBRARIES = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/;
const NOTICES = /^tensorflow\/(THIRD_PARTY_NOTICES\.txt)$/;
const CUDA_LIBRARIES = /^nvidia\/[^/]+\/lib\/([^/]+\.so[^/]*)$/;
const CUDA_TOOLS = /^nvidia\/cuda_nvcc\/((?:bin\/ptxas|nvvm\/libdevice\/).*)$/;

const enginesFolder = (env: NodeJS.ProcessEnv) => join(cacheRoot(env), 'engines');

/**
 * The staged engine of a variant, or undefined when none is there, or what is there is damaged. Costs a few file sizes;
 * with `LOCKSTEP_VERIFY=1` or `verify` all contents are hashed.
 * @throws EngineError ENGINE_NOT_INSTALLED when LOCKSTEP_TF_LIB_DIR names a folder without addon; ENGINE_UNSUPPORTED_PLATFORM
 */
export async function findNativeEngine(
  options: {
    device?: EngineVariant | undefined;
    env?: NodeJS.ProcessEnv | undefined;
    verify?: boolean | undefined;
  } = {},
): Promise<NativeEngine | undefined> {
  const { device = 'cpu', env = process.env, verify = env.LOCKSTEP_VERIFY === '1' } = options;
  const given = env[LIBRARY_DIR_VARIABLE];
  if (given) return givenEngine(given, device);
  const key = recipeKey(findRecipe(device));
  const folder = join(enginesFolder(env), key);
  const manifest = readManifest(folder);
  if (manifest === undefined || manifest.key !== key) return undefined;
  if ((await findDamage(folder, manifest, { hashes: verify })) !== undefined) return undefined;
  return describe(folder, device, manifest, env);
}

function givenEngine(libraryDir: string, variant: EngineVariant): NativeEngine {
  if (!existsSync(join(libraryDir, ADDON_FILE))) {
    throw new EngineError(
      'ENGINE_NOT_INSTALLED',
      `${LIBRARY_DIR_VARIABLE} names ${libraryDir}, which has no ${ADDON_FILE}`,
      {
        hint: `Unset ${LIBRARY_DIR_VARIABLE} to use the cache, or name a folder with the addon and TensorFlow's libraries.`,
        details: { libraryDir },
      },
    );
  }
  return { variant, libraryDir, version: 'as given', bytes: 0, env: {} };
}

function describe(
  folder: string,
  variant: EngineVariant,
  manifest: EngineManifest,
  env: NodeJS.ProcessEnv,
): NativeEngine {
  const libraryDir = join(folder, 'lib');
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  return { variant, libraryDir, version: manifest.version, bytes, env: runtimeEnv(folder, variant, env) };
}

/** TensorFlow opens CUDA's libraries by name at run time, and XLA its assembler by folder. */
function runtimeEnv(folder: string, variant: EngineVariant, env: NodeJS.ProcessEnv): Record<string, string> {
  if (variant === 'cpu') return {};
  const paths = [join(folder, 'lib'), env.LD_LIBRARY_PATH].filter((path) => path);
  const flags = [env.XLA_FLAGS, `--xla_gpu_cuda_data_dir=${join(folder, 'cuda')}`].filter((flag) => flag);
  return { LD_LIBRARY_PATH: paths.join(delimiter), XLA_FLAGS: flags.join(' ') };
}

/**
 * The staged engine; downloads, builds and tests it first where it is missing or damaged. Concurrent calls of any process
 * wait for each other.
 * @throws EngineError ENGINE_UNSUPPORTED_PLATFORM, ENGINE_NO_PIP, ENGINE_NO_COMPILER, ENGINE_NO_SPACE, ENGINE_DOWNLOAD_FAILED,
 *   ENGINE_CHECKSUM_MISMATCH, ENGINE_ARCHIVE_DAMAGED, ENGINE_BUILD_FAILED, ENGINE_LOAD_FAILED, ENGINE_CACHE_UNUSABLE
 */
export async function ensureNativeEngine(options: {
  device: EngineVariant;
  onProgress?: OnSetupProgress | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  signal?: AbortSignal | undefined;
}): Promise<NativeEngine> {
  const { device, onProgress, env = process.env, signal } = options;
  signal?.throwIfAborted();
  const present = await findNativeEngine({ device, env });
  if (present !== undefined) return present;
  const recipe = findRecipe(device);
  // What is missing on the machine is said before anything large is downloaded.
  const pip = await requirePip(env);
  const compiler = await requireCompiler(env);
  const engines = enginesFolder(env);
  try {
    await mkdir(engines, { recursive: true });
    const lock = join(engines, `${recipeKey(recipe)}.lock`);
    return await withFolderLock(
      lock,
      async () =>
        (await findNativeEngine({ device, env })) ??
        (await stage(recipe, engines, { pip, compiler, env, onProgress, signal })),
      { signal, onWait: (pid, host) => reportWait(onProgress, pid, host) },
    );
  } catch (error) {
    throw asEngineError(error, engines);
  }
}

function reportWait(onProgress: OnSetupProgress | undefined, pid: number, host: string): void {
  const event = {
    step: 'wait',
    label: `waiting for process ${pid} on ${host} to stage the engine`,
    elapsedMs: 0,
  } as const;
  onProgress?.({ ...event, state: 'start' });
  onProgress?.({ ...event, state: 'done' });
}

function asEngineError(error: unknown, engines: string): unknown {
  if (error instanceof EngineError || !(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new EngineError('ENGINE_NO_SPACE', `the disk filled up while staging the engine in ${engines}`, {
      hint: 'Free some space, or put the cache on another disk: LOCKSTEP_CACHE=/path.',
      cause: error,
    });
  }
  if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM' || error.code === 'ENOTDIR') {
    return new EngineError('ENGINE_CACHE_UNUSABLE', `the cache ${engines} cannot be written: ${error.message}`, {
      hint: 'Name a folder that can be: LOCKSTEP_CACHE=/path.',
      cause: error,
    });
  }
  return error;
}

/**
 * Puts a variant's libraries and addon into `folder` (`lib/`, `cuda/`) for another machine: nothing is loaded here, so that the GPU's
 * can be collected where there is no GPU.
 * @param wheels names of the CUDA wheels to take; the other machine brings what is left out
 * @param downloads keeps the wheels for the next time
 * @throws EngineError as {@link ensureNativeEngine}, but for ENGINE_LOAD_FAILED and ENGINE_CACHE_UNUSABLE
 */
export async function collectEngine(
  variant: EngineVariant,
  folder: string,
  options: {
    wheels: readonly string[];
    downloads: string;
    onProgress?: OnSetupProgress | undefined;
    env?: NodeJS.ProcessEnv | undefined;
  },
): Promise<void> {
  const { downloads, onProgress, env = process.env } = options;
  const found = findRecipe(variant);
  const recipe = { ...found, cuda: found.cuda.filter(({ name }) => options.wheels.includes(name)) };
  const [pip, compiler] = await Promise.all([requirePip(env), requireCompiler(env)]);
  const context = { pip, compiler, env, onProgress, signal: undefined };
  await unpackWheels(recipe, folder, { downloads, keep: true }, context);
  await buildAddon(folder, context);
}

interface StageContext {
  readonly pip: Pip;
  readonly compiler: Compiler;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: OnSetupProgress | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Resolves to the hashes of what was unpacked, by path below the folder. */
async function unpackWheels(
  recipe: EngineRecipe,
  folder: string,
  { downloads, keep }: { readonly downloads: string; readonly keep: boolean },
  context: StageContext,
): Promise<Map<string, string>> {
  const { onProgress, signal } = context;
  const known = new Map<string, string>();
  await mkdir(downloads, { recursive: true });
  for (const pinned of [recipe.tensorflow, ...recipe.cuda]) {
    const path = await download(pinned, recipe, downloads, context);
    await progressStep(onProgress, 'extract', `unpacking ${basename(path)}`, async (update) => {
      await using zip = await ZipReader.open(path);
      if (pinned === recipe.tensorflow) await checkCudaPins(zip, findRecipe(recipe.variant));
      await extract(zip, folder, known, { update, signal });
    });
    if (!keep) await rm(path);
  }
  return known;
}

/** Builds the addon against the headers and libraries that lie in the folder; the headers are not needed any more then. */
async function buildAddon(folder: string, { compiler, env, onProgress, signal }: StageContext): Promise<void> {
  const [libraryDir, include] = [join(folder, 'lib'), join(folder, 'include')];
  await progressStep(onProgress, 'build', `building the addon (${compiler.command})`, () =>
    compileAddon(compiler, { include, libraryDir, output: join(libraryDir, ADDON_FILE), env, signal }),
  );
  await rm(include, { recursive: true });
}

async function stage(recipe: EngineRecipe, engines: string, context: StageContext): Promise<NativeEngine> {
  const { env, onProgress, signal, compiler } = context;
  const key = recipeKey(recipe);
  const folder = join(engines, key);
  const staging = join(engines, `.staging-${key}`);
  const downloads = join(engines, 'downloads', key);
  // We hold the lock: what an earlier attempt left half-way belongs to nobody.
  await rm(staging, { recursive: true, force: true });
  await requireSpace(engines, recipe);
  try {
    // The CUDA wheels are large; unpacked ones need not wait for the others.
    const known = await unpackWheels(recipe, staging, { downloads, keep: recipe.cuda.length === 0 }, context);
    await buildAddon(staging, context);
    const version = await progressStep(onProgress, 'test', 'testing the engine', () =>
      testEngine(join(staging, 'lib'), {
        env: { ...env, ...runtimeEnv(staging, recipe.variant, env) },
        needsGpu: recipe.variant === 'gpu',
        signal,
      }),
    );
    const paths = [...known.keys(), `lib/${ADDON_FILE}`].sort();
    const manifest = await writeManifest(staging, paths, { key, version, compiler: compiler.version }, known);
    await replaceFolder(staging, folder);
    await rm(downloads, { recursive: true, force: true });
    return describe(folder, recipe.variant, manifest, env);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function download(
  pinned: PinnedWheel,
  recipe: EngineRecipe,
  downloads: string,
  context: StageContext,
): Promise<string> {
  const { pip, env, onProgress, signal } = context;
  return progressStep(onProgress, 'download', `downloading ${pinned.name} ${pinned.version} (pip)`, (update) =>
    downloadWheel(pip, pinned, downloads, { platformTags: recipe.platformTags, env, signal, onBytes: update }),
  );
}

/** Where an entry of a wheel goes below the staging folder; undefined: nowhere. */
function targetOf(name: string): string | undefined {
  const library = (LIBRARIES.exec(name) ?? CUDA_LIBRARIES.exec(name))?.[1];
  if (library !== undefined) return `lib/${library}`;
  const tool = CUDA_TOOLS.exec(name)?.[1];
  if (tool !== undefined) return `cuda/${tool}`;
  const notice = NOTICES.exec(name)?.[1];
  if (notice !== undefined) return notice;
  return HEADERS.test(name) ? name.replace('tensorflow/include/', 'include/') : undefined;
}

async function extract(
  zip: ZipReader,
  staging: string,
  known: Map<string, string>,
  options: { update: (doneBytes: number, totalBytes: number) => void; signal: AbortSignal | undefined },
): Promise<void> {
  const wanted: (readonly [ZipEntry, string])[] = [];
  for (const entry of zip.entries) {
    const target = targetOf(entry.name);
    // A name that climbs out of the folder matches no pattern's file part, but a wheel is a stranger's file.
    if (target !== undefined && !target.split('/').includes('..')) wanted.push([entry, target]);
  }
  const totalBytes = wanted.reduce((sum, [entry]) => sum + entry.bytes, 0);
  let doneBytes = 0;
  for (const [entry, target] of wanted) {
    options.signal?.throwIfAborted();
    const path = join(staging, target);
    const sha256 = await zip.extract(entry, path, { signal: options.signal });
    if (!target.startsWith('include/')) known.set(target, sha256);
    if (target.startsWith('cuda/bin/')) await chmod(path, 0o755);
    doneBytes += entry.bytes;
    options.update(doneBytes, totalBytes);
  }
}

/** The pinned CUDA wheels must be what the TensorFlow wheel asks for: a pin that was forgotten shows here, not in a crash. */
async function checkCudaPins(zip: ZipReader, recipe: EngineRecipe): Promise<void> {
  if (recipe.cuda.length === 0) return;
  const entry = zip.entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  const metadata = entry === undefined ? '' : (await zip.read(entry)).toString('utf8');
  for (const { name, specifiers } of parseExtraRequirements(metadata, 'and-cuda')) {
    const pinned = recipe.cuda.find((candidate) => candidate.name === name);
    if (pinned !== undefined && satisfiesSpecifiers(pinned.version, specifiers)) continue;
    throw new EngineError(
      'ENGINE_BUILD_FAILED',
      `${recipe.tensorflow.name} needs ${name} ${specifiers}, pinned is ${pinned?.version ?? 'none'}`,
      {
        hint: 'The recipe in coordinator/setup/engine-recipe.ts does not fit its TensorFlow: please report this.',
      },
    );
  }
}

/** @throws EngineError ENGINE_NO_SPACE */
async function requireSpace(engines: string, recipe: EngineRecipe): Promise<void> {
  const { bavail, bsize } = await statfs(engines);
  const freeBytes = bavail * bsize;
  if (freeBytes >= recipe.requiredBytes) return;
  throw new EngineError(
    'ENGINE_NO_SPACE',
    `staging the native engine needs ${formatBytes(recipe.requiredBytes)} in ${engines}, ${formatBytes(freeBytes)} are free`,
    {
      hint: 'Free some space, or put the cache on another disk: LOCKSTEP_CACHE=/path. Or use --engine wasm.',
      details: { freeBytes, requiredBytes: recipe.requiredBytes },
    },
  );
}

/** Puts a finished folder in place; a damaged one that lies there is moved away first. */
async function replaceFolder(staging: string, folder: string): Promise<void> {
  const parent = join(folder, '..');
  const prefix = `.damaged-${basename(folder)}-`;
  if (existsSync(folder)) await rename(folder, join(parent, `${prefix}${process.pid}`));
  await rename(staging, folder);
  for (const name of await readdir(parent)) {
    // A process may still have the old libraries mapped; removing them does not disturb it.
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
