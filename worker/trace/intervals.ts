/** Arithmetic on intervals of time. Pure. */

/** From `beginMs` to `endMs` of one clock. */
export interface Interval {
  readonly beginMs: number;
  readonly endMs: number;
}

/** Returns the union of intervals as disjoint ones, ascending. */
export function union(intervals: readonly Interval[]): Interval[] {
  const merged: { beginMs: number; endMs: number }[] = [];
  for (const { beginMs, endMs } of [...intervals].sort((a, b) => a.beginMs - b.beginMs)) {
    const last = merged.at(-1);
    if (last !== undefined && beginMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else if (endMs > beginMs) merged.push({ beginMs, endMs });
  }
  return merged;
}

/** Returns the parts of disjoint ascending intervals that no interval of `taken` covers; both as {@link union} gives them. */
export function without(intervals: readonly Interval[], taken: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let next = 0;
  for (const { beginMs, endMs } of intervals) {
    let from = beginMs;
    while (next < taken.length && taken[next]!.endMs <= from) next++;
    for (let i = next; i < taken.length && taken[i]!.beginMs < endMs; i++) {
      if (taken[i]!.beginMs > from) rest.push({ beginMs: from, endMs: taken[i]!.beginMs });
      from = Math.max(from, taken[i]!.endMs);
    }
    if (from < endMs) rest.push({ beginMs: from, endMs });
  }
  return rest;
}

/** Returns the length of disjoint intervals in ms. */
export function lengthMs(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);
}
