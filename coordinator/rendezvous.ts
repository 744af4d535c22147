/** Addresses and secrets of a run: where the coordinator listens, how others reach this host, what proves membership. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { LaunchSettings } from '../configs/launch-settings.js';
import { MembershipError } from '../proto/errors.js';
import { tcpEndpoint } from '../proto/transport/address.js';

/**
 * The secret of a run. A single host makes it up; several hosts share `LOCKSTEP_TOKEN`, or derive one from the
 * rendezvous id, which keeps runs apart but strangers out only as far as the id is secret.
 */
export function runToken(launch: LaunchSettings, env: NodeJS.ProcessEnv = process.env): string {
  if (launch.nnodes === 1) return randomBytes(24).toString('hex');
  return env.LOCKSTEP_TOKEN || createHash('sha256').update(`lockstep rendezvous ${launch.rdzvId}`).digest('hex');
}

/**
 * Where the coordinator listens: a free loopback port on a single host, the rendezvous port on all of this host's
 * addresses, or on the given one where it is an address of this host.
 */
export async function bindEndpoint(launch: LaunchSettings): Promise<string> {
  if (!launch.rdzvEndpoint) return tcpEndpoint('127.0.0.1', 0);
  const { host, port } = launch.rdzvEndpoint;
  const address = await resolveHost(host);
  return tcpEndpoint(localAddresses().includes(address) ? address : '0.0.0.0', port);
}

/**
 * The address under which other hosts reach this one: the one that the route to the coordinator starts from.
 * @throws MembershipError `MEMBERSHIP_NO_ROUTE`
 */
export async function advertisedAddress(launch: LaunchSettings): Promise<string> {
  if (!launch.rdzvEndpoint) return '127.0.0.1';
  const { host, port } = launch.rdzvEndpoint;
  const target = await resolveHost(host);
  if (localAddresses().includes(target)) return target;
  const socket = createSocket(target.includes(':') ? 'udp6' : 'udp4');
  try {
    // Connecting a datagram socket sends nothing; it only picks the route.
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, target, resolve);
    });
    return socket.address().address;
  } catch (cause) {
    throw new MembershipError('MEMBERSHIP_NO_ROUTE', `there is no route to ${host}:${port}`, {
      hint: 'check --rdzv-endpoint and the network of this host',
      cause,
    });
  } finally {
    socket.close();
  }
}

async function resolveHost(host: string): Promise<string> {
  const plain = host.replace(/^\[|\]$/g, '');
  try {
    return (await lookup(plain)).address;
  } catch (cause) {
    throw new MembershipError('MEMBERSHIP_UNKNOWN_HOST', `--rdzv-endpoint: the host '${plain}' cannot be resolved`, {
      hint: 'use an address, or a name that every host can resolve',
      cause,
    });
  }
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
}
