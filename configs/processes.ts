/** Checks of the settings that say which processes run where. Pure. */
import { ConfigError } from '../proto/errors.js';
import { assignDevices, readDevices, readNproc } from './devices.js';
import type { HostFacts, LaunchSettings } from './launch-settings.js';
import type { Settings } from './layers.js';

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
  const devices = assignDevices(nproc, device, host);
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
      gpuMemoryMb: settings.origin('gpu-memory') === undefined ? undefined : settings.number('gpu-memory'),
      engine: settings.choice('engine'),
      threadsPerWorker,
      logLevel: settings.choice('log-level'),
      logFormat: settings.choice('log-format'),
      logDir: settings.text('log-dir'),
      progress: settings.choice('progress'),
      metricsPort: settings.number('metrics-port'),
      metricsHost: settings.text('metrics-host'),
      payload: settings.choice('payload'),
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
