/** Which algorithm a world uses. */
import type { CollectiveChoice } from '../../configs/run-config.js';

/** An algorithm, and why it was taken, for the log. */
export interface ChosenCollective {
  readonly name: Exclude<CollectiveChoice, 'auto'>;
  readonly reason: string;
}

/**
 * Settles `auto`: the direct exchange, or the hierarchy where a host has several workers and there are other hosts; there, its workers sum
 * in the memory that they share, and numbers cross the network once per host. Both give the same bits for any number of workers; the ring
 * does not, and is used only when asked for.
 * @param hosts by rank: which host it runs on
 */
export function chooseCollective(choice: CollectiveChoice, hosts: readonly number[]): ChosenCollective {
  if (hosts.length === 1) return { name: 'direct', reason: 'one worker has nobody to exchange with' };
  if (choice !== 'auto') return { name: choice, reason: 'asked for' };
  const numHosts = new Set(hosts).size;
  if (numHosts === 1) return { name: 'direct', reason: 'all workers are on one host' };
  if (numHosts === hosts.length) return { name: 'direct', reason: 'each worker has a host of its own' };
  return {
    name: 'hierarchical',
    reason: `${hosts.length} workers on ${numHosts} hosts: numbers cross between hosts once per host`,
  };
}
