/**
 * What the algorithms of the all-reduce have in common. An exchange is a state machine over an abstract transport: it is told which
 * buckets are ready and which frames have come, and says what to send; it owns no socket and no thread.
 */
import type { DataHeader, DataHeaderFields } from '../../proto/codec.js';
import type { ProtocolError } from '../../proto/errors.js';
import type { FrameMemory } from './frame-memory.js';
import type { CompressionFigures, GradientCodec } from './gradient-codec.js';
import type { Plan } from './plan.js';
import type { VectorHeap } from './reducer.js';

/** The algorithms by name. `auto` is `direct`: the only one whose sums do not depend on the number of workers. */
export type CollectiveName = 'auto' | 'direct' | 'ring' | 'hierarchical';

/** The header fields that the exchange chooses; whoever sends adds generation, sender and run tag. */
export type ExchangeFields = Omit<DataHeaderFields, 'generation' | 'sender' | 'runTag'>;

export interface ExchangeOptions {
  readonly rank: number;
  readonly plan: Plan;
  /** By rank: which host it runs on, numbered in order of first appearance. @defaultValue all on host 0 */
  readonly hosts?: readonly number[] | undefined;
  /** This rank's partial sums, whole vectors, in the order of the plan. Written by others, read from `bucketReady` to the round's end. */
  readonly partials: readonly Float32Array[];
  /** The sum over all virtual ranks. Written here, and read by `send` until all peers have begun the next round. */
  readonly result: Float32Array;
  /** The heap that `partials` and `result` lie on, where sums can be made in place. */
  readonly place?: VectorHeap | undefined;
  /** Memory for frames on the same heap, where the transport receives into memory of the exchange. */
  readonly frames?: FrameMemory | undefined;
  /** How segments travel; without one as float32. */
  readonly codec?: GradientCodec | undefined;
  /**
   * Queues a frame for a peer, in order. The payload is a view that stays as it is until the round ends. One on `partials` or `result` goes
   * to a peer on the same host without being moved, where the shared-memory lane is open.
   */
  readonly send: (peer: number, fields: ExchangeFields, payload: Uint8Array) => void;
  /** Called for a frame whose checksum was compared late and is wrong: it was not taken, and has to come again. Without it the exchange fails. */
  readonly onDamaged?: ((header: DataHeader, error: ProtocolError) => void) | undefined;
  readonly onRoundDone: (stats: ExchangeStats) => void;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** The first round's number. @defaultValue 1 */
  readonly firstRound?: number | undefined;
}

export interface ExchangeStats {
  readonly round: number;
  /** Payload only. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of both together, what went through memory that ranks of a host share. @defaultValue 0 */
  readonly bytesShared?: number | undefined;
  /** From the first bucket that was ready here to the last one reduced. */
  readonly exchangeMs: number;
  /** By bucket, on the clock of `now`: when this rank announced it, and when it was summed. */
  readonly bucketReadyMs: readonly number[];
  readonly bucketDoneMs: readonly number[];
  /** What compression left out here in this round; undefined without it. */
  readonly compression?: CompressionFigures | undefined;
}

/** Why a frame was dropped. `round`: too old or too far ahead. `duplicate`: seen before. `overflow`: more early frames than peers can send. */
export type DropReason = 'round' | 'duplicate' | 'overflow';

/** What keeps a round from completing, for a person to read. */
export interface WaitState {
  readonly round: number;
  /** Ranks that something is missing from; this rank itself when a local bucket is not ready. */
  readonly ranks: readonly number[];
  /** The first bucket that is not reduced. */
  readonly bucket: number;
  readonly phase: 'local' | 'partial' | 'result';
}

/** Where a frame is to be received. */
export interface FramePlace {
  /** As long as the header says. Hand this very view to `receive`. */
  readonly memory: Uint8Array;
  /** Whether `receive` sees to it that the lane checksum is compared. */
  readonly isCheckedLater: boolean;
}

/** One algorithm at work on one rank, round after round. */
export interface Exchange {
  /** The round that is under way or comes next, from 1. */
  readonly round: number;
  /** Frames dropped so far by reason. */
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** Says that the local partial sums of a bucket are complete for this round. @throws CollectiveError COLLECTIVE_BAD_ROUND */
  bucketReady(round: number, bucket: number): void;
  /**
   * Takes one verified frame of this run and generation. Frames that come too early are kept, those that come too late or twice are
   * dropped and counted.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD for a frame that contradicts the plan: the ranks disagree about the layout
   */
  receive(header: DataHeader, payload: Uint8Array): void;
  /** Returns where the frame behind a header is best received; without an answer, in memory that is the frame's own. */
  place?(header: DataHeader): FramePlace | undefined;
  /** Takes a place back whose frame was dropped. */
  release?(memory: Uint8Array): void;
  /** Returns what is missing for a round. @param round @defaultValue the round under way */
  waitState(round?: number): WaitState;
}
