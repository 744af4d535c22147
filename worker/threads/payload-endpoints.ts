/** Where a worker receives payload: the endpoints that its hello tells. */
import { join } from 'node:path';
import { MembershipError, TransportError } from '../../proto/errors.js';
import type { wire } from '../../proto/messages.js';
import { parseEndpoint, tcpEndpoint } from '../../proto/transport/address.js';
import type { CommsOptions } from './comms-input.js';

export interface PayloadEndpoints {
  /** `ipc://…`, empty without peers. */
  readonly local: string;
  /** `tcp://…`, empty on one host. */
  readonly remote: string;
  /** The same for segments of the all-reduce; empty where there are no direct sockets. */
  readonly directLocal: string;
  readonly directRemote: string;
}

export const NO_ENDPOINTS: PayloadEndpoints = { local: '', remote: '', directLocal: '', directRemote: '' };

/** Listens on one endpoint and returns it with the port that was chosen. */
type Bind = (endpoint: string) => Promise<string>;

/**
 * Listens for peers of this host, and of others where there are any.
 * @param path of the socket's file, which is left behind
 * @throws TransportError
 */
export async function listen(
  path: string,
  remote: CommsOptions['remote'],
  bind: Bind,
): Promise<{ readonly local: string; readonly remote: string }> {
  const local = await bind(`ipc://${path}`);
  return { local, remote: remote === undefined ? '' : await listenRemotely(remote, bind) };
}

/** Returns the file of a rank's ipc socket. */
export function socketPath({ runtimeDir, rank }: CommsOptions, kind: 'payload' | 'direct'): string {
  return join(runtimeDir, `${kind}-${rank}.sock`);
}

/**
 * Returns where a rank reaches the others, by rank: by ipc on its own host.
 * @throws MembershipError MEMBERSHIP_NO_ADDRESS
 */
export function peerEndpoints(
  { peers }: Pick<wire.control.World, 'peers'>,
  { rank, hostId }: Pick<CommsOptions, 'rank' | 'hostId'>,
): ReadonlyMap<number, string> {
  const endpoints = new Map<number, string>();
  for (const peer of peers) {
    const peerRank = peer.rank ?? 0;
    if (peerRank === rank) continue;
    const endpoint = peer.hostId === hostId && peer.localEndpoint ? peer.localEndpoint : peer.remoteEndpoint;
    if (!endpoint) {
      throw new MembershipError(
        'MEMBERSHIP_NO_ADDRESS',
        `rank ${peerRank} gave no address that rank ${rank} can reach`,
        {
          hint: 'Start all nodes with the same --nnodes, so that they open sockets for each other.',
          details: { peer: peerRank, rank },
        },
      );
    }
    endpoints.set(peerRank, endpoint);
  }
  return endpoints;
}

/** Listens for peers of other hosts, on any port, and returns where they reach it. @throws TransportError */
export async function listenRemotely(
  { bindHost, advertiseHost }: NonNullable<CommsOptions['remote']>,
  bind: Bind,
): Promise<string> {
  const bound = parseEndpoint(await bind(tcpEndpoint(bindHost, 0)));
  if (bound.kind !== 'tcp') throw new TransportError('TRANSPORT_BAD_ADDRESS', `"${bindHost}" is no TCP address`);
  const host = advertiseHost ?? bound.host;
  if (host === '0.0.0.0' || host === '::' || host === '*') {
    throw new TransportError('TRANSPORT_BAD_ADDRESS', `peers cannot connect to ${host}`, {
      hint: 'Give the address under which the other hosts reach this one.',
      details: { host },
    });
  }
  return tcpEndpoint(host, bound.port);
}
