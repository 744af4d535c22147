/** Tells whether two workers share a kernel and its sockets, which a host name does not: containers and namespaces may share one. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * An id that is equal for processes that can reach each other by ipc sockets: the boot and the mount namespace. `LOCKSTEP_HOST_ID` says
 * otherwise: workers with different ids exchange as over a network, also where they could do better.
 */
export function hostId(env: NodeJS.ProcessEnv = process.env): string {
  if (env.LOCKSTEP_HOST_ID) return env.LOCKSTEP_HOST_ID;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/mnt')}`;
  } catch {
    // Not on Linux: one kernel per host name is the best guess there.
    return hostname();
  }
}
