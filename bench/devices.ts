/** The device that a benchmark runs on, for our side and the rival's. */
import { availableParallelism, cpus } from 'node:os';
import { assignDevices, readDevices } from '../configs/devices.js';
import type { HostFacts } from '../configs/launch-settings.js';
import { gpuFacts } from '../coordinator/gpu/devices.js';
import { detectNvidia, type NvidiaDriver } from '../coordinator/setup/nvidia.js';
import { runCommand } from '../coordinator/setup/run-command.mjs';
import { ConfigError } from '../proto/errors.js';

/** Where both sides compute. */
export interface BenchDevices {
  /** GPUs by index or UUID, one per process; empty on the CPU. */
  readonly gpus: readonly string[];
  /** What the table's heading says: the processor, or the GPUs and their driver. */
  readonly description: string;
}

/** What the settings' compiler must know about this host for `--device`. */
export async function benchHost(device: string, env: NodeJS.ProcessEnv = process.env): Promise<HostFacts> {
  return (await inspect(device, env)).host;
}

async function inspect(device: string, env: NodeJS.ProcessEnv) {
  const driver = device === 'cpu' ? undefined : await detectNvidia({ env });
  return { driver, host: { numCores: availableParallelism(), ...gpuFacts(driver, env) } };
}

/**
 * Reads `--device` as `launch` does.
 * @throws ConfigError `CONFIG_DEVICES`, `CONFIG_USAGE` as `readDevices`
 */
export async function benchDevices(device: string, env: NodeJS.ProcessEnv = process.env): Promise<BenchDevices> {
  const { driver, host } = await inspect(device, env);
  const choice = readDevices(device, host);
  const numGpus = choice === 'auto' ? host.offeredGpus!.length : choice.length;
  const gpus = choice === 'cpu' || numGpus === 0 ? [] : assignDevices(numGpus, choice, host);
  return { gpus, description: describe(gpus, driver) };
}

function describe(gpus: readonly string[], driver: NvidiaDriver | undefined): string {
  if (gpus.length === 0 || driver === undefined)
    return `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`;
  const names = gpus.map((name) => driver.gpus.find((gpu) => isNamed(gpu, name))?.name ?? name);
  return `${names.join(', ')}, driver ${driver.version}`;
}

function isNamed(gpu: NvidiaDriver['gpus'][number], name: string): boolean {
  return String(gpu.index) === name || gpu.uuid.startsWith(name) || gpu.mig.some(({ uuid }) => uuid === name);
}

/** Shows a rival's processes these GPUs, in nvidia-smi's numbering. */
export function rivalEnvironment(gpus: readonly string[]): Record<string, string> {
  return { CUDA_VISIBLE_DEVICES: gpus.join(), CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}

/** Memory of a GPU that is in use by any process, in MiB; undefined where nvidia-smi does not tell. */
export async function deviceUsedMb(gpu: string, env: NodeJS.ProcessEnv = process.env): Promise<number | undefined> {
  const query = ['-i', gpu, '--query-gpu=memory.used', '--format=csv,noheader,nounits'];
  const { code, output } = await runCommand('nvidia-smi', query, { env });
  const text = output.trim();
  return code === 0 && /^\d+$/.test(text) ? Number(text) : undefined;
}

const AMP_VALUES = ['off', 'fp16', 'bf16'] as const;

/** What both sides compute in; names and values as `launch`'s. */
export interface Precision {
  readonly amp: (typeof AMP_VALUES)[number];
  readonly tf32: 'on' | 'off';
}

/** What benchmarks without these flags compute in. */
export const FULL_PRECISION: Precision = { amp: 'off', tf32: 'on' };

/** @throws ConfigError `CONFIG_USAGE` for other values */
export function readPrecision(amp: string, tf32: string): Precision {
  const known = AMP_VALUES.find((value) => value === amp);
  if (known === undefined) throw notOneOf('amp', amp, AMP_VALUES);
  return { amp: known, tf32: readTf32(tf32) };
}

/** @throws ConfigError `CONFIG_USAGE` for other values */
export function readTf32(text: string): 'on' | 'off' {
  if (text === 'on' || text === 'off') return text;
  throw notOneOf('tf32', text, ['on', 'off']);
}

function notOneOf(flag: string, text: string, values: readonly string[]): ConfigError {
  return new ConfigError('CONFIG_USAGE', `--${flag} ${text} is not one of ${values.join(', ')}`, {
    hint: `benchmarks say what both sides compute in: --${flag} ${values[0]}`,
  });
}
