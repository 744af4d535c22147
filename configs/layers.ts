/** Settings from several places, merged: flag > environment (LOCKSTEP_*) > --config file > preset > default. */
import { ConfigError } from '../proto/errors.js';
import type { Hyp } from './run-config.js';
import { HYP_KEYS, hypSchema } from './schema/hyp.js';
import { type CommandName, readSetting, type SettingValue } from './schema/setting.js';
import { findSetting, SETTINGS } from './schema/settings.js';
import { checkYaml, nearestWord, type YamlSource } from './schema/yaml.js';

interface Given {
  readonly value: SettingValue;
  /** Where it was given: `--epochs`, `LOCKSTEP_EPOCHS`, `run.yaml:3:9`. */
  readonly origin: string;
}

/** The settings that one place gives. */
export interface SettingLayer {
  readonly values: ReadonlyMap<string, Given>;
  /** Single hyperparameters (`hyp-overrides` of a file). */
  readonly hypOverrides: Partial<Hyp>;
}

/** Settings given as flags; values are text, or booleans for flags without a value. */
export function flagLayer(flags: ReadonlyMap<string, string | boolean>): SettingLayer {
  const values = new Map<string, Given>();
  for (const [name, raw] of flags) {
    const setting = findSetting(name);
    if (!setting) continue;
    values.set(setting.name, {
      value: readSetting(setting, raw, `--${name}`, 'CONFIG_USAGE'),
      origin: `--${name}`,
    });
  }
  return { values, hypOverrides: {} };
}

/** Settings given as environment variables `LOCKSTEP_<NAME>`; empty ones count as not given. */
export function environmentLayer(env: NodeJS.ProcessEnv): SettingLayer {
  const values = new Map<string, Given>();
  for (const setting of SETTINGS) {
    for (const name of [...(setting.aliases ?? []), setting.name]) {
      const variable = setting.variable ?? `LOCKSTEP_${name.replaceAll('-', '_').toUpperCase()}`;
      const raw = env[variable];
      if (raw)
        values.set(setting.name, { value: readSetting(setting, raw, variable, 'CONFIG_USAGE'), origin: variable });
    }
  }
  return { values, hypOverrides: {} };
}

/**
 * Settings of a `--config` file or preset.
 * @throws ConfigError `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID_VALUE`, with file:line:column
 */
export function fileLayer(source: YamlSource): SettingLayer {
  const values = new Map<string, Given>();
  let hypOverrides: Partial<Hyp> = {};
  const content = source.value ?? {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `${source.path}:1:1: expected a mapping of settings`, {
      hint: 'write one `name: value` per line, with the names of the flags',
    });
  }
  for (const [key, raw] of Object.entries(content)) {
    const origin = source.at([key]);
    if (key === 'hyp-overrides') {
      const nested: YamlSource = { path: source.path, value: raw, at: (keys) => source.at([key, ...keys]) };
      hypOverrides = checkYaml(nested, hypSchema, HYP_KEYS);
      continue;
    }
    const setting = findSetting(key);
    if (!setting) {
      const near = nearestWord(key, [...SETTINGS.map((entry) => entry.name), 'hyp-overrides']);
      throw new ConfigError('CONFIG_UNKNOWN_KEY', `${origin}: unknown key '${key}'`, {
        hint: near ? `did you mean '${near}'?` : 'keys are the names of the flags, see launch help',
        details: { key, nearest: near },
      });
    }
    values.set(setting.name, { value: readSetting(setting, raw, origin, 'CONFIG_INVALID_VALUE'), origin });
  }
  return { values, hypOverrides };
}

/** The merged settings of a command, each with its origin. */
export class Settings {
  readonly #layers: readonly SettingLayer[];

  /** @param layers from the strongest to the weakest */
  constructor(layers: readonly SettingLayer[]) {
    this.#layers = layers;
  }

  /** The layers from the weakest to the strongest. */
  get ascending(): readonly SettingLayer[] {
    return this.#layers.toReversed();
  }

  /** Where a setting was given; undefined when it has its default. */
  origin(name: string): string | undefined {
    return this.#find(name)?.origin;
  }

  /** The value, or the table's default, or undefined when neither is there. */
  get(name: string): SettingValue | undefined {
    return this.#find(name)?.value ?? SETTINGS.find((setting) => setting.name === name)?.default;
  }

  text(name: string): string {
    return String(this.get(name) ?? '');
  }

  number(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'number') return value;
    throw new ConfigError('CONFIG_INVALID_VALUE', `setting ${name} has no value`, { hint: `give --${name}` });
  }

  flag(name: string): boolean {
    return this.get(name) === true;
  }

  /** A choice, typed; the table has checked it. */
  choice<T extends string>(name: string): T {
    return this.text(name) as T;
  }

  /** Rows for `--print-config`: the command's settings that somebody gave, and where. */
  given(command: CommandName): readonly { name: string; value: SettingValue; origin: string }[] {
    return SETTINGS.filter((setting) => setting.commands.includes(command)).flatMap((setting) => {
      const found = this.#find(setting.name);
      return found ? [{ name: setting.name, ...found }] : [];
    });
  }

  #find(name: string): Given | undefined {
    for (const layer of this.#layers) {
      const given = layer.values.get(name);
      if (given) return given;
    }
    return undefined;
  }
}
