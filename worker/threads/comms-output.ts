/** What the comms thread tells the main thread. */
import type { SerializedError } from '../../proto/errors.js';
import type { ExchangeStats } from '../collective/exchange.js';
import type { ClockOffset } from '../trace/clock-offset.js';

/** The membership that this worker belongs to. */
export interface World {
  readonly generation: number;
  readonly rank: number;
  readonly worldSize: number;
  /** By rank: which host it runs on, numbered in order of first appearance. @defaultValue all on one */
  readonly hosts?: readonly number[] | undefined;
  /** The compiled run configuration. */
  readonly configJson: string;
  /** Set where the ranks of this host share memory; otherwise payload goes by sockets. */
  readonly sharedMemory?: SharedMemoryOffer | undefined;
  /** Set where the comms thread may wait for frames: writing to this descriptor makes it look after its messages. */
  readonly wakeFd?: number | undefined;
}

/** A segment that all ranks of a host have open. */
export interface SharedMemoryOffer {
  /** This process's descriptor of it. */
  readonly fd: number;
  /** Whether sockets will not do. */
  readonly required: boolean;
}

/** A round's exchange as the comms thread measured it, and frames dropped since the start. */
export interface RoundStats extends ExchangeStats {
  /** By reason: a code of proto/codec.ts, `generation`, `round`, `duplicate`, `overflow`. */
  readonly numDropped: Readonly<Record<string, number>>;
}

export type CommsOutput =
  | { readonly kind: 'joined'; readonly world: World }
  | { readonly kind: 'joinFailed'; readonly error: SerializedError }
  | { readonly kind: 'roundDone'; readonly stats: RoundStats }
  /** The bytes are transferred: they belong to the main thread. */
  | { readonly kind: 'gathered'; readonly id: number; readonly blobs: readonly Uint8Array[] | undefined }
  | { readonly kind: 'broadcasted'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'clockMeasured'; readonly id: number; readonly offset: ClockOffset }
  /** No collective call can succeed any more; reports still can. */
  | { readonly kind: 'collectiveFailed'; readonly error: SerializedError }
  /** The run is over for this worker: aborted, or its coordinator is lost. */
  /** Something unexpected happened in the thread; it closes its sockets and ends. */
  | { readonly kind: 'threadFailed'; readonly message: string }
  | { readonly kind: 'aborted'; readonly error: SerializedError }
  | { readonly kind: 'farewellSent' };
