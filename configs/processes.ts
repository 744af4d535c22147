/** Checks of the settings that say which processes run where. Pure. */
import { ConfigError } from '../proto/errors.js';
import type { HostFacts, LaunchSettings } from './launch-settings.js';
import type { Settings } from './layers.js';
import type { SettingValue } from './schema/settings.js';

/**
 * Compiles this host's launch settings.
 * @throws ConfigError `CONFIG_USAGE`, `CONFIG_DEVICES`, `CONFIG_NOT_IN_VERSION`, `CONFIG_RENDEZVOUS`
 */
export function compileLaunch(
  command: LaunchSettings['command'],
  settings: Settings,
  host: HostFacts,
): { launch: LaunchSettings; warnings: string[] } {
  refuseLater(settings);
  const warnings: string[] = [];
  const device = readDevices(settings.text('device'), host);
  const nproc = readNproc(settings.get('nproc'), device, host);
  const devices = assignDevices(nproc, device, host, warnings);
  const nnodes = readNnodes(settings.text('nnodes'));
  const nodeRank = readNodeRank(settings.text('node-rank'), nnodes);
  const rdzvEndpoint = readEndpoint(settings.text('rdzv-endpoint'), nnodes);
  const threadsPerWorker = settings.number('threads-per-worker', Math.max(1, Math.floor(host.numCores / nproc)));
  if (threadsPerWorker * nproc > host.numCores) {
    warnings.push(`${nproc} workers × ${threadsPerWorker} threads share ${host.numCores} cores`);
  }
  return {
    warnings,
    launch: {
      command,
      nproc,
      nnodes,
      nodeRank,
      rdzvEndpoint,
      rdzvId: nnodes > 1 ? settings.text('rdzv-id') || 'default' : '',
      devices,
      deviceKind: device === 'auto' || device === 'cpu' ? device : 'gpu',
      engine: settings.choice('engine'),
      threadsPerWorker,
      logLevel: settings.choice('log-level'),
      logFormat: settings.choice('log-format'),
      logDir: settings.text('log-dir'),
      progress: settings.choice('progress'),
      metricsPort: settings.number('metrics-port'),
      metricsHost: settings.text('metrics-host'),
      joinTimeoutMs: settings.number('join-timeout') * 1000,
      drainTimeoutMs: settings.number('drain-timeout') * 1000,
      stallTimeoutMs: settings.number('stall-timeout') * 1000,
    },
  };
}

function refuseLater(settings: Settings): void {
  if (settings.number('max-restarts') !== 0) {
    throw new ConfigError(
      'CONFIG_NOT_IN_VERSION',
      `--max-restarts ${settings.number('max-restarts')} is not in this version: only 0 is`,
      {
        hint: 'leave it out, and continue a failed run with --resume',
      },
    );
  }
  if (settings.text('orphan') === 'wait') {
    throw new ConfigError(
      'CONFIG_NOT_IN_VERSION',
      '--orphan wait is not in this version: workers end with the launcher',
      {
        hint: 'leave it out, and continue with --resume',
      },
    );
  }
}

/** `auto`, `cpu`, or a list of GPU indices. */
type DeviceChoice = 'auto' | 'cpu' | readonly string[];

function readDevices(text: string, host: HostFacts): DeviceChoice {
  const plain = text.trim();
  if (plain === '' || plain === 'auto') return 'auto';
  if (plain === 'cpu') return 'cpu';
  const list = plain.split(',').map((part) => part.trim().replace(/^cuda:/, ''));
  if (!list.every((index) => /^\d+$/.test(index))) {
    throw new ConfigError('CONFIG_USAGE', `--device: '${text}' is not auto, cpu, or a list of GPU indices`, {
      hint: 'for example --device 0,1 or --device cpu',
    });
  }
  const twice = list.find((index, i) => list.indexOf(index) !== i);
  if (twice !== undefined) {
    throw new ConfigError('CONFIG_DEVICES', `--device: GPU ${twice} is listed twice in '${text}'`, {
      hint: 'one worker runs on each device: list each GPU once',
    });
  }
  const missing = list.filter((index) => !host.gpus.includes(index));
  if (missing.length > 0) {
    const there = host.gpus.length > 0 ? `this host has GPU ${host.gpus.join(', ')}` : 'this host has no NVIDIA driver';
    throw new ConfigError('CONFIG_DEVICES', `--device ${text}: GPU ${missing.join(', ')} is not there; ${there}`, {
      hint: host.gpus.length > 0 ? `use --device ${host.gpus.join(',')}` : 'use --device cpu, or see launch doctor',
      details: { missing, gpus: host.gpus },
    });
  }
  return list;
}

function readNproc(value: SettingValue | undefined, device: DeviceChoice, host: HostFacts): number {
  if (value === undefined) return Array.isArray(device) ? device.length : 1;
  const text = String(value).trim();
  if (text === 'cpu') return host.numCores;
  if (text === 'auto') return device !== 'cpu' && host.gpus.length > 0 ? host.gpus.length : host.numCores;
  if (text === 'gpu') {
    if (host.gpus.length > 0) return host.gpus.length;
    throw new ConfigError('CONFIG_DEVICES', '--nproc gpu: this host has no NVIDIA driver', {
      hint: 'use --nproc 2 --device cpu',
    });
  }
  const nproc = /^\d+$/.test(text) ? Number(text) : 0;
  if (nproc >= 1 && nproc <= 1024) return nproc;
  throw new ConfigError('CONFIG_USAGE', `--nproc: '${text}' is not a whole number from 1 to 1024, auto, gpu or cpu`, {
    hint: 'for example --nproc 2',
  });
}

function assignDevices(nproc: number, device: DeviceChoice, host: HostFacts, warnings: string[]): string[] {
  const workers = Array.from({ length: nproc }, (_, localRank) => localRank);
  if (device === 'cpu' || (device === 'auto' && host.gpus.length === 0)) return workers.map(() => '-1');
  const list: readonly string[] = device === 'auto' ? host.gpus : device;
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
  if (nproc > list.length) warnings.push(`${nproc} workers share ${list.length} GPU(s)`);
  return workers.map((localRank) => list[localRank % list.length] ?? '-1');
}

function readNnodes(text: string): number {
  if (/^\d+:\d+$/.test(text)) {
    const [least, most] = text.split(':').map(Number);
    if (least === most && least) return least;
    throw new ConfigError(
      'CONFIG_NOT_IN_VERSION',
      `--nnodes ${text}: a changing number of hosts is not in this version`,
      {
        hint: 'give one number',
      },
    );
  }
  const nnodes = /^\d+$/.test(text) ? Number(text) : 0;
  if (nnodes >= 1) return nnodes;
  throw new ConfigError('CONFIG_USAGE', `--nnodes: '${text}' is not a whole number of at least 1`, {
    hint: 'for example --nnodes 2',
  });
}

function readNodeRank(text: string, nnodes: number): number {
  if (text === 'auto' || text === '-1') return nnodes > 1 ? -1 : 0;
  const rank = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (rank < nnodes) return rank;
  throw new ConfigError('CONFIG_USAGE', `--node-rank: '${text}' is not from 0 to ${nnodes - 1}`, {
    hint:
      nnodes === 1
        ? 'give --nnodes too'
        : `${nnodes} hosts have the ranks 0 to ${nnodes - 1}; auto lets the coordinator choose`,
  });
}

function readEndpoint(text: string, nnodes: number): LaunchSettings['rdzvEndpoint'] {
  if (nnodes === 1 && text === '') return undefined;
  if (text === '') {
    throw new ConfigError('CONFIG_RENDEZVOUS', `--nnodes ${nnodes} needs --rdzv-endpoint HOST:PORT`, {
      hint: 'the address of host 0 that the others can reach, the same on every host',
    });
  }
  const match = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:]+\]|[^:/]+):(\d+)$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] && port >= 1 && port <= 65535) return { host: match[1], port };
  throw new ConfigError('CONFIG_USAGE', `--rdzv-endpoint: '${text}' is not HOST:PORT`, {
    hint: 'for example --rdzv-endpoint 10.0.0.1:29500',
  });
}
