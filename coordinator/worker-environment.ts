/** The environment that a worker is started with: torchrun's variables and ours. README.md lists them. */
import type { LaunchSettings } from '../configs/launch-settings.js';
import type { RunConfig } from '../configs/run-config.js';
import { gpuEnvironment } from './gpu/environment.js';
import { LIFELINE_FD } from './supervisor.js';

/** The engine that a host has made ready. */
export interface PreparedEngine {
  /** Variables that its libraries need; empty for wasm. */
  readonly env: Readonly<Record<string, string>>;
  /** False when the GPUs must stay hidden, because only the CPU engine is there. */
  readonly usesGpus: boolean;
}

export interface WorkerPlace {
  readonly rank: number;
  readonly localRank: number;
  readonly nodeRank: number;
  readonly masterAddress: string;
  readonly masterPort: number;
  readonly token: string;
  readonly runtimeDir: string;
  /** Address under which other hosts reach this one. */
  readonly advertise: string;
  readonly engine: PreparedEngine;
}

/** Returns the whole environment of a worker process. */
export function workerEnvironment(
  base: NodeJS.ProcessEnv,
  config: RunConfig,
  launch: LaunchSettings,
  place: WorkerPlace,
): NodeJS.ProcessEnv {
  const threads = String(config.threadsPerWorker);
  return {
    ...base,
    RANK: String(place.rank),
    LOCAL_RANK: String(place.localRank),
    WORLD_SIZE: String(config.worldSize),
    LOCAL_WORLD_SIZE: String(launch.nproc),
    GROUP_RANK: String(place.nodeRank),
    MASTER_ADDR: place.masterAddress,
    MASTER_PORT: String(place.masterPort),
    RUN_ID: config.runId,
    RESTART_COUNT: '0',
    LOCKSTEP_TOKEN: place.token,
    LOCKSTEP_RUNTIME_DIR: place.runtimeDir,
    LOCKSTEP_REMOTE: launch.nnodes > 1 ? '1' : '0',
    LOCKSTEP_ADVERTISE: place.advertise,
    LOCKSTEP_ENGINE: config.engine,
    LOCKSTEP_THREADS: threads,
    LOCKSTEP_LIFELINE_FD: String(LIFELINE_FD),
    LOCKSTEP_LOG_LEVEL: launch.logLevel,
    LOCKSTEP_PAYLOAD: launch.payload,
    ...place.engine.env,
    // libuv's pool decodes images and writes files beside the engine's threads; it is sized once, at the first use.
    UV_THREADPOOL_SIZE: String(Math.max(4, config.loaderThreads + 2)),
    OMP_NUM_THREADS: threads,
    TF_NUM_INTRAOP_THREADS: threads,
    ...gpuEnvironment(base, {
      device: place.engine.usesGpus ? launch.devices[place.localRank] : undefined,
      tf32: config.tf32,
      memoryLimitMb: launch.gpuMemoryMb,
    }),
  };
}
