/** Spans of one thread that overlap (things under way side by side) are dealt out to lanes in which they do not. Pure. */

/**
 * Returns the lane of each span, from 0: the lowest that is free when the span begins.
 * @param spans ascending by begin
 */
export function laneOf(spans: readonly { readonly beginMs: number; readonly endMs: number }[]): number[] {
  const freeAtMs: number[] = [];
  return spans.map(({ beginMs, endMs }) => {
    const free = freeAtMs.findIndex((ms) => ms <= beginMs);
    const lane = free < 0 ? freeAtMs.length : free;
    freeAtMs[lane] = endMs;
    return lane;
  });
}
