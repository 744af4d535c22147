/** The algorithms of the all-reduce by name. */
import { DirectExchange } from './direct.js';
import type { CollectiveName, Exchange, ExchangeOptions } from './exchange.js';
import { HierarchicalExchange } from './hierarchical.js';
import type { HostBoard } from './host-board.js';
import { RingExchange } from './ring.js';
import { SharedHostExchange } from './shared-host.js';

export interface OpenOptions extends ExchangeOptions {
  /** Where ranks of this host share memory for the hierarchy. */
  readonly hostBoard?: HostBoard | undefined;
}

type Open = (options: OpenOptions) => Exchange;

const direct: Open = (options) => new DirectExchange(options);

const EXCHANGES: Readonly<Record<CollectiveName, Open>> = {
  auto: direct,
  direct,
  ring: (options) => (options.plan.worldSize === 1 ? direct(options) : new RingExchange(options)),
  hierarchical: (options) =>
    options.hostBoard === undefined
      ? new HierarchicalExchange(options)
      : new SharedHostExchange(options, options.hostBoard),
};

/** Returns the state machine of an algorithm for one rank. */
export function openExchange(name: CollectiveName, options: OpenOptions): Exchange {
  return EXCHANGES[name](options);
}
