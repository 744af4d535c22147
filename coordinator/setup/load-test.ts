/** Loads a freshly built addon in a process of its own and lets it add two numbers: what crashes there has hurt nobody. */
import { join } from 'node:path';
import { EngineError } from '../../proto/errors.js';
import { gpuFailure } from './gpu-failure.js';
import { runCommand } from './run-command.mjs';

/** File name of the addon in an engine's library folder. */
export const ADDON_FILE = 'tfjs_binding.node';

const MARK = 'lockstep-load-test ';

// TensorFlow's DataType number 1 is float32.
const SCRIPT = `
const binding = require(process.argv[1]);
const id = binding.createTensor([2], 1, new Float32Array([1, 2]));
const [sum] = binding.executeOp('AddV2', [{ name: 'T', type: binding.TF_ATTR_TYPE, value: 1 }], [id, id], 1);
const values = Array.from(binding.tensorDataSync(sum.id));
console.log('${MARK}' + JSON.stringify({ version: binding.TF_Version, gpu: binding.isUsingGpuDevice(), values }));
`;

/**
 * Resolves to the version of the TensorFlow that answers.
 * @param options.needsGpu also fail when TensorFlow sees no GPU
 * @throws EngineError ENGINE_LOAD_FAILED; without a GPU also as `gpuFailure`
 */
export async function testEngine(
  libraryDir: string,
  options: {
    env?: NodeJS.ProcessEnv | undefined;
    needsGpu?: boolean | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  const { env = process.env, needsGpu = false, signal } = options;
  const result = await runCommand(process.execPath, ['-e', SCRIPT, join(libraryDir, ADDON_FILE)], {
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '1' },
    signal,
  });
  signal?.throwIfAborted();
  const line = result.output.split('\n').find((text) => text.startsWith(MARK));
  const tail = result.output.trim().split('\n').slice(-6).join('\n');
  if (result.code !== 0 || line === undefined) {
    const illegal = result.signal === 'SIGILL' || /was compiled to use|illegal instruction/i.test(result.output);
    throw new EngineError(
      'ENGINE_LOAD_FAILED',
      `the TensorFlow addon does not run (${result.signal ?? `exit code ${result.code}`}):\n${tail}`,
      {
        hint: illegal
          ? 'This CPU lacks instructions that TensorFlow was built with (AVX): use --engine wasm.'
          : 'A system library may be missing (see above; libstdc++6 is needed). Or use --engine wasm.',
        details: { libraryDir, signal: result.signal, exitCode: result.code },
      },
    );
  }
  const answer = JSON.parse(line.slice(MARK.length)) as { version: string; gpu: boolean; values: number[] };
  if (answer.values[0] !== 2 || answer.values[1] !== 4) {
    throw new EngineError('ENGINE_LOAD_FAILED', `TensorFlow says [1, 2] + [1, 2] = [${answer.values.join(', ')}]`, {
      hint: 'The libraries do not work on this machine: use --engine wasm.',
    });
  }
  if (needsGpu && !answer.gpu) {
    throw gpuFailure(result.output);
  }
  return answer.version;
}
