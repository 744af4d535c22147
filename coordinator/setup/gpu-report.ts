/** The doctor's look at each GPU: what it is, what it can do, and what would keep a training off it. */
import type { Finding } from './doctor.js';
import type { NvidiaDriver } from './nvidia.js';
import { formatBytes } from './progress.js';
import { runCommand } from './run-command.mjs';

const FIELDS = ['index', 'memory.used', 'utilization.gpu', 'compute_mode', 'compute_cap', 'mig.mode.current'] as const;

/** State of a GPU; fields that the driver does not know are undefined. */
export interface GpuState {
  readonly index: number;
  readonly memoryUsedBytes: number | undefined;
  readonly utilizationPercent: number | undefined;
  /** Such as `Default`, `Exclusive_Process`, `Prohibited`. */
  readonly computeMode: string;
  /** Such as 9.0 for an H100. */
  readonly computeCapability: number | undefined;
  readonly isMig: boolean;
}

/** Reads rows of the query; lines that are none are left out. */
export function parseGpuStates(text: string): GpuState[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(',').map((field) => field.trim());
    const [index = '', used, utilization, computeMode = '', capability, mig] = fields;
    if (fields.length !== FIELDS.length || !/^\d+$/.test(index)) return [];
    const mebibytes = numberOf(used);
    return {
      index: Number(index),
      memoryUsedBytes: mebibytes === undefined ? undefined : mebibytes * 2 ** 20,
      utilizationPercent: numberOf(utilization),
      computeMode,
      computeCapability: numberOf(capability),
      isMig: mig === 'Enabled',
    };
  });
}

function numberOf(field: string | undefined): number | undefined {
  const value = field === undefined || field === '' ? Number.NaN : Number(field);
  return Number.isFinite(value) ? value : undefined;
}

/** One finding per GPU, and one about CUDA_VISIBLE_DEVICES where it is set. */
export async function inspectGpus(driver: NvidiaDriver | undefined, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (driver === undefined || driver.gpus.length === 0) return [];
  const query = [`--query-gpu=${FIELDS.join()}`, '--format=csv,noheader,nounits'];
  const smi = await runCommand('nvidia-smi', query, { env });
  const states = new Map(parseGpuStates(smi.code === 0 ? smi.output : '').map((state) => [state.index, state]));
  const findings = driver.gpus.map((gpu): Finding => {
    const state = states.get(gpu.index);
    const value = [
      `${gpu.name}, ${gpu.uuid}`,
      ...(state?.memoryUsedBytes === undefined
        ? [formatBytes(gpu.memoryBytes)]
        : [`${formatBytes(state.memoryUsedBytes)} of ${formatBytes(gpu.memoryBytes)} in use`]),
      ...precisions(state?.computeCapability),
      ...gpu.mig.map(({ profile, uuid }) => `${profile} ${uuid}`),
    ].join(', ');
    const fix = state === undefined ? undefined : obstacle(state, gpu.memoryBytes, gpu.mig.length);
    return { id: `gpu.${gpu.index}`, title: `GPU ${gpu.index}`, status: fix === undefined ? 'ok' : 'warn', value, fix };
  });
  const variable = env.CUDA_VISIBLE_DEVICES;
  if (variable === undefined) return findings;
  const value = `CUDA_VISIBLE_DEVICES=${variable}: --device auto and all take these only`;
  return [...findings, { id: 'gpu.visible', title: 'Visible GPUs', status: 'info', value }];
}

/** Tensor cores came with compute capability 7.0; those for TF32 and bfloat16 with 8.0. */
function precisions(capability: number | undefined): string[] {
  if (capability === undefined) return [];
  const text = `compute capability ${capability.toFixed(1)}`;
  if (capability >= 8) return [`${text} (--amp fp16 and bf16, TF32)`];
  return [capability >= 7 ? `${text} (--amp fp16)` : `${text} (half precision is no faster)`];
}

function obstacle(state: GpuState, memoryBytes: number, numParts: number): string | undefined {
  if (state.computeMode === 'Prohibited') return 'Its compute mode forbids any use: nvidia-smi -c DEFAULT (as root).';
  if (state.isMig && numParts === 0)
    return 'It is in MIG mode and not cut into parts: nvidia-smi mig -cgi … -C (as root).';
  const isFull = memoryBytes > 0 && (state.memoryUsedBytes ?? 0) > 0.5 * memoryBytes;
  if (isFull) return 'Another process holds most of its memory: see nvidia-smi, use a smaller batch or another GPU.';
  const isHeld = state.computeMode === 'Exclusive_Process' && (state.utilizationPercent ?? 0) > 0;
  return isHeld
    ? 'Another process has it for itself (compute mode Exclusive_Process): wait, or use another GPU.'
    : undefined;
}
