/** The algorithms of the all-reduce by name. */
import { DirectExchange } from './direct.js';
import type { CollectiveName, Exchange, ExchangeOptions } from './exchange.js';

type Open = (options: ExchangeOptions) => Exchange;

const direct: Open = (options) => new DirectExchange(options);

const EXCHANGES = { auto: direct, direct } satisfies Partial<Record<CollectiveName, Open>>;

/** Returns the state machine of an algorithm for one rank. */
export function openExchange(name: keyof typeof EXCHANGES, options: ExchangeOptions): Exchange {
  return EXCHANGES[name](options);
}
