/** What the coordinator tells those who watch a run: progress, metrics, logs. */
import type { wire } from '../proto/messages.js';
import type { Outcome } from './membership-events.js';
import type { RootCause } from './root-cause.js';

export type RunEvent =
  | { readonly kind: 'membership'; readonly text: string; readonly level: 'info' | 'warn' }
  /** Something went wrong; the other ranks are being stopped. */
  | { readonly kind: 'aborting'; readonly cause: RootCause }
  | { readonly kind: 'workers'; readonly states: Readonly<Record<string, number>> }
  | { readonly kind: 'world'; readonly seconds: number; readonly engines: readonly string[] }
  | { readonly kind: 'started'; readonly report: wire.control.RunStarted.$Properties }
  | { readonly kind: 'phase'; readonly report: wire.control.PhaseReport.$Properties }
  | { readonly kind: 'heartbeat'; readonly report: wire.control.Heartbeat.$Properties }
  | { readonly kind: 'step'; readonly report: wire.control.StepReport.$Properties }
  | { readonly kind: 'epoch'; readonly report: wire.control.EpochReport.$Properties }
  | { readonly kind: 'ledger'; readonly report: wire.control.LedgerReport.$Properties }
  | { readonly kind: 'checkpoint'; readonly report: wire.control.CheckpointNotice.$Properties }
  | { readonly kind: 'metrics'; readonly report: wire.control.MetricsReport.$Properties }
  | { readonly kind: 'farewell'; readonly report: wire.control.Farewell.$Properties }
  | { readonly kind: 'over'; readonly outcome: Outcome };

/** Takes run events as they happen; must not throw. */
export type Observer = (event: RunEvent) => void;
