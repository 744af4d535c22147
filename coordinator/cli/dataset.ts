/**
 * `launch dataset check | stats | pack | verify | autosplit | crops | flatten`: reads the flags, and lets a worker-side process do the work, because
 * only the worker's half knows images. No device is taken and no run folder made.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AutosplitRequest, CheckRequest, DatasetRequest } from '../../configs/dataset-request.js';
import { findConfigFile } from '../../configs/find.js';
import { DEFAULT_HYP, readHyp } from '../../configs/schema/hyp.js';
import { nearestWord, readYaml } from '../../configs/schema/yaml.js';
import { ConfigError, EXIT, LaunchError } from '../../proto/errors.js';
import { builtEntry } from '../../proto/paths.js';
import { openDataset } from '../dataset.js';

const MEGABYTE = 2 ** 20;

type Action = DatasetRequest['command'];

interface Flag {
  readonly name: string;
  /** Undefined: the flag takes no value. */
  readonly value?: string;
  readonly default?: string;
  readonly about: string;
  readonly actions: readonly Action[];
}

const ALL: readonly Action[] = ['check', 'stats', 'pack', 'verify', 'autosplit', 'crops', 'flatten'];
const WITH_DATA: readonly Action[] = ['check', 'stats', 'pack', 'verify', 'crops'];

const FLAGS: readonly Flag[] = [
  {
    name: 'data',
    value: 'NAME|FILE|URL',
    about: 'data set YAML, the name of one in configs/data, a zip file, or the address of a packed set',
    actions: WITH_DATA,
  },
  { name: 'imgsz', value: 'PX', default: '640', about: 'size at which boxes are judged', actions: ['check', 'stats'] },
  {
    name: 'cfg',
    value: 'NAME|FILE',
    default: 'yolov3-tiny',
    about: 'model whose anchors are compared with the labels',
    actions: ['check'],
  },
  {
    name: 'hyp',
    value: 'NAME|FILE',
    default: '',
    about: 'hyperparameters of the pictures and of anchor_t',
    actions: ['check'],
  },
  { name: 'seed', value: 'N', default: '0', about: 'of all random draws', actions: ['check', 'autosplit'] },
  {
    name: 'on-bad-sample',
    value: 'skip|fail',
    default: 'skip',
    about: 'whether images that cannot be used are an error',
    actions: ['check', 'pack'],
  },
  {
    name: 'out',
    value: 'FOLDER',
    about: 'where files go; check: runs/dataset/check; stats: without it none are written',
    actions: ['check', 'stats', 'pack', 'crops', 'flatten'],
  },
  { name: 'shard-mb', value: 'MB', default: '256', about: 'size of the tar files', actions: ['pack'] },
  {
    name: 'images',
    value: 'FOLDER',
    about: 'folder of images; autosplit: the lists go beside it',
    actions: ['autosplit', 'flatten'],
  },
  {
    name: 'weights',
    value: 'A,B,C',
    default: '0.9,0.1,0',
    about: 'shares of train, val and test',
    actions: ['autosplit'],
  },
  { name: 'annotated-only', about: 'leave out images without a label file', actions: ['autosplit'] },
  { name: 'json', about: 'print JSON', actions: ['check', 'stats', 'verify'] },
  { name: 'help', about: 'show this help', actions: ALL },
];

const ABOUT: Readonly<Record<Action, string>> = {
  check: 'look at every image and label: findings, duplicates, histograms, anchors, pictures, JSON report',
  stats:
    'count images, labels, classes and box sizes per split; with --out also stats.json and pictures of at most 1920 px',
  pack: 'write tar files (WebDataset layout) with an index that --data can name',
  verify: 'compare the tar files of a packed set with their checksums; those in a store are fetched into the cache',
  autosplit: 'share the images of a folder out over list files',
  crops: 'cut every labelled box out (with a margin), into a folder per class',
  flatten: 'copy the files of a tree of folders into one folder',
};

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** The help of `launch dataset`. */
export function datasetHelp(): string {
  const flagLine = (flag: Flag): string => {
    const left = `  --${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
    const shownDefault = flag.default ? ` [default: ${flag.default}]` : '';
    return `${left.padEnd(30)}${flag.about}${shownDefault} (${flag.actions.join(', ')})`;
  };
  return [
    'launch dataset ACTION [flags]',
    '',
    ...ALL.map((action) => `  ${action.padEnd(12)}${ABOUT[action]}`),
    '',
    ...FLAGS.map(flagLine),
  ].join('\n');
}

/**
 * Runs `launch dataset …`.
 * @param argv what follows the word `dataset`
 * @returns the exit code
 * @throws ConfigError `CONFIG_USAGE`, `CONFIG_UNKNOWN_FLAG`; whatever reading the YAML files throws
 */
export async function runDatasetCommand(argv: readonly string[]): Promise<number> {
  const [word, ...rest] = argv;
  if (word === undefined || word === '--help' || word === '-h' || rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${datasetHelp()}\n`);
    return word === undefined ? EXIT.usage : EXIT.ok;
  }
  const action = ALL.find((known) => known === word);
  if (action === undefined) {
    const near = nearestWord(word, ALL);
    throw new ConfigError('CONFIG_USAGE', `launch dataset has no action '${word}'`, {
      hint: near ? `did you mean '${near}'?` : `actions: ${ALL.join(', ')}`,
    });
  }
  return runTool(await compileRequest(action, readFlags(action, rest)));
}

function readFlags(action: Action, argv: readonly string[]): Values {
  const flags = FLAGS.filter(({ actions }) => actions.includes(action));
  const named = argv.map((token) =>
    /^--(img|img-size)(=|$)/.test(token) ? token.replace(/^--img(-size)?/, '--imgsz') : token,
  );
  const options = Object.fromEntries(
    flags.map(({ name, value }) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }]),
  );
  try {
    return {
      ...defaultsOf(flags),
      ...parseArgs({ args: named, options, strict: true, allowPositionals: false }).values,
    };
  } catch (cause) {
    const typed = named.find((token) => token.startsWith('--') && options[token.slice(2).split('=')[0]!] === undefined);
    if (typed === undefined)
      throw new ConfigError('CONFIG_USAGE', (cause as Error).message, { hint: 'see launch dataset --help', cause });
    const near = nearestWord(
      typed.slice(2).split('=')[0]!,
      flags.map(({ name }) => name),
    );
    throw new ConfigError('CONFIG_UNKNOWN_FLAG', `dataset ${action} has no flag ${typed}`, {
      hint: near ? `did you mean --${near}?` : 'see launch dataset --help',
    });
  }
}

function defaultsOf(flags: readonly Flag[]): Values {
  return Object.fromEntries(flags.map(({ name, default: value }) => [name, value]));
}

function textOf(values: Values, name: string): string {
  const value = values[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigError('CONFIG_USAGE', `--${name} is missing`, {
    hint: `add --${name} ${FLAGS.find((flag) => flag.name === name)?.value}`,
  });
}

function numberOf(values: Values, name: string, least: number): number {
  const text = textOf(values, name);
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new ConfigError('CONFIG_USAGE', `--${name}: '${text}' is not a number of at least ${least}`, {
    hint: 'see launch dataset --help',
  });
}

function policyOf(values: Values): CheckRequest['onBadSample'] {
  const policy = textOf(values, 'on-bad-sample');
  if (policy === 'skip' || policy === 'fail') return policy;
  throw new ConfigError('CONFIG_USAGE', `--on-bad-sample: '${policy}' is not skip or fail`, {
    hint: 'use skip or fail',
  });
}

function weightsOf(values: Values): AutosplitRequest['weights'] {
  const text = textOf(values, 'weights');
  const [train = Number.NaN, val = 0, test = 0, ...more] = text.split(',').map(Number);
  const weights = [train, val, test] as const;
  if (more.length === 0 && weights.every((weight) => weight >= 0) && train + val + test > 0) return weights;
  throw new ConfigError('CONFIG_USAGE', `--weights: '${text}' is not a list of up to three shares`, {
    hint: 'for example --weights 0.8,0.1,0.1',
  });
}

async function compileRequest(action: Action, values: Values): Promise<DatasetRequest> {
  const cwd = process.cwd();
  const json = values.json === true;
  if (action === 'autosplit') {
    return {
      command: action,
      images: resolve(cwd, textOf(values, 'images')),
      weights: weightsOf(values),
      annotatedOnly: values['annotated-only'] === true,
      seed: numberOf(values, 'seed', 0),
    };
  }
  if (action === 'flatten') {
    return {
      command: action,
      images: resolve(cwd, textOf(values, 'images')),
      out: resolve(cwd, textOf(values, 'out')),
    };
  }
  // Everything else first: reading a data set may mean drawing it.
  const readData = () => openDataset(findConfigFile('data', textOf(values, 'data'), cwd));
  if (action === 'pack') {
    const out = resolve(cwd, textOf(values, 'out'));
    const shardBytes = numberOf(values, 'shard-mb', 1) * MEGABYTE;
    return { command: action, out, shardBytes, onBadSample: policyOf(values), data: await readData() };
  }
  if (action === 'crops') {
    return { command: action, out: resolve(cwd, textOf(values, 'out')), data: await readData() };
  }
  if (action === 'verify') return { command: action, json, data: await readData() };
  const imgsz = numberOf(values, 'imgsz', 32);
  if (action === 'stats') {
    const out = values.out === undefined ? undefined : resolve(cwd, textOf(values, 'out'));
    return { command: action, imgsz, json, out, data: await readData() };
  }
  const hyp = values.hyp ? readHyp(readYaml(findConfigFile('hyps', textOf(values, 'hyp'), cwd))) : DEFAULT_HYP;
  return {
    command: action,
    ...{ imgsz, json, hyp },
    cfg: findConfigFile('models', textOf(values, 'cfg'), cwd),
    seed: numberOf(values, 'seed', 0),
    onBadSample: policyOf(values),
    out: resolve(cwd, values.out === undefined ? join('runs', 'dataset', 'check') : textOf(values, 'out')),
    data: await readData(),
  };
}

/** Starts the process that does the work, and resolves to its exit code. */
function runTool(request: DatasetRequest): Promise<number> {
  const child = spawn(process.execPath, [builtEntry('worker/dataset-tool/main')], {
    stdio: ['pipe', 'inherit', 'inherit'],
    // libuv's threads read and decode; its default of four leaves larger machines idle.
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? String(Math.max(4, availableParallelism())),
    },
  });
  return new Promise((done, fail) => {
    child.once('error', (cause) =>
      fail(
        new LaunchError('LAUNCH_SPAWN_FAILED', `cannot start the data set process: ${cause.message}`, {
          hint: 'check the limits on processes and memory (ulimit -u, free -m)',
          cause,
        }),
      ),
    );
    // A process that dies early closes its end; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(request));
    child.once('exit', (code, signal) => {
      if (code !== null) done(code);
      else
        fail(
          new LaunchError('LAUNCH_CHILD_KILLED', `the data set process was ended by ${signal}`, {
            hint: 'if nobody stopped it, look for a lack of memory (dmesg)',
          }),
        );
    });
  });
}
