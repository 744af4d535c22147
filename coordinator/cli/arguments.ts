/**
 * Reads the command line: the command, then flags by name, alias or unambiguous prefix. yargs types and lists them;
 * what it would let pass (typing errors, repetitions, missing values) is found here first.
 */
import yargs from 'yargs';
import type { CommandName, Setting } from '../../configs/schema/setting.js';
import { findSetting, LATER_FLAGS, SETTINGS } from '../../configs/schema/settings.js';
import { nearestWord } from '../../configs/schema/yaml.js';
import { ConfigError } from '../../proto/errors.js';

export type Command = CommandName | 'doctor' | 'help' | 'version';

/** A command line that has been read. */
export interface Arguments {
  readonly command: Command;
  /** Settings by canonical name; text, or true or false for flags. */
  readonly flags: ReadonlyMap<string, string | boolean>;
  readonly configFile?: string | undefined;
  readonly preset?: string | undefined;
  readonly printConfig: boolean;
  readonly json: boolean;
  /** Ask for help on the command. */
  readonly help: boolean;
}

const COMMANDS: readonly Command[] = ['train', 'val', 'doctor', 'help', 'version'];
const LATER_COMMANDS = ['detect', 'export', 'bench'];

/** A flag of the command line itself; unlike a setting it has no variable and no key in files. */
interface OwnFlag {
  readonly name: string;
  readonly takesValue: boolean;
  readonly about: string;
  readonly commands: readonly Command[];
}

const RUNS: readonly Command[] = ['train', 'val'];
const OWN_FLAGS: readonly OwnFlag[] = [
  { name: 'config', takesValue: true, about: 'YAML file of settings, by the names of the flags', commands: RUNS },
  { name: 'preset', takesValue: true, about: 'settings of configs/presets, weaker than all others', commands: RUNS },
  { name: 'print-config', takesValue: false, about: 'print the compiled configuration and stop', commands: RUNS },
  { name: 'json', takesValue: false, about: 'print JSON', commands: ['doctor', 'version'] },
  { name: 'help', takesValue: false, about: 'show this help', commands: COMMANDS },
  { name: 'version', takesValue: false, about: 'show the version', commands: COMMANDS },
];

/**
 * Reads the arguments after the program's name.
 * @throws ConfigError `CONFIG_USAGE`, `CONFIG_UNKNOWN_FLAG`, `CONFIG_NOT_IN_VERSION`
 */
export function readArguments(argv: readonly string[]): Arguments {
  const [first, ...rest] = argv;
  const hasCommand = first !== undefined && !first.startsWith('-');
  const command = hasCommand ? readCommand(first) : 'train';
  const tokens = normalize(command, hasCommand ? rest : argv);
  const parsed = parser(command).parseSync([...tokens]) as Readonly<Record<string, unknown>>;
  const flags = new Map<string, string | boolean>();
  for (const setting of settingsOf(command)) {
    const value = parsed[setting.name];
    if (typeof value === 'string' || typeof value === 'boolean') flags.set(setting.name, value);
  }
  const text = (name: string): string | undefined => (typeof parsed[name] === 'string' ? parsed[name] : undefined);
  return {
    command: parsed.version === true ? 'version' : command,
    flags,
    configFile: text('config'),
    preset: text('preset'),
    printConfig: parsed['print-config'] === true,
    json: parsed.json === true,
    help: parsed.help === true,
  };
}

/** The help of a command, with every flag in its group. */
export async function helpText(command: Command): Promise<string> {
  return parser(command === 'help' ? 'train' : command).getHelp();
}

function readCommand(word: string): Command {
  const command = COMMANDS.find((known) => known === word);
  if (command) return command;
  if (LATER_COMMANDS.includes(word)) {
    throw new ConfigError('CONFIG_NOT_IN_VERSION', `the command '${word}' is not in this version`, {
      hint: `commands: ${COMMANDS.join(', ')}`,
    });
  }
  // `dataset` has actions and flags of its own (`dataset.ts`).
  const near = nearestWord(word, [...COMMANDS, 'dataset']);
  throw new ConfigError('CONFIG_USAGE', `unknown command '${word}'`, {
    hint: near ? `did you mean '${near}'?` : `commands: ${COMMANDS.join(', ')}`,
  });
}

function settingsOf(command: Command): readonly Setting[] {
  return SETTINGS.filter((setting) => setting.commands.some((name) => name === command));
}

interface FlagMatch {
  readonly name: string;
  readonly value: 'none' | 'optional' | 'needed';
}

/** Rewrites flags as `--name=value` under their canonical names, and complains about what is not clear. */
function normalize(command: Command, argv: readonly string[]): readonly string[] {
  const tokens: string[] = [];
  const seen = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i] ?? '';
    if (token === '-h') {
      tokens.push('--help');
      continue;
    }
    if (!token.startsWith('-') || token === '-') {
      throw new ConfigError('CONFIG_USAGE', `unexpected argument '${token}'`, {
        hint: i > 0 ? `values stand right after their flag: --flag ${token}` : 'flags begin with --',
      });
    }
    const equals = token.indexOf('=');
    const typed = equals < 0 ? token : token.slice(0, equals);
    const flag = matchFlag(command, typed);
    const before = seen.get(flag.name);
    if (before !== undefined) {
      const both = before === typed ? typed : `${before} and ${typed}`;
      throw new ConfigError(
        'CONFIG_USAGE',
        `${both} ${before === typed ? 'is' : 'are the same flag and'} given twice`,
        {
          hint: 'give it once; lists go in one value, as in --device 0,1',
        },
      );
    }
    seen.set(flag.name, typed);
    let value = equals < 0 ? undefined : token.slice(equals + 1);
    const next = argv[i + 1];
    if (value === undefined && flag.value !== 'none' && next !== undefined && isValue(next)) {
      value = next;
      i++;
    }
    if (value === undefined && flag.value === 'needed') {
      throw new ConfigError('CONFIG_USAGE', `${typed} needs a value`, {
        hint: `${flag.name}: ${describe(flag.name)}`,
      });
    }
    tokens.push(
      value === undefined ? `--${flag.name}${flag.value === 'optional' ? '=' : ''}` : `--${flag.name}=${value}`,
    );
  }
  return tokens;
}

/** A token that can be a value: anything but a flag; negative numbers are values. */
function isValue(token: string): boolean {
  return !token.startsWith('-') || token === '-' || /^-\d/.test(token);
}

function matchFlag(command: Command, typed: string): FlagMatch {
  const word = typed.replace(/^--?/, '').replaceAll('_', '-');
  const settings = settingsOf(command);
  const own = OWN_FLAGS.filter((flag) => flag.commands.includes(command));
  const names = new Map<string, string>();
  for (const setting of settings)
    for (const name of [setting.name, ...(setting.aliases ?? [])]) names.set(name, setting.name);
  for (const flag of own) names.set(flag.name, flag.name);
  const exact = typed.startsWith('--') ? names.get(word) : undefined;
  if (exact) return asMatch(exact);
  if (typed.startsWith('--') && LATER_FLAGS[word] !== undefined) throw notInVersion(word);
  const begins =
    typed.startsWith('--') && word !== ''
      ? [...names, ...Object.keys(LATER_FLAGS).map((name) => [name, name] as const)].filter(([name]) =>
          name.startsWith(word),
        )
      : [];
  const targets = [...new Set(begins.map(([, name]) => name))];
  if (targets.length === 1 && targets[0] !== undefined) {
    if (LATER_FLAGS[targets[0]] !== undefined) throw notInVersion(targets[0]);
    return asMatch(targets[0]);
  }
  if (targets.length > 1) {
    throw new ConfigError('CONFIG_UNKNOWN_FLAG', `${typed} is short for several flags`, {
      hint: `write one of ${targets.map((name) => `--${name}`).join(', ')}`,
    });
  }
  const elsewhere = findSetting(word);
  if (elsewhere) {
    throw new ConfigError('CONFIG_UNKNOWN_FLAG', `${command} has no flag ${typed}`, {
      hint: `--${elsewhere.name} belongs to ${elsewhere.commands.join(' and ')}`,
    });
  }
  const near = nearestWord(word, names.keys());
  throw new ConfigError('CONFIG_UNKNOWN_FLAG', `unknown flag ${typed}`, {
    hint: near ? `did you mean --${near}?` : `see launch ${command === 'train' ? '' : `${command} `}--help`,
    details: { flag: typed, nearest: near },
  });
}

function asMatch(name: string): FlagMatch {
  const own = OWN_FLAGS.find((flag) => flag.name === name);
  if (own) return { name, value: own.takesValue ? 'needed' : 'none' };
  const kind = findSetting(name)?.kind;
  return { name, value: kind === 'flag' ? 'none' : kind === 'optionalText' ? 'optional' : 'needed' };
}

function notInVersion(name: string): ConfigError {
  return new ConfigError('CONFIG_NOT_IN_VERSION', `--${name} (${LATER_FLAGS[name]}) is not in this version`, {
    hint: 'leave it out',
  });
}

function describe(name: string): string {
  return findSetting(name)?.about ?? OWN_FLAGS.find((flag) => flag.name === name)?.about ?? name;
}

function parser(command: Command) {
  const usage = command === 'train' ? 'launch [train] [flags]' : `launch ${command} [flags]`;
  let y = yargs([])
    .scriptName('launch')
    .usage(
      `${usage}\n\nCommands: train (default), val, dataset, doctor, help, version\nEvery flag is also a variable, LOCKSTEP_<NAME>, and a key of --config files.`,
    )
    .help(false)
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .parserConfiguration({
      'camel-case-expansion': false,
      'duplicate-arguments-array': false,
      'boolean-negation': false,
    })
    .wrap(110)
    .fail((message: string, error: Error | undefined) => {
      throw error ?? new ConfigError('CONFIG_USAGE', message, { hint: 'see launch --help' });
    });
  for (const setting of settingsOf(command)) {
    y = y.option(setting.name, {
      alias: [...(setting.aliases ?? [])],
      // Numbers stay text here: yargs would make NaN of a typing error without a word.
      type: setting.kind === 'flag' ? 'boolean' : 'string',
      group: `${setting.group}:`,
      describe: `${setting.about}${describeDefault(setting)}`,
    });
  }
  for (const flag of OWN_FLAGS.filter((entry) => entry.commands.includes(command))) {
    y = y.option(flag.name, { type: flag.takesValue ? 'string' : 'boolean', group: 'General:', describe: flag.about });
  }
  return y;
}

function describeDefault(setting: Setting): string {
  const choices = setting.choices ? ` (${setting.choices.join('|')})` : '';
  const value = setting.default;
  return value === undefined || value === '' || value === false ? choices : `${choices} [default: ${value}]`;
}
