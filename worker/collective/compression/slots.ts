/** How many memories of errors a rank needs. Pure. */
import type { ChosenCollective } from '../choose.js';
import { makeHierarchy } from '../hierarchy.js';
import type { Plan } from '../plan.js';

/** Returns how many of a rank's sums may cover one element, and are encoded each by itself. At least 1, for results. */
export function numSlots(
  algorithm: ChosenCollective['name'],
  plan: Plan,
  rank: number,
  hosts: readonly number[],
): number {
  if (algorithm === 'ring') return 1;
  if (algorithm === 'direct') return plan.partials.filter((partial) => partial.rank === rank).length;
  const { hostPartials } = makeHierarchy(plan, hosts);
  return Math.max(1, hostPartials.filter(({ host }) => host === hosts[rank]).length);
}
