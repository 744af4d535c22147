/** Notes messages between ranks. */
import type { ExchangeFields } from '../collective/exchange.js';
import { threadTrace } from './thread-trace.js';

type MessageFields = Pick<ExchangeFields, 'round' | 'bucket' | 'chunk' | 'segment' | 'phase' | 'virtualBegin'>;

/** Records a span `send` or `receive` that ends now. @param beganMs what `threadTrace.begin()` gave */
export function noteMessage(kind: 'send' | 'receive', beganMs: number, fields: MessageFields, peer: number): void {
  if (beganMs === 0) return;
  const { round, bucket, chunk, segment, phase, virtualBegin } = fields;
  const at = [round ?? 0, bucket ?? 0, chunk ?? 0, segment ?? 0] as const;
  threadTrace.end(kind, beganMs, ...at, phase ?? 0, peer, virtualBegin ?? 0);
}
