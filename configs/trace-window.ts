/** Which steps of a run are traced: the value of `--trace`. */
import { ConfigError } from '../proto/errors.js';

/** Steps whose trace is written; they count from 1 over the whole run, as the logs count them. */
export interface TraceSetting {
  /** Undefined: as soon as the run has warmed up. */
  readonly first?: number | undefined;
  readonly numSteps: number;
}

/** What `--trace` without a value traces. */
const DEFAULT_STEPS = 10;

/**
 * Reads `''` (ten steps), `20` (so many steps) or `100:120` (from the first to the last of these).
 * @throws ConfigError CONFIG_USAGE
 */
export function readTraceSetting(text: string): TraceSetting {
  if (text === '' || text === 'true') return { numSteps: DEFAULT_STEPS };
  const match = text.match(/^(?:(\d+):)?(\d+)$/);
  const first = match?.[1] === undefined ? undefined : Number(match[1]);
  const last = Number(match?.[2] ?? 0);
  if (match === null || last < 1 || first === 0 || (first !== undefined && last < first)) {
    throw new ConfigError('CONFIG_USAGE', `--trace ${text} is neither a number of steps nor FIRST:LAST`, {
      hint: 'for example --trace 10, or --trace 100:120 for the steps from 100 to 120; steps count from 1',
      details: { value: text },
    });
  }
  return first === undefined ? { numSteps: last } : { first, numSteps: last - first + 1 };
}
