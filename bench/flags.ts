/** The flags of a benchmark. */
import { parseArgs } from 'node:util';
import { ConfigError } from '../proto/errors.js';

/** By name: a text's default, `undefined` for a text that has none, `false` for a switch. */
type Defaults = Readonly<Record<string, string | false | undefined>>;

type Values<D extends Defaults> = {
  readonly [Name in keyof D]: D[Name] extends false ? boolean : D[Name] extends string ? string : string | undefined;
};

/** Returns what was given, else the defaults. @throws ConfigError `CONFIG_USAGE` for a flag that is not among them, or lacks its value */
export function readFlags<const D extends Defaults>(args: readonly string[], defaults: D): Values<D> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      value === false
        ? { type: 'boolean' as const, default: false }
        : { type: 'string' as const, ...(value !== undefined && { default: value }) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options }).values as Values<D>;
  } catch (error) {
    throw new ConfigError('CONFIG_USAGE', error instanceof Error ? error.message : String(error), {
      hint: `flags: ${Object.entries(defaults)
        .map(([name, value]) => (value === false ? `--${name}` : `--${name} ${value ?? '…'}`))
        .join(' ')}`,
      cause: error,
    });
  }
}

/** Returns values as flags of a command line, in their order; those that are undefined are left out. */
export function writeFlags(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}
