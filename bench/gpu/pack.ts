/** `npm run bench -- gpu-pack`: packs this checkout with all that it needs into pieces, for a GPU machine without a package registry. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { requireCompiler } from '../../coordinator/setup/compiler.js';
import { findRecipe } from '../../coordinator/setup/engine-recipe.js';
import { collectEngine, ensureNativeEngine } from '../../coordinator/setup/native-engine.js';
import { stepPrinter } from '../../coordinator/setup/progress.js';
import { runCommand } from '../../coordinator/setup/run-command.mjs';
import { ConfigError } from '../../proto/errors.js';
import { cacheRoot, repoRoot } from '../../proto/paths.js';
import { readFlags } from '../flags.js';
import { findPython } from '../python.js';
import { runProcess } from '../run-process.js';
import { closeOverPackages, type LockedPackage } from './packages.js';

/** What every machine needs that runs Lockstep's benchmarks and the engine's tests. */
const FOLDERS = ['dist', 'configs', 'proto', 'coordinator', 'worker', 'bench', 'test'];
const FILES = ['package.json', 'package-lock.json', 'vitest.config.js', 'tsconfig.json', 'LICENSE', 'NOTICE'];
/** Only the engine is tested on the other machine, and that needs no fixtures; the addon comes built. */
const LEFT_OUT = [/^test\/(?!compliance|support|README)/, /\.map$/, /__pycache__/, /\/build\/(?:darwin|win32)\b/];
const NEEDLESS_PACKAGES = ['@tensorflow/tfjs-node-gpu', 'node-api-headers'];
const TEST_PACKAGES = ['vitest', 'vite'];
/** CUDA's runtime is small and must be of TensorFlow's version; so is XLA's assembler. The rest is a PyTorch's of the other machine. */
const SMALL_CUDA_WHEELS = ['nvidia-cuda-runtime-cu12', 'nvidia-cuda-nvcc-cu12'];
/** What the rival imports and a machine with PyTorch may lack; neither depends on Python's version. */
const PYTHON_PACKAGES = ['yaml', 'safetensors'];

/** Runs the command with its flags (README.md of this folder). */
export async function packForGpu(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    out: join(repoRoot, 'runs', 'gpu-pack'),
    engine: 'gpu',
    cuda: 'small',
    node: process.execPath,
    python: undefined,
    'no-rival': false,
    'piece-mb': '60',
    level: '3',
  });
  const out = resolve(options.out);
  const pieceMb = readNumber('piece-mb', options['piece-mb'], 1, 100_000);
  const level = readNumber('level', options.level, 0, 9);
  const work = await mkdtemp(join(tmpdir(), 'lockstep-pack-'));
  try {
    const staging = join(work, 'lockstep');
    await copyApplication(join(staging, 'app'));
    await mkdir(join(staging, 'bin'), { recursive: true });
    await cp(resolve(options.node), join(staging, 'bin', 'node'), { dereference: true });
    await copyEngine(options.engine, options.cuda, join(staging, 'engine'));
    if (!options['no-rival']) await copyPythonPackages(findPython(options.python), join(staging, 'python'));
    await rm(out, { recursive: true, force: true });
    await mkdir(out, { recursive: true });
    const pieces = join(out, 'lockstep.tar.xz.');
    const pipeline = `tar -C "$0" -cf - lockstep | xz -T0 -${level} | split -b ${pieceMb}000000 - "$1"`;
    await runProcess('bash', ['-c', `set -o pipefail; ${pipeline}`, work, pieces]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await cp(join(repoRoot, 'bench', 'gpu', 'unpack.sh'), join(out, 'unpack.sh'));
  await writeSums(out);
  const sizes = await Promise.all((await readdir(out)).map(async (name) => (await stat(join(out, name))).size));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  process.stdout.write(`${out}: ${sizes.length} files, ${(total / 1e6).toFixed(0)} MB\n`);
  process.stdout.write(`there: sh unpack.sh FOLDER && FOLDER/lockstep/run gpu --device 0\n`);
}

function readNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ConfigError('CONFIG_USAGE', `--${flag} ${text} is not a whole number from ${least} to ${most}`, {
    hint: `leave it out, or for example --${flag} ${least}`,
  });
}

async function copyApplication(app: string): Promise<void> {
  const isWanted = (path: string): boolean => !LEFT_OUT.some((pattern) => pattern.test(path));
  const copy = (path: string): Promise<void> =>
    cp(join(repoRoot, path), join(app, path), {
      recursive: true,
      dereference: true,
      filter: (source) => isWanted(source.slice(repoRoot.length + 1)),
    });
  for (const path of [...FOLDERS, ...FILES]) await copy(path);
  for (const folder of await neededPackages()) await copy(folder);
}

/** Folders of the packages that are installed here and needed there; nested ones come with those that hold them. */
async function neededPackages(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(repoRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const own = Object.keys(lock.packages['']?.dependencies ?? {}).filter((name) => !NEEDLESS_PACKAGES.includes(name));
  const folders = closeOverPackages(lock.packages, [...own, ...TEST_PACKAGES]);
  const isThere = await Promise.all(folders.map((folder) => exists(join(repoRoot, folder))));
  return folders.filter((_, i) => isThere[i]);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function copyEngine(engine: string, cuda: string, folder: string): Promise<void> {
  if (engine === 'wasm') return;
  const onProgress = stepPrinter(process.stderr);
  if (engine === 'cpu') {
    const { libraryDir } = await ensureNativeEngine({ device: 'cpu', onProgress });
    await cp(libraryDir, join(folder, 'lib'), { recursive: true });
    return;
  }
  if (engine !== 'gpu' || (cuda !== 'small' && cuda !== 'all')) {
    throw new ConfigError('CONFIG_USAGE', `no engine to pack for --engine ${engine} --cuda ${cuda}`, {
      hint: '--engine gpu, cpu or wasm; --cuda small (the other machine has the large libraries, as with PyTorch) or all',
    });
  }
  const wheels = cuda === 'all' ? findRecipe('gpu').cuda.map(({ name }) => name) : SMALL_CUDA_WHEELS;
  await collectEngine('gpu', folder, {
    wheels,
    downloads: join(cacheRoot(), 'engines', 'downloads', 'pack'),
    onProgress,
  });
  // Stands in for libraries that TensorFlow wants to see and that no operator of ours calls (unpack.sh).
  const { command } = await requireCompiler();
  await runProcess(command, ['-shared', '-o', join(folder, 'empty.so'), '-x', 'c', '/dev/null']);
}

async function copyPythonPackages(python: string, folder: string): Promise<void> {
  for (const name of PYTHON_PACKAGES) {
    const { code, output } = await runCommand(python, ['-c', `import ${name}; print(${name}.__file__)`]);
    if (code !== 0) {
      throw new ConfigError('CONFIG_USAGE', `${python} has no package ${name}`, { hint: 'sh bench/setup-rivals.sh' });
    }
    const source = dirname(output.trim());
    await cp(source, join(folder, basename(source)), {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    });
  }
}

async function writeSums(out: string): Promise<void> {
  const lines: string[] = [];
  for (const name of (await readdir(out)).sort()) {
    const hash = createHash('sha256').update(await readFile(join(out, name)));
    lines.push(`${hash.digest('hex')}  ${name}`);
  }
  await writeFile(join(out, 'SHA256SUMS'), `${lines.join('\n')}\n`);
}
