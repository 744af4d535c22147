/** Finds a C++ compiler and compiles TensorFlow's Node addon with it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { ADDON_SOURCES, COMPILE_FLAGS } from './engine-recipe.js';
import { installHint } from './package-hints.js';
import { runCommand } from './run-command.mjs';

/** A compiler that answers. */
export interface Compiler {
  readonly command: string;
  /** First line of `--version`. */
  readonly version: string;
}

/** The compiler that CXX names, else g++, c++ or clang++; undefined where none runs. */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler | undefined> {
  for (const command of [env.CXX, 'g++', 'c++', 'clang++']) {
    if (command === undefined || command === '') continue;
    const result = await runCommand(command, ['--version'], { env });
    if (result.code === 0) return { command, version: result.output.split('\n', 1)[0] ?? '' };
  }
  return undefined;
}

/** As {@link findCompiler}. @throws EngineError ENGINE_NO_COMPILER */
export async function requireCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  const compiler = await findCompiler(env);
  if (compiler !== undefined) return compiler;
  throw new EngineError('ENGINE_NO_COMPILER', 'no C++ compiler in PATH (g++, c++ or clang++), which builds the addon', {
    hint: `${installHint('compiler')}. Or use the wasm engine: --engine wasm.`,
  });
}

/**
 * Compiles the addon against TensorFlow's headers and libraries.
 * @param options.include folder with TensorFlow's headers
 * @param options.libraryDir folder with its libraries; the addon looks for them beside itself
 * @param options.output path of the addon
 * @throws EngineError ENGINE_BUILD_FAILED
 */
export async function compileAddon(
  compiler: Compiler,
  options: {
    include: string;
    libraryDir: string;
    output: string;
    env?: NodeJS.ProcessEnv | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { include, libraryDir, output, env = process.env, signal } = options;
  const sources = (await readdir(ADDON_SOURCES)).filter((name) => name.endsWith('.cc')).sort();
  const args = [
    ...COMPILE_FLAGS,
    `-I${join(repoRoot, 'node_modules', 'node-api-headers', 'include')}`,
    `-I${include}`,
    `-I${ADDON_SOURCES}`,
    ...sources.map((name) => join(ADDON_SOURCES, name)),
    ...['-o', output, `-L${libraryDir}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN',
  ];
  const result = await runCommand(compiler.command, args, { env, signal });
  signal?.throwIfAborted();
  if (result.code === 0) return;
  const tail = result.output.trim().split('\n').slice(-12).join('\n');
  throw new EngineError(
    'ENGINE_BUILD_FAILED',
    `${compiler.version} ended with ${result.signal ?? `exit code ${result.code}`}:\n${tail}`,
    {
      hint: 'A compiler with C++17 and its standard library is needed (GCC 9 or Clang 10 and later); CXX names another. Or use --engine wasm.',
      details: { compiler: compiler.command },
    },
  );
}
