/** What a launcher does on its own host. Unlike the run configuration, each host has its own. */
export interface LaunchSettings {
  readonly command: 'train' | 'val';
  /** Workers on this host. */
  readonly nproc: number;
  readonly nnodes: number;
  /** Index of this host; -1: any but the first, chosen by the coordinator. Host 0 coordinates. */
  readonly nodeRank: number;
  /** Where the coordinator listens for other hosts; undefined on a single host. */
  readonly rdzvEndpoint: { readonly host: string; readonly port: number } | undefined;
  /** Name of the run that all hosts agree on; empty on a single host. */
  readonly rdzvId: string;
  /** CUDA_VISIBLE_DEVICES of each local worker; `-1` hides all GPUs. */
  readonly devices: readonly string[];
  /** `gpu` when GPUs were named, `auto` when nothing was. */
  readonly deviceKind: 'auto' | 'cpu' | 'gpu';
  /** Most device memory of a worker in MiB; undefined: no limit. */
  readonly gpuMemoryMb: number | undefined;
  readonly engine: 'auto' | 'tensorflow' | 'wasm';
  readonly threadsPerWorker: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'pretty' | 'json';
  /** Absolute folder of the rank-N.log files; empty: `logs` in the run folder. */
  readonly logDir: string;
  readonly progress: 'auto' | 'bar' | 'plain' | 'off';
  readonly metricsPort: number;
  readonly metricsHost: string;
  /** How payload goes to workers of the same host. */
  readonly payload: 'auto' | 'zmq' | 'shm';
  readonly joinTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

/** What the compiler must know of the host. */
export interface HostFacts {
  readonly numCores: number;
  /** Indices of the GPUs that the NVIDIA driver offers, such as `['0', '1']`. */
  readonly gpus: readonly string[];
  /** UUIDs of GPUs and of their MIG parts. @defaultValue none known */
  readonly deviceIds?: readonly string[] | undefined;
  /** What `--device auto` and `all` take: GPUs that CUDA_VISIBLE_DEVICES leaves, MIG parts in place of GPUs in MIG mode. @defaultValue `gpus` */
  readonly offeredGpus?: readonly string[] | undefined;
}
