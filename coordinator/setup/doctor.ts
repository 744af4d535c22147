/** `launch doctor`: what this machine has, which engine will run on it and why, and what would make it better. */
import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { EngineError, EXIT } from '../../proto/errors.js';
import { cacheRoot, repoRoot } from '../../proto/paths.js';
import { findCompiler } from './compiler.js';
import { findRecipe } from './engine-recipe.js';
import { inspectGpus } from './gpu-report.js';
import { ADDON_FILE, testEngine } from './load-test.js';
import { findNativeEngine, type NativeEngine } from './native-engine.js';
import { satisfiesEngines } from './node-version.mjs';
import { detectNvidia, driverIsSupported, type NvidiaDriver } from './nvidia.js';
import { installHint } from './package-hints.js';
import { findPip } from './pip.js';
import { formatBytes } from './progress.js';
import { runCommand } from './run-command.mjs';

/** One thing that was looked at. */
export interface Finding {
  /** Stable name, such as `node` or `engine.native`. */
  readonly id: string;
  readonly title: string;
  /** `info` is neither good nor bad; `warn` costs speed or features; `fail` keeps something from running. */
  readonly status: 'ok' | 'info' | 'warn' | 'fail';
  /** What was found. */
  readonly value: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
}

const MIN_SHM_BYTES = 256 * 2 ** 20;
const MIN_OPEN_FILES = 1024;
const MIN_FREE_BYTES = 2e9;

/** Looks at everything; changes nothing, and needs no network. The last finding says which engine runs where and why. */
export async function diagnose(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const driver = await detectNvidia({ env });
  const [pip, compiler, native, wasm] = await Promise.all([
    inspectPip(env),
    inspectCompiler(env),
    inspectNative(driver, env),
    inspectModule('engine.wasm', 'wasm engine', '@tensorflow/tfjs-backend-wasm', 'nothing can train without an engine'),
  ]);
  const canStage = pip.status === 'ok' && compiler.status === 'ok';
  // Tools that were needed to stage what is staged already are missed by nobody.
  const unlessStaged = (tool: Finding): Finding =>
    tool.status === 'ok' || native.engine === undefined
      ? tool
      : { ...tool, status: 'info', value: `${tool.value}, not needed: the engine is staged`, fix: undefined };
  return [
    await inspectNode(),
    inspectMachine(),
    inspectDriver(driver),
    ...(await inspectGpus(driver, env)),
    unlessStaged(pip),
    unlessStaged(compiler),
    native.finding,
    wasm,
    await inspectModule('zeromq', 'ZeroMQ', 'zeromq', 'workers cannot talk to each other'),
    await inspectModule('sharp', 'sharp (images)', 'sharp', 'images cannot be read'),
    await inspectSharedMemory(),
    await inspectOpenFiles(),
    await inspectDisk(env),
    decide(native.engine, canStage, driver, wasm),
  ];
}

async function inspectNode(): Promise<Finding> {
  const { engines } = JSON.parse(await readFile(join(repoRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const value = `${process.versions.node} (${process.execPath})`;
  const isGood = satisfiesEngines(process.versions.node, engines.node);
  const fix = isGood ? undefined : `Install Node.js 24; Lockstep needs ${engines.node}.`;
  return { id: 'node', title: 'Node.js', status: isGood ? 'ok' : 'fail', value, fix };
}

function inspectMachine(): Finding {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const value = `${availableParallelism()} cores (${model}), ${formatBytes(totalmem())} memory, ${formatBytes(freemem())} free`;
  return { id: 'machine', title: 'Machine', status: 'info', value };
}

function inspectDriver(driver: NvidiaDriver | undefined): Finding {
  const about = { id: 'gpu', title: 'NVIDIA GPU' };
  if (driver === undefined) return { ...about, status: 'info', value: 'no driver found' };
  const value = `driver ${driver.version}, ${driver.gpus.length === 0 ? 'nvidia-smi is missing' : `${driver.gpus.length} GPU(s)`}`;
  if (driverIsSupported(driver.version)) return { ...about, status: 'ok', value };
  return { ...about, status: 'warn', value, fix: 'Install driver 525.60.13 or later to train on the GPU.' };
}

async function inspectPip(env: NodeJS.ProcessEnv): Promise<Finding> {
  const about = { id: 'pip', title: "Python's pip" };
  const pip = await findPip(env);
  if (pip !== undefined)
    return { ...about, status: 'ok', value: `${pip.version} (${[pip.command, ...pip.args].join(' ')})` };
  return {
    ...about,
    status: 'warn',
    value: 'not found',
    fix: `${installHint('pip')} (it downloads the native engine).`,
  };
}

async function inspectCompiler(env: NodeJS.ProcessEnv): Promise<Finding> {
  const about = { id: 'compiler', title: 'C++ compiler' };
  const compiler = await findCompiler(env);
  if (compiler !== undefined) return { ...about, status: 'ok', value: `${compiler.command}: ${compiler.version}` };
  return {
    ...about,
    status: 'warn',
    value: 'not found',
    fix: `${installHint('compiler')} (it builds the native engine).`,
  };
}

/** The staged engine with its contents verified and loaded once. */
async function inspectNative(
  driver: NvidiaDriver | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ finding: Finding; engine?: NativeEngine }> {
  const about = { id: 'engine.native', title: 'Native engine' };
  try {
    const isGpu = driver !== undefined && driverIsSupported(driver.version);
    const gpu = isGpu ? await findNativeEngine({ device: 'gpu', env, verify: true }) : undefined;
    const engine = gpu ?? (await findNativeEngine({ device: 'cpu', env, verify: true }));
    if (engine === undefined) {
      findRecipe('cpu');
      return {
        finding: { ...about, status: 'info', value: `not staged in ${cacheRoot(env)}` },
      };
    }
    const needsGpu = engine.variant === 'gpu';
    const version = await testEngine(engine.libraryDir, { env: { ...env, ...engine.env }, needsGpu });
    // A folder that was named by the user has no manifest to verify against.
    const proof = engine.bytes > 0 ? `, ${formatBytes(engine.bytes)}, checksums good` : '';
    const value = `TensorFlow ${version} for the ${engine.variant.toUpperCase()}${proof}, loads (${engine.libraryDir})`;
    return { finding: { ...about, status: 'ok', value }, engine };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { finding: { ...about, status: 'warn', value: `${error.code}: ${error.message}`, fix: error.hint } };
  }
}

/** Whether a package loads, tried in a process of its own: a native one may take its process down. */
async function inspectModule(id: string, title: string, name: string, consequence: string): Promise<Finding> {
  if (!existsSync(join(repoRoot, 'node_modules', name))) {
    return {
      id,
      title,
      status: 'fail',
      value: `${name} is not installed: ${consequence}`,
      fix: 'Run: npm ci --ignore-scripts',
    };
  }
  const result = await runCommand(process.execPath, ['--input-type=module', '-e', `await import('${name}')`], {
    cwd: repoRoot,
  });
  if (result.code === 0) return { id, title, status: 'ok', value: `${await packageVersion(name)} loads` };
  const why =
    result.output
      .trim()
      .split('\n')
      .find((line) => line.includes('Error')) ?? `exit code ${result.code}`;
  return {
    id,
    title,
    status: 'fail',
    value: `${name} does not load, so ${consequence}: ${why}`,
    fix: 'Remove node_modules and start again; if that does not help, this system is not among those it is built for.',
  };
}

async function packageVersion(name: string): Promise<string> {
  const text = await readFile(join(repoRoot, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function inspectSharedMemory(): Promise<Finding> {
  const about = { id: 'shm', title: '/dev/shm' };
  try {
    const { blocks, bsize } = await statfs('/dev/shm');
    const bytes = blocks * bsize;
    if (bytes >= MIN_SHM_BYTES) return { ...about, status: 'ok', value: formatBytes(bytes) };
    return {
      ...about,
      status: 'warn',
      value: formatBytes(bytes),
      fix: 'In a container, start it with --shm-size=1g (compose: shm_size).',
    };
  } catch {
    return { ...about, status: 'info', value: 'not on this system' };
  }
}

async function inspectOpenFiles(): Promise<Finding> {
  const about = { id: 'files', title: 'Open files' };
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (limit === undefined) return { ...about, status: 'info', value: 'limit unknown' };
  if (limit === 'unlimited' || Number(limit) >= MIN_OPEN_FILES)
    return { ...about, status: 'ok', value: `limit ${limit}` };
  return { ...about, status: 'warn', value: `limit ${limit}`, fix: `Raise it: ulimit -n ${MIN_OPEN_FILES}` };
}

async function inspectDisk(env: NodeJS.ProcessEnv): Promise<Finding> {
  const cache = cacheRoot(env);
  const about = { id: 'cache', title: 'Cache' };
  // The nearest folder that exists tells the disk on which the cache would be made.
  let folder = cache;
  while (!existsSync(folder)) folder = join(folder, '..');
  const { bavail, bsize } = await statfs(folder);
  const value = `${cache}, ${formatBytes(bavail * bsize)} free`;
  if (bavail * bsize >= MIN_FREE_BYTES) return { ...about, status: 'ok', value };
  return { ...about, status: 'warn', value, fix: 'Free some space, or put the cache elsewhere: LOCKSTEP_CACHE=/path.' };
}

/** What `--engine auto` will do here. */
function decide(
  native: NativeEngine | undefined,
  canStage: boolean,
  driver: NvidiaDriver | undefined,
  wasm: Finding,
): Finding {
  const about = { id: 'decision', title: '--engine auto' };
  const wantsGpu = driver !== undefined && driverIsSupported(driver.version);
  const better = 'For the native engine, several times as fast: see the lines above marked "!".';
  if (native !== undefined) {
    const onGpu = native.variant === 'gpu';
    const value = `tensorflow on ${onGpu ? 'the GPUs' : 'the CPU'}: ${ADDON_FILE} is staged and loads`;
    if (!wantsGpu || onGpu) return { ...about, status: 'ok', value };
    return {
      ...about,
      status: 'ok',
      value: `tensorflow on the GPUs: a driver is there, and their engine is staged at the first training`,
    };
  }
  if (canStage && isSupported()) {
    const device = wantsGpu ? 'the GPUs' : 'the CPU';
    return {
      ...about,
      status: 'ok',
      value: `tensorflow on ${device}: pip and a compiler are there to stage it at the first training`,
    };
  }
  if (wasm.status !== 'ok') return { ...about, status: 'fail', value: 'no engine runs here', fix: better };
  const why = isSupported() ? 'the native engine cannot be staged' : 'there is no native engine for this platform';
  return { ...about, status: 'warn', value: `wasm on the CPU: ${why}`, fix: isSupported() ? better : undefined };
}

function isSupported(): boolean {
  try {
    findRecipe('cpu');
    return true;
  } catch {
    return false;
  }
}

/** The exit code for findings: 0, or 69 when nothing can run. */
export function doctorExitCode(findings: readonly Finding[]): number {
  return findings.some((finding) => finding.status === 'fail') ? EXIT.unavailable : EXIT.ok;
}
