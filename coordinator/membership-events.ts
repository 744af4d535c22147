/** The events that membership takes in, the decisions that it makes, and what it knows of a worker. */
import type { wire } from '../proto/messages.js';
import type { RootCause } from './root-cause.js';

/** Plain forms of the messages that membership reads. */
export type NodeHello = wire.control.NodeHello.$Properties;
export type WorkerHello = wire.control.WorkerHello.$Properties;
export type NodeWorkerExit = wire.control.NodeWorkerExit.$Properties;
export type Failure = wire.control.Failure.$Properties;
export type Farewell = wire.control.Farewell.$Properties;
export type Peer = wire.control.Peer.$Properties;

export type MembershipEvent =
  | { readonly kind: 'nodeHello'; readonly from: string; readonly hello: NodeHello }
  | { readonly kind: 'workerHello'; readonly from: string; readonly hello: WorkerHello }
  | { readonly kind: 'heartbeat'; readonly rank: number; readonly step: number; readonly phase: string }
  | { readonly kind: 'workerExit'; readonly exit: NodeWorkerExit }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'farewell'; readonly farewell: Farewell }
  | { readonly kind: 'nodeFarewell'; readonly nodeRank: number }
  /** A host cannot do its part: no engine, no data, no processes. */
  | { readonly kind: 'nodeFailure'; readonly nodeRank: number; readonly failure: Failure }
  | { readonly kind: 'nodeLost'; readonly nodeRank: number; readonly silentMs: number }
  | { readonly kind: 'workerSilent'; readonly rank: number; readonly silentMs: number }
  /** The time that `settle` asked for is over. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'joinTimeout'; readonly afterMs: number }
  | { readonly kind: 'drain'; readonly reason: string; readonly exitCode: number }
  | { readonly kind: 'drainTimeout'; readonly afterMs: number }
  /** A host has not said in time that its workers are gone; the others must not wait for it. */
  | { readonly kind: 'abortTimeout' }
  | { readonly kind: 'stop'; readonly reason: string; readonly exitCode: number };

export type Decision = { readonly why: string } & (
  | { readonly kind: 'assign'; readonly to: string; readonly nodeRank: number; readonly firstRank: number }
  | { readonly kind: 'world'; readonly to: readonly string[]; readonly peers: readonly Peer[] }
  | { readonly kind: 'refuse'; readonly to: string; readonly code: string; readonly hint: string }
  | { readonly kind: 'drain'; readonly to: readonly string[]; readonly reason: string }
  | { readonly kind: 'abort'; readonly cause: RootCause }
  /** Wait this long for a better explanation, then send `settled`. */
  | { readonly kind: 'settle'; readonly afterMs: number }
  | { readonly kind: 'finish'; readonly outcome: Outcome }
);

export type Outcome =
  | { readonly kind: 'finished'; readonly farewells: readonly Farewell[] }
  | { readonly kind: 'failed'; readonly cause: RootCause }
  | { readonly kind: 'stopped'; readonly reason: string; readonly exitCode: number };

/** What is known of a worker. */
export interface WorkerState {
  readonly rank: number;
  from?: string;
  hello?: WorkerHello;
  step: number;
  phase: string;
  farewell?: Farewell;
  exit?: NodeWorkerExit;
}
