/** What the main thread tells the comms thread. */
import type { EnvelopeBody } from '../../proto/codec.js';
import type { wire } from '../../proto/messages.js';
import type { LogLevel } from '../../proto/telemetry/logger.js';
import type { ChosenCollective } from '../collective/choose.js';
import type { CompressionMemory } from '../collective/compression/memory.js';
import type { VectorLayout } from '../collective/plan.js';
import type { TraceTap } from '../trace/thread-trace.js';

/**
 * How payload travels within a host: `zmq` by sockets; `shm` by memory that its ranks share, and if that is not possible the run fails; `auto`
 * by shared memory where they can have it, by sockets otherwise. Between hosts it always goes by sockets.
 */
export type PayloadChoice = 'auto' | 'zmq' | 'shm';

/** How a worker reaches its coordinator and its peers. */
export interface CommsOptions {
  /** The coordinator, `tcp://host:port`. */
  readonly endpoint: string;
  readonly runId: string;
  /** The run's secret. */
  readonly token: string;
  readonly rank: number;
  /** As the launcher set it. With 1 no payload socket is opened. */
  readonly worldSize: number;
  readonly localRank: number;
  readonly nodeRank: number;
  /** The host's name, for people. */
  readonly host: string;
  /** Peers with the same id share a kernel and may use ipc sockets. */
  readonly hostId: string;
  /** A folder for sockets, private to the user, on a short path. Made if it is missing; removed by whoever chose it. */
  readonly runtimeDir: string;
  /**
   * Set when there are peers on other hosts: where payload is received by TCP. `bindHost` is an address or the name of an interface;
   * `advertiseHost` is how others reach it. @defaultValue for `advertiseHost`: the address that was bound
   */
  readonly remote?: { readonly bindHost: string; readonly advertiseHost?: string | undefined } | undefined;
  /** How payload goes to ranks of the same host. @defaultValue `auto` */
  readonly payload?: PayloadChoice | undefined;
  /** A file descriptor whose other end the launcher holds: when it closes, the process ends at once. */
  readonly lifelineFd?: number | undefined;
  /** @defaultValue 250 */
  readonly heartbeatMs?: number | undefined;
  /** A coordinator that says nothing for so long is lost; 0: never. @defaultValue 10 s with `remote`, else 0: on one host the lifeline tells */
  readonly coordinatorSilenceMs?: number | undefined;
  /** Whether an abort, a lost coordinator or a closed lifeline ends the process by SIGKILL. @defaultValue true */
  readonly killProcess?: boolean | undefined;
  readonly logLevel: LogLevel;
}

/** Where the comms thread is told everything it starts with. */
export interface CommsWorkerData {
  readonly options: CommsOptions;
  /** The shared {@link CommsControlBlock}. */
  readonly control: SharedArrayBuffer;
}

/** What is sent to the coordinator without an answer. */
export type ReportBody = Pick<
  EnvelopeBody,
  | 'stepReport'
  | 'epochReport'
  | 'ledgerReport'
  | 'checkpointNotice'
  | 'failure'
  | 'metricsReport'
  | 'phaseReport'
  | 'runStarted'
>;

/** What the comms thread needs to see the board as the main thread does. */
export interface BoardInput {
  /** Where the shared segment begins in the memory of the vectors. */
  readonly address: number;
  /** Memory for the thread's own sums. */
  readonly scratch: number;
  /** Chunks, or leaders' parts of buckets, that were summed before these rounds. */
  readonly base: number;
}

/** What the comms thread needs to compress. */
export interface CompressionInput {
  readonly memory: CompressionMemory;
  readonly seed: number;
  readonly stepsBefore: number;
}

export type EngineDescription = wire.control.EngineDescription.$Properties;
export type FarewellMessage = wire.control.Farewell.$Properties;

export type CommsInput =
  | { readonly kind: 'join'; readonly engine: EngineDescription }
  | { readonly kind: 'phaseName'; readonly index: number; readonly name: string }
  /** Both threads see the vectors from now on, which lie in `memory`; PROTOCOL.md says who may write when. */
  | {
      readonly kind: 'openAllReduce';
      readonly layout: VectorLayout;
      readonly memory: WebAssembly.Memory;
      readonly partials: readonly Float32Array[];
      readonly result: Float32Array;
      /** Memory for the comms thread's sums, where the ranks do not share theirs. */
      readonly scratch: number | undefined;
      /** Set where the ranks of this host share memory: all ranks, or with other hosts those of the hierarchy. */
      readonly board: BoardInput | undefined;
      readonly collective: ChosenCollective['name'];
      readonly compression: CompressionInput | undefined;
    }
  /** Other buckets from this round on. */
  | {
      readonly kind: 'relayout';
      readonly layout: VectorLayout;
      readonly round: number;
      readonly board: BoardInput | undefined;
      readonly compression: CompressionInput | undefined;
    }
  /** A bucket in shared memory is complete, and the main thread has other things to do. */
  | { readonly kind: 'sumBoard'; readonly round: number; readonly bucket: number }
  /** A bucket is complete on all ranks of this host, which share memory; this rank was the last. */
  | { readonly kind: 'hostReady'; readonly round: number; readonly bucket: number }
  | { readonly kind: 'bucketReady'; readonly round: number; readonly bucket: number }
  | { readonly kind: 'awaitRound'; readonly round: number; readonly timeoutMs: number }
  /** The bytes are transferred: they belong to the comms thread. */
  | { readonly kind: 'gather'; readonly id: number; readonly bytes: Uint8Array; readonly timeoutMs: number }
  | {
      readonly kind: 'broadcast';
      readonly id: number;
      readonly bytes: Uint8Array | undefined;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'report'; readonly body: ReportBody }
  | { readonly kind: 'trace'; readonly tap: TraceTap; readonly folder: string }
  | { readonly kind: 'traceThread'; readonly thread: string; readonly ring: SharedArrayBuffer }
  | { readonly kind: 'traceOver' }
  | { readonly kind: 'measureClock'; readonly id: number }
  | { readonly kind: 'farewell'; readonly message: FarewellMessage }
  | { readonly kind: 'close' };
