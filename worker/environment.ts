/** What the launcher tells a worker through its environment: torchrun's contract plus Lockstep's own variables. */
import { ConfigError } from '../proto/errors.js';

export interface WorkerEnvironment {
  readonly rank: number;
  readonly localRank: number;
  readonly worldSize: number;
  readonly localWorldSize: number;
  /** Index of the host (torchrun calls it GROUP_RANK). */
  readonly nodeRank: number;
  /** The coordinator's control endpoint, `tcp://host:port`. */
  readonly coordinator: string;
  readonly runId: string;
  readonly token: string;
  /** A folder with a short path for this host's sockets. */
  readonly runtimeDir: string;
  /** True when peers may be on other hosts, so payload sockets need TCP. */
  readonly remote: boolean;
  /** The address under which other hosts reach this one. */
  readonly advertise: string;
  readonly engine: 'tensorflow' | 'wasm';
  readonly threads: number;
  /** `cpu`, or 0: the only GPU that CUDA_VISIBLE_DEVICES leaves visible. */
  readonly device: 'cpu' | number;
  /** File descriptor of the pipe whose closing means that the launcher is gone; undefined when started by hand. */
  readonly lifelineFd: number | undefined;
  readonly logLevel: string;
  /** How payload goes to workers of the same host. */
  readonly payload: 'auto' | 'zmq' | 'shm';
}

/**
 * Reads the contract.
 * @throws ConfigError `CONFIG_WORKER_ENVIRONMENT` naming the variable that is missing or not a number
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  const fail = (name: string, value: string | undefined): never => {
    throw new ConfigError('CONFIG_WORKER_ENVIRONMENT', `worker: ${name}=${value ?? '(unset)'} is not usable`, {
      hint: 'workers are started by `launch`; start that instead, or set the variables that coordinator/README.md lists',
    });
  };
  const text = (name: string): string => env[name] || fail(name, env[name]);
  const integer = (name: string): number => {
    const value = Number(text(name));
    return Number.isInteger(value) && value >= 0 ? value : fail(name, env[name]);
  };
  const engine = text('LOCKSTEP_ENGINE');
  if (engine !== 'tensorflow' && engine !== 'wasm') fail('LOCKSTEP_ENGINE', engine);
  const hidden = ['', '-1', undefined].includes(env.CUDA_VISIBLE_DEVICES);
  return {
    rank: integer('RANK'),
    localRank: integer('LOCAL_RANK'),
    worldSize: integer('WORLD_SIZE'),
    localWorldSize: integer('LOCAL_WORLD_SIZE'),
    nodeRank: integer('GROUP_RANK'),
    coordinator: `tcp://${text('MASTER_ADDR')}:${integer('MASTER_PORT')}`,
    runId: text('RUN_ID'),
    token: text('LOCKSTEP_TOKEN'),
    runtimeDir: text('LOCKSTEP_RUNTIME_DIR'),
    remote: env.LOCKSTEP_REMOTE === '1',
    advertise: env.LOCKSTEP_ADVERTISE || '127.0.0.1',
    engine: engine as 'tensorflow' | 'wasm',
    threads: integer('LOCKSTEP_THREADS'),
    device: hidden ? 'cpu' : 0,
    lifelineFd: env.LOCKSTEP_LIFELINE_FD ? integer('LOCKSTEP_LIFELINE_FD') : undefined,
    logLevel: env.LOCKSTEP_LOG_LEVEL || 'info',
    payload: env.LOCKSTEP_PAYLOAD === 'zmq' || env.LOCKSTEP_PAYLOAD === 'shm' ? env.LOCKSTEP_PAYLOAD : 'auto',
  };
}
