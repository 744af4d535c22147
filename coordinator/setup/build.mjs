/** Compiles the TypeScript sources into dist/ when they are newer than what is there. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { SetupError, step } from './steps.mjs';

const KERNEL_FOLDER = 'worker/simd/assembly';
const KERNEL_FLAGS = ['-O3', '--noAssert', '--converge', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
/** Shared memory, so that threads can work on it; 64 Ki pages are all that 32 bits address. */
const SHARED_FLAGS = ['--enable', 'threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
/** Kernels in this folder work on the memory of another WebAssembly program, which is not shared. */
const UNSHARED_PREFIX = 'unshared/';
const UNSHARED_FLAGS = ['--initialMemory', '1'];
const SOURCE_FOLDERS = ['bench', 'configs', 'coordinator', 'proto', 'worker'];
const stampPath = (root) => join(root, 'dist', '.lockstep-build.json');

/** JavaScript that is not compiled but must lie beside what is: generated messages and the set-up's own modules. */
function isCopied(path) {
  return (
    (path.startsWith('proto/gen/') && path.endsWith('.js')) ||
    (path.startsWith('coordinator/setup/') && path.endsWith('.mjs'))
  );
}

function isSource(path) {
  return path.endsWith('.ts') || path.endsWith('.mts') || isCopied(path);
}

/** The paths of all sources, sorted, relative to `root`, with forward slashes. */
export function listSources(root) {
  const found = [];
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (isSource(path)) found.push(path);
    }
  };
  for (const folder of SOURCE_FOLDERS) {
    if (existsSync(join(root, folder))) walk(folder);
  }
  // By code units, as a locale would order them differently elsewhere.
  found.sort((a, b) => (a < b ? -1 : 1));
  return [...found, 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
}

function statFingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function contentHash(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampPath(root), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether dist/ was built, to the end, from the present sources. Looks at sizes and times first, at contents when those differ. */
export function buildIsCurrent(root) {
  const stamp = readStamp(root);
  if (stamp === undefined) return false;
  const paths = listSources(root);
  const fingerprint = statFingerprint(root, paths);
  if (stamp.fingerprint === fingerprint) return true;
  if (stamp.content !== contentHash(root, paths)) return false;
  try {
    writeFileSync(stampPath(root), JSON.stringify({ ...stamp, fingerprint }));
  } catch {
    // A read-only checkout compares contents each time, which is still quick.
  }
  return true;
}

/** The modules of SIMD kernels: the files right in their folder or in `unshared/`, by name without extension. */
function kernelModules(paths) {
  return paths
    .filter((path) => path.startsWith(`${KERNEL_FOLDER}/`) && path.endsWith('.ts'))
    .map((path) => path.slice(KERNEL_FOLDER.length + 1, -'.ts'.length))
    .filter((name) => !name.replace(UNSHARED_PREFIX, '').includes('/'));
}

/** Compiles the kernels from AssemblyScript to WebAssembly, unless they are those of the present sources. It takes seconds each. */
async function buildKernels(root, paths) {
  const names = kernelModules(paths);
  const sources = [...paths.filter((path) => path.startsWith(`${KERNEL_FOLDER}/`)), 'package.json'];
  const hash = contentHash(root, [...sources, 'coordinator/setup/build.mjs']);
  const output = (name) => `dist/worker/simd/${name}.wasm`;
  const stamp = join(root, 'dist', '.lockstep-kernels');
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  if (isCurrent && names.every((name) => existsSync(join(root, output(name))))) return;
  const compiler = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  const waiting = [...names];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const files = [`${KERNEL_FOLDER}/${name}.ts`, '--outFile', output(name)];
      const flags = [...KERNEL_FLAGS, ...(name.startsWith(UNSHARED_PREFIX) ? UNSHARED_FLAGS : SHARED_FLAGS)];
      const result = await runCommand(process.execPath, [compiler, ...files, ...flags], { cwd: root });
      if (result.code !== 0) throw compilerError('asc', result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  writeFileSync(stamp, hash);
}

function compilerError(name, result) {
  return new SetupError(
    'LAUNCH_BUILD_FAILED',
    `${name} ended with ${result.signal ?? `exit code ${result.code}`}:\n${result.output.trim()}`,
    'Correct the errors above; an unchanged checkout builds without any ("git status" shows what differs).',
  );
}

/** Removes compiled files whose source is gone, so that nothing imports yesterday's module. */
function pruneOutputs(root, paths) {
  const expected = new Set(paths.map((path) => path.replace(/\.ts$/, '.js').replace(/\.mts$/, '.mjs')));
  for (const name of kernelModules(paths)) expected.add(`worker/simd/${name}.wasm`);
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, 'dist', folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (SOURCE_FOLDERS.includes(path.split('/')[0])) walk(path);
      } else if (/\.(m?js(\.map)?|wasm)$/.test(path) && !expected.has(path.replace(/\.map$/, ''))) {
        rmSync(join(root, 'dist', path), { force: true });
      }
    }
  };
  walk('');
}

/** Compiles when needed. A type error is printed as the compiler wrote it and ends the set-up. */
export async function ensureBuild(root) {
  if (buildIsCurrent(root)) return;
  await step('build (tsc, asc)', async () => {
    // Without a stamp the compiler's own record of what it wrote cannot be trusted either.
    if (readStamp(root) === undefined) rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
    rmSync(stampPath(root), { force: true });
    // Taken before compiling: a file that is edited meanwhile makes the next start build again.
    const paths = listSources(root);
    const stamp = { fingerprint: statFingerprint(root, paths), content: contentHash(root, paths) };
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const [result] = await Promise.all([
      runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root }),
      buildKernels(root, paths),
    ]);
    if (result.code !== 0) throw compilerError('tsc', result);
    for (const path of paths.filter(isCopied)) {
      const target = join(root, 'dist', path);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(root, path), target);
    }
    pruneOutputs(root, paths);
    writeFileSync(stampPath(root), JSON.stringify(stamp));
  });
}
