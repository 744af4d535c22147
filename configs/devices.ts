/** Which device each local worker gets: `--device` and `--nproc` against what the host has. */
import { ConfigError } from '../proto/errors.js';
import type { HostFacts } from './launch-settings.js';
import type { SettingValue } from './schema/setting.js';

/** `auto` (whatever is there), `cpu`, or names of GPUs: indices, UUIDs (`GPU-…`, also shortened) or MIG parts (`MIG-…`). */
export type DeviceChoice = 'auto' | 'cpu' | readonly string[];

const GPU_NAME = /^(?:\d+|GPU-[0-9a-fA-F-]+|MIG-[0-9a-zA-Z/-]+)$/;

/**
 * Reads `--device`.
 * @throws ConfigError `CONFIG_USAGE` for what is no device, `CONFIG_DEVICES` for GPUs that are listed twice or not there
 */
export function readDevices(text: string, host: HostFacts): DeviceChoice {
  const plain = text.trim();
  if (plain === '' || plain === 'auto') return 'auto';
  if (plain === 'cpu') return 'cpu';
  if (plain === 'all') return requireGpus(`--device ${text}`, host);
  const list = plain.split(',').map((part) => part.trim().replace(/^cuda:/, ''));
  if (!list.every((name) => GPU_NAME.test(name))) {
    throw new ConfigError('CONFIG_USAGE', `--device: '${text}' is not auto, all, cpu, or a list of GPUs`, {
      hint: 'for example --device 0,1 or --device cpu; GPUs also have UUIDs, see nvidia-smi -L',
    });
  }
  const twice = list.find((name, i) => list.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new ConfigError('CONFIG_DEVICES', `--device: GPU ${twice} is listed twice in '${text}'`, {
      hint: 'one worker runs on each device: list each GPU once',
    });
  }
  const missing = list.filter((name) => !isThere(name, host));
  if (missing.length > 0) {
    const there = host.gpus.length > 0 ? `this host has GPU ${host.gpus.join(', ')}` : 'this host has no NVIDIA driver';
    throw new ConfigError('CONFIG_DEVICES', `--device ${text}: GPU ${missing.join(', ')} is not there; ${there}`, {
      hint: host.gpus.length > 0 ? `use --device ${host.gpus.join(',')}` : 'use --device cpu, or see launch doctor',
      details: { missing, gpus: host.gpus },
    });
  }
  return list;
}

function isThere(name: string, { gpus, deviceIds = [] }: HostFacts): boolean {
  if (/^\d+$/.test(name)) return gpus.includes(name);
  // CUDA takes the beginning of a GPU's UUID where it is that of one GPU only; MIG parts are named in full.
  const matches = deviceIds.filter((id) => (name.startsWith('GPU-') ? id.startsWith(name) : id === name));
  return matches.length === 1;
}

/** The GPUs that may be taken without being named. */
function offered(host: HostFacts): readonly string[] {
  return host.offeredGpus ?? host.gpus;
}

function requireGpus(flag: string, host: HostFacts): readonly string[] {
  const list = offered(host);
  if (list.length > 0) return list;
  const hidden = host.gpus.length > 0;
  throw new ConfigError(
    'CONFIG_DEVICES',
    `${flag}: ${hidden ? 'CUDA_VISIBLE_DEVICES hides all GPUs of this host' : 'this host has no NVIDIA driver'}`,
    { hint: hidden ? `unset it, or name GPUs: --device ${host.gpus.join()}` : 'use --nproc 2 --device cpu' },
  );
}

/**
 * Reads `--nproc`.
 * @throws ConfigError `CONFIG_USAGE`, `CONFIG_DEVICES`
 */
export function readNproc(value: SettingValue | undefined, device: DeviceChoice, host: HostFacts): number {
  if (value === undefined) return Array.isArray(device) ? device.length : 1;
  const text = String(value).trim();
  if (text === 'cpu') return host.numCores;
  if (text === 'auto') {
    if (Array.isArray(device)) return device.length;
    return device === 'auto' && offered(host).length > 0 ? offered(host).length : host.numCores;
  }
  if (text === 'gpu') return requireGpus('--nproc gpu', host).length;
  const nproc = /^\d+$/.test(text) ? Number(text) : 0;
  if (nproc >= 1 && nproc <= 1024) return nproc;
  throw new ConfigError('CONFIG_USAGE', `--nproc: '${text}' is not a whole number from 1 to 1024, auto, gpu or cpu`, {
    hint: 'for example --nproc 2',
  });
}

/**
 * Returns CUDA_VISIBLE_DEVICES by local rank; `-1` hides all GPUs.
 * @throws ConfigError `CONFIG_DEVICES` unless each worker has a device of its own
 */
export function assignDevices(nproc: number, device: DeviceChoice, host: HostFacts): string[] {
  const list = device === 'auto' ? offered(host) : device;
  if (list === 'cpu' || (device === 'auto' && list.length === 0)) return Array.from({ length: nproc }, () => '-1');
  if (nproc > list.length && device === 'auto') {
    throw new ConfigError(
      'CONFIG_DEVICES',
      `--nproc ${nproc}: this host has ${list.length} GPU(s), and each runs one worker`,
      {
        hint: `use --nproc ${list.length}, or --device cpu`,
        details: { nproc, devices: list },
      },
    );
  }
  if (device !== 'auto' && list.length !== nproc) {
    const fix = list.length > nproc ? list.slice(0, nproc).join(',') : undefined;
    throw new ConfigError(
      'CONFIG_DEVICES',
      `--nproc ${nproc} and --device ${list.join(',')} do not fit: ${nproc} workers need ${nproc} devices, ${list.length} are listed`,
      {
        hint: `use --nproc ${list.length}${fix ? `, or --device ${fix}` : ''}`,
        details: { nproc, devices: list },
      },
    );
  }
  return list.slice(0, nproc);
}
