/** Which receive belongs to which send. Pure. */
import type { PlacedSpan, Span } from './chrome-trace.js';

/** A message's two ends. */
export interface MessageLink {
  readonly from: PlacedSpan;
  readonly to: PlacedSpan;
}

/** Returns the pairs of spans `send` and `receive` of one message, by the receive's begin. Messages of which one end was lost are left out. */
export function linkMessages(placed: readonly PlacedSpan[]): MessageLink[] {
  const sent = new Map<string, PlacedSpan>();
  for (const from of placed) if (from.span.name === 'send') sent.set(key(from.span, from.pid, peerOf(from.span)), from);
  const links: MessageLink[] = [];
  for (const to of placed) {
    if (to.span.name !== 'receive') continue;
    const from = sent.get(key(to.span, peerOf(to.span), to.pid));
    if (from !== undefined) links.push({ from, to });
  }
  return links.sort((a, b) => a.to.span.beginMs - b.to.span.beginMs);
}

/** Args are round, bucket, chunk, segment, phase, peer, virtualBegin. */
const PEER = 5;

function peerOf({ args }: Span): number {
  return args[PEER] ?? 0;
}

function key({ args }: Span, sender: number, receiver: number): string {
  return `${args.toSpliced(PEER, 1).join(' ')} ${sender} ${receiver}`;
}
