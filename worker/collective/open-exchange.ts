/** The algorithms of the all-reduce by name. */
import { DirectExchange } from './direct.js';
import type { CollectiveName, Exchange, ExchangeOptions } from './exchange.js';
import { HierarchicalExchange } from './hierarchical.js';
import { RingExchange } from './ring.js';

type Open = (options: ExchangeOptions) => Exchange;

const direct: Open = (options) => new DirectExchange(options);

const EXCHANGES: Readonly<Record<CollectiveName, Open>> = {
  auto: direct,
  direct,
  ring: (options) => (options.plan.worldSize === 1 ? direct(options) : new RingExchange(options)),
  hierarchical: (options) => new HierarchicalExchange(options),
};

/** Returns the state machine of an algorithm for one rank. */
export function openExchange(name: CollectiveName, options: ExchangeOptions): Exchange {
  return EXCHANGES[name](options);
}
