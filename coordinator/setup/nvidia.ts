/** What NVIDIA driver and GPUs a machine has, and which CUDA packages TensorFlow asks for. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** One GPU as the driver lists it. */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  /** 0 where the driver does not tell. */
  readonly memoryBytes: number;
  /** The parts that the GPU is cut into; empty unless it is in MIG mode. */
  readonly mig: readonly MigDevice[];
}

/** A part of a GPU with memory and processors of its own. */
export interface MigDevice {
  /** Such as `MIG-3f1c…`; what CUDA_VISIBLE_DEVICES wants. */
  readonly uuid: string;
  /** Such as `1g.10gb`. */
  readonly profile: string;
}

/** A driver that is loaded and reachable from this process. */
export interface NvidiaDriver {
  /** Such as `550.54.15`. */
  readonly version: string;
  /** Empty where nvidia-smi is missing. */
  readonly gpus: readonly Gpu[];
}

/** Oldest driver that runs CUDA 12 (its compatibility table for minor versions). */
const MIN_DRIVER = '525.60.13';

/** Compares dotted versions number by number: negative, 0 or positive. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a driver is new enough for the GPU engine. */
export function driverIsSupported(version: string): boolean {
  return compareVersions(version, MIN_DRIVER) >= 0;
}

/** The driver's version in the text of /proc/driver/nvidia/version. */
export function parseDriverVersion(text: string): string | undefined {
  return /Kernel Module(?:\s+for\s+\S+)?\s+(\d+(?:\.\d+)+)/.exec(text)?.[1];
}

const QUERY = ['--query-gpu=index,uuid,name,memory.total,driver_version', '--format=csv,noheader,nounits'];

/** The rows of `nvidia-smi --query-gpu=index,uuid,name,memory.total,driver_version`; fields may read `[N/A]`. */
export function parseGpuList(text: string): NvidiaDriver | undefined {
  const gpus: Gpu[] = [];
  let version: string | undefined;
  for (const line of text.split('\n')) {
    const [index, uuid, name, memoryMiB, driver] = line.split(',').map((field) => field.trim());
    if (index === undefined || !/^\d+$/.test(index) || uuid === undefined || name === undefined) continue;
    const mebibytes = Number(memoryMiB);
    const memoryBytes = Number.isFinite(mebibytes) ? mebibytes * 2 ** 20 : 0;
    gpus.push({ index: Number(index), uuid, name, memoryBytes, mig: [] });
    if (driver !== undefined && /^\d/.test(driver)) version = driver;
  }
  return version === undefined ? undefined : { version, gpus };
}

/** The parts of each GPU, by its UUID, in the text of `nvidia-smi -L`. */
export function parseMigDevices(text: string): Map<string, MigDevice[]> {
  const devices = new Map<string, MigDevice[]>();
  let parts: MigDevice[] = [];
  for (const line of text.split('\n')) {
    const gpu = /^GPU \d+:.*\(UUID: (GPU-[^)]+)\)/.exec(line)?.[1];
    const [, profile, uuid] = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/.exec(line) ?? [];
    if (gpu !== undefined) {
      parts = [];
      devices.set(gpu, parts);
    } else if (profile !== undefined && uuid !== undefined) parts.push({ uuid, profile });
  }
  return devices;
}

/**
 * The NVIDIA driver of this machine, or undefined. A container sees the host's /proc, so the device file must be there too.
 * @param options.root where /proc and /dev are looked for, for tests
 */
export async function detectNvidia(
  options: { env?: NodeJS.ProcessEnv | undefined; root?: string | undefined } = {},
): Promise<NvidiaDriver | undefined> {
  const { env = process.env, root = '/' } = options;
  const [smi, list] = await Promise.all([
    runCommand('nvidia-smi', QUERY, { env }),
    runCommand('nvidia-smi', ['-L'], { env }),
  ]);
  const listed = smi.code === 0 ? parseGpuList(smi.output) : undefined;
  if (listed !== undefined) {
    const mig = parseMigDevices(list.code === 0 ? list.output : '');
    return { ...listed, gpus: listed.gpus.map((gpu) => ({ ...gpu, mig: mig.get(gpu.uuid) ?? [] })) };
  }
  if (!existsSync(join(root, 'dev', 'nvidiactl'))) return undefined;
  try {
    const version = parseDriverVersion(readFileSync(join(root, 'proc', 'driver', 'nvidia', 'version'), 'utf8'));
    return version === undefined ? undefined : { version, gpus: [] };
  } catch {
    return undefined;
  }
}

/** A package that a wheel asks for, such as `nvidia-cudnn-cu12` with `<10.0,>=9.3.0.75`. */
export interface Requirement {
  readonly name: string;
  readonly specifiers: string;
}

/** The requirements that a wheel's METADATA lists under an extra. */
export function parseExtraRequirements(metadata: string, extra: string): Requirement[] {
  const requirements: Requirement[] = [];
  for (const line of metadata.split('\n')) {
    // The description, which may quote anything, follows the first empty line.
    if (line.trim() === '') break;
    const match = /^Requires-Dist:\s*([A-Za-z0-9._-]+)\s*\(?([^;)]*)\)?\s*;\s*(.*)$/.exec(line);
    if (match?.[1] === undefined) continue;
    if (!new RegExp(`extra\\s*==\\s*["']${extra}["']`).test(match[3] ?? '')) continue;
    requirements.push({ name: match[1], specifiers: (match[2] ?? '').trim() });
  }
  return requirements;
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
};

/** Whether a version lies in a list of specifiers (`<`, `<=`, `>`, `>=`, `==`, `!=`; joined by commas). Unknown operators do not match. */
export function satisfiesSpecifiers(version: string, specifiers: string): boolean {
  return specifiers
    .split(',')
    .filter((part) => part.trim() !== '')
    .every((part) => {
      const match = /^\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)*)\s*$/.exec(part);
      if (match?.[2] === undefined) return false;
      return COMPARISONS[match[1] ?? '']?.(compareVersions(version, match[2])) ?? false;
    });
}
