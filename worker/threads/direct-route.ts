/**
 * Whether the all-reduce's segments go by direct sockets: all ranks must have them, or none uses them. Sockets are opened once segments
 * do go that way; where ranks share memory, or a rank cannot have any, there are none, nor ZeroMQ's threads for them.
 */
import { rm } from 'node:fs/promises';
import type { wire } from '../../proto/messages.js';
import { bindTarget } from '../../proto/transport/zmq.js';
import type { CommsOptions } from './comms-input.js';
import { DirectLane, type DirectLaneEvents } from './direct-lane.js';
import { listenRemotely, socketPath } from './payload-endpoints.js';

/** What a rank's hello says of its direct sockets; empty where it has none. */
export interface DirectOffer {
  readonly directLocal: string;
  readonly directRemote: string;
}

const NO_OFFER: DirectOffer = { directLocal: '', directRemote: '' };

/**
 * Returns where the other ranks' direct sockets are, by rank; undefined if a rank offers none. All ranks come to the same answer.
 * @param self one of the world's ranks
 */
export function agreeOnDirect(
  world: Pick<wire.control.World, 'worldSize' | 'peers'>,
  self: Pick<CommsOptions, 'rank' | 'hostId'>,
): ReadonlyMap<number, string> | undefined {
  const endpoints = new Map<number, string>();
  let numOffers = 0;
  for (const peer of world.peers) {
    if (!peer.directLocalEndpoint) return undefined;
    numOffers++;
    const rank = peer.rank ?? 0;
    const endpoint = peer.hostId === self.hostId ? peer.directLocalEndpoint : peer.directRemoteEndpoint;
    if (rank !== self.rank) endpoints.set(rank, endpoint ?? '');
  }
  return numOffers === world.worldSize && ![...endpoints.values()].includes('') ? endpoints : undefined;
}

export class DirectRoute {
  readonly #options: CommsOptions;
  readonly #path: string;
  readonly #lane: DirectLane | undefined;
  #endpoints: ReadonlyMap<number, string> | undefined;
  #generation = 0;
  #hasLocalPeers = false;
  #isConnected = false;

  constructor(options: CommsOptions, runTag: number, events: DirectLaneEvents) {
    this.#options = options;
    this.#path = socketPath(options, 'direct');
    this.#lane = DirectLane.open({ rank: options.rank, runTag }, events);
  }

  /** Returns what to tell the others. With other hosts it listens already, because they must know the port. @throws TransportError */
  async offer(): Promise<DirectOffer> {
    const lane = this.#lane;
    if (lane === undefined) return NO_OFFER;
    const { remote } = this.#options;
    const directRemote =
      remote === undefined
        ? ''
        : await listenRemotely(remote, async (endpoint) => lane.bind(await bindTarget(endpoint)));
    return { directLocal: `ipc://${this.#path}`, directRemote };
  }

  /** Takes in what the others offer. */
  agree(world: wire.control.World): void {
    const { rank, hostId } = this.#options;
    this.#generation = world.generation;
    this.#hasLocalPeers = world.peers.some((peer) => (peer.rank ?? 0) !== rank && peer.hostId === hostId);
    this.#endpoints = agreeOnDirect(world, this.#options);
    if (this.#endpoints === undefined) this.#abandon();
  }

  /** Of the bell that ends a wait for frames; undefined where nobody waits for them. */
  get wakeFd(): number | undefined {
    return this.#endpoints && this.#lane?.wakeFd;
  }

  /**
   * Returns the lane, connected; undefined if segments take the way of everything else. All ranks call it alike.
   * @param wanted false where rounds also wait for what comes by the event loop
   * @throws TransportError
   */
  open(wanted: boolean): DirectLane | undefined {
    if (this.#lane === undefined || this.#endpoints === undefined) return undefined;
    if (!wanted) {
      this.#abandon();
      return undefined;
    }
    if (!this.#isConnected) {
      if (this.#hasLocalPeers) this.#lane.bind(`ipc://${this.#path}`);
      this.#lane.connect(this.#endpoints, this.#generation);
      this.#isConnected = true;
    }
    return this.#lane;
  }

  /** Receives, in between this thread's other events, until a round is over. */
  receiveUntil(round: number): void {
    if (this.#isConnected) this.#lane?.receiveUntil(round);
  }

  /** Receives nothing any more. */
  stop(): void {
    this.#lane?.stop();
  }

  /** Closes the sockets; resolves when what was sent is delivered, or `lingerMs` have passed. */
  async close(lingerMs: number): Promise<void> {
    await this.#lane?.close(lingerMs);
    // ZeroMQ leaves the file of an ipc socket behind.
    await rm(this.#path, { force: true });
  }

  /** Nothing was sent, so closing waits for nobody; {@link close} waits for it. */
  #abandon(): void {
    void this.#lane?.close(0);
    this.#endpoints = undefined;
  }
}
