/** What a setting is, and how its value is read. */
import { ConfigError } from '../../proto/errors.js';

export type CommandName = 'train' | 'val';

/** What a setting's value is; `optionalText` may stand without a value (as `--resume`), which reads as ''. */
export type SettingKind = 'int' | 'number' | 'text' | 'optionalText' | 'flag' | 'choice';

export interface Setting {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly kind: SettingKind;
  readonly group: 'Model and data' | 'Training' | 'Validation' | 'Output' | 'Processes' | 'Logs and metrics';
  /** One line for the help. */
  readonly about: string;
  readonly commands: readonly CommandName[];
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Words that a number may be instead, such as `auto`. */
  readonly words?: readonly string[];
  /** Its environment variable, where `LOCKSTEP_<NAME>` means something else already. */
  readonly variable?: string;
  /** Value when nobody gave one; undefined: compiled from other settings. */
  readonly default?: string | number | boolean;
}

/** A value of a setting, of the type that its kind says. */
export type SettingValue = string | number | boolean;

/** Returns a maker of settings of one group, of these commands unless a setting says otherwise. */
export const groupOf =
  (group: Setting['group'], commands: readonly CommandName[]) =>
  (setting: Omit<Setting, 'group' | 'commands'> & Partial<Pick<Setting, 'commands'>>): Setting => ({
    commands,
    ...setting,
    group,
  });

/** What a setting accepts, for messages: "a whole number of at least 1". */
export function expectation(setting: Setting): string {
  const { words, ...plain } = setting;
  if (words !== undefined) return `${expectation(plain)}, or ${words.join(', ')}`;
  const { kind, min, max } = setting;
  if (kind === 'choice') return `one of ${(setting.choices ?? []).join(', ')}`;
  if (kind === 'flag') return 'true or false';
  if (kind === 'text' || kind === 'optionalText') return 'text';
  const noun = kind === 'int' ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  return min === undefined ? noun : `${noun} of at least ${min}`;
}

/**
 * Reads a raw value (text from a flag or the environment, anything from YAML) as the setting's type.
 * @param origin where it was given, such as `--nproc` or `run.yaml:3:9`
 * @param code `CONFIG_USAGE` (exit code 2) for flags, `CONFIG_INVALID_VALUE` for files
 * @throws ConfigError with that code
 */
export function readSetting(
  setting: Setting,
  raw: unknown,
  origin: string,
  code: 'CONFIG_USAGE' | 'CONFIG_INVALID_VALUE',
): SettingValue {
  const value = coerce(setting, raw);
  if (value !== undefined) return value;
  const shown = raw === '' ? 'an empty value' : `'${typeof raw === 'string' ? raw : JSON.stringify(raw)}'`;
  throw new ConfigError(code, `${origin}: ${shown} is not ${expectation(setting)}`, {
    hint: `${setting.name}: ${setting.about}`,
    details: { setting: setting.name },
  });
}

function coerce(setting: Setting, raw: unknown): SettingValue | undefined {
  switch (setting.kind) {
    case 'flag': {
      if (typeof raw === 'boolean') return raw;
      if (raw === 'true' || raw === '1') return true;
      return raw === 'false' || raw === '0' ? false : undefined;
    }
    case 'choice':
      return typeof raw === 'string' && setting.choices?.includes(raw) ? raw : undefined;
    case 'text':
    case 'optionalText':
      return typeof raw === 'string' || typeof raw === 'number' ? String(raw) : undefined;
    case 'int':
    case 'number': {
      if (typeof raw === 'string' && setting.words?.includes(raw)) return raw;
      const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      if (setting.kind === 'int' && !Number.isSafeInteger(value)) return undefined;
      if (setting.min !== undefined && value < setting.min) return undefined;
      return setting.max !== undefined && value > setting.max ? undefined : value;
    }
  }
}
