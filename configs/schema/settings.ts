/**
 * Every setting of the command line, the environment and the configuration files, in one table: the flag
 * `--batch-size`, the variable `LOCKSTEP_BATCH_SIZE` and the key `batch-size` are the same setting.
 */
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

const BOTH = ['train', 'val'] as const;
const TRAIN = ['train'] as const;
const VAL = ['val'] as const;

const groupOf =
  (group: Setting['group'], commands: readonly CommandName[]) =>
  (setting: Omit<Setting, 'group' | 'commands'> & Partial<Pick<Setting, 'commands'>>): Setting => ({
    commands,
    ...setting,
    group,
  });

const modelAndData = groupOf('Model and data', BOTH);
const training = groupOf('Training', TRAIN);
const validation = groupOf('Validation', VAL);
const output = groupOf('Output', BOTH);
const processes = groupOf('Processes', BOTH);
const logs = groupOf('Logs and metrics', BOTH);

export const SETTINGS: readonly Setting[] = [
  modelAndData({ name: 'data', kind: 'text', about: 'data set YAML, or the name of one in configs/data' }),
  modelAndData({
    name: 'cfg',
    kind: 'text',
    about: 'model YAML, or the name of one in configs/models',
    default: '',
    commands: TRAIN,
  }),
  modelAndData({ name: 'weights', kind: 'text', about: 'safetensors file to start from; empty: random', default: '' }),
  modelAndData({
    name: 'hyp',
    kind: 'text',
    about: 'hyperparameter YAML, or the name of one in configs/hyps',
    commands: TRAIN,
  }),
  modelAndData({
    name: 'set-hyp',
    kind: 'text',
    about: 'single hyperparameters: lr0=0.02,mosaic=0',
    default: '',
    commands: TRAIN,
  }),
  modelAndData({
    name: 'imgsz',
    aliases: ['img', 'img-size'],
    kind: 'int',
    min: 32,
    about: 'image size in pixels, raised to a multiple of 32',
  }),
  modelAndData({ name: 'batch-size', kind: 'int', min: 1, about: 'images per step over all workers' }),
  modelAndData({ name: 'single-cls', kind: 'flag', about: 'treat all labels as one class', default: false }),
  modelAndData({
    name: 'on-bad-sample',
    kind: 'choice',
    choices: ['skip', 'fail'],
    about: 'what an unreadable image or label does',
    default: 'skip',
  }),

  training({ name: 'epochs', kind: 'int', min: 1, about: 'epochs in all', default: 300 }),
  training({ name: 'seed', kind: 'int', min: 0, max: 0xffffffff, about: 'seed of everything random', default: 0 }),
  training({
    name: 'box-loss',
    kind: 'choice',
    choices: ['sca', 'iou', 'giou', 'diou', 'ciou'],
    about: 'similarity of the box loss',
    default: 'sca',
  }),
  training({ name: 'sca-alpha', kind: 'number', min: 0, about: "weight of SCA's corner term", default: 1 }),
  training({
    name: 'loss-norm',
    kind: 'choice',
    choices: ['rank', 'global'],
    about: "each rank's own means, or global counts",
    default: 'rank',
  }),
  training({ name: 'adam', kind: 'flag', about: 'Adam instead of SGD', default: false }),
  training({ name: 'linear-lr', kind: 'flag', about: 'linear instead of cosine schedule', default: false }),
  training({
    name: 'label-smoothing',
    kind: 'number',
    min: 0,
    max: 0.5,
    about: 'smoothing of the class targets',
    default: 0,
  }),
  training({
    name: 'nominal-batch-size',
    kind: 'int',
    min: 1,
    about: 'batch that accumulation and decay refer to',
    default: 64,
  }),
  training({
    name: 'patience',
    kind: 'int',
    min: 0,
    about: 'epochs without a better fitness; 0: never stop early',
    default: 100,
  }),
  training({ name: 'freeze', kind: 'int', min: 0, about: 'layers 0 … n−1 do not train', default: 0 }),
  training({
    name: 'amp',
    kind: 'choice',
    choices: ['auto', 'off', 'fp16', 'bf16'],
    about: 'mixed precision; auto: fp16 on GPUs, off on the CPU',
    default: 'auto',
  }),
  training({ name: 'sync-bn', kind: 'flag', about: 'batch norm over all ranks', default: false }),
  training({ name: 'noautoanchor', kind: 'flag', about: 'no anchor check', default: false }),
  training({ name: 'rect', kind: 'flag', about: 'rectangular batches: no mosaics, no shuffling', default: false }),
  training({ name: 'quad', kind: 'flag', about: 'four images share one of twice the size', default: false }),
  training({
    name: 'multi-scale',
    kind: 'flag',
    about: 'each step at a size from half to one and a half of imgsz',
    default: false,
  }),
  training({
    name: 'image-weights',
    kind: 'flag',
    about: 'draw images by the weights of their classes',
    default: false,
  }),
  training({
    name: 'cache',
    variable: 'LOCKSTEP_IMAGE_CACHE',
    kind: 'optionalText',
    about: 'keep decoded images: ram (also without a value) or disk',
  }),

  validation({
    name: 'task',
    kind: 'choice',
    choices: ['val', 'train', 'test'],
    about: 'split to validate on',
    default: 'val',
  }),
  validation({ name: 'conf-thres', kind: 'number', min: 0, max: 1, about: 'lowest confidence', default: 0.001 }),
  validation({
    name: 'iou-thres',
    kind: 'number',
    min: 0,
    max: 1,
    about: 'IoU of non-maximum suppression',
    default: 0.6,
  }),
  validation({ name: 'max-det', kind: 'int', min: 1, about: 'detections per image', default: 300 }),
  validation({
    name: 'augment',
    kind: 'flag',
    about: 'test-time augmentation: three sizes, one mirrored (about twice the work)',
    default: false,
  }),

  output({ name: 'project', kind: 'text', about: 'folder of runs (default: runs/train or runs/val)' }),
  output({ name: 'name', kind: 'text', about: 'name of the run folder', default: 'exp' }),
  output({ name: 'exist-ok', kind: 'flag', about: 'use an existing run folder', default: false }),
  output({
    name: 'resume',
    kind: 'optionalText',
    about: 'continue the newest run, or the given last.safetensors',
    commands: TRAIN,
  }),
  output({ name: 'nosave', kind: 'flag', about: 'checkpoint only at the end', default: false, commands: TRAIN }),
  output({ name: 'noval', kind: 'flag', about: 'validate only at the end', default: false, commands: TRAIN }),
  output({
    name: 'save-period',
    kind: 'int',
    min: -1,
    about: 'also keep epoch{n} every n epochs',
    default: -1,
    commands: TRAIN,
  }),

  processes({
    name: 'nproc',
    aliases: ['nproc-per-node'],
    kind: 'text',
    about: 'workers on this host: a number, auto, gpu or cpu',
  }),
  processes({
    name: 'device',
    kind: 'text',
    about: 'auto, all, cpu, or GPUs such as 0,1,2,3 (indices, UUIDs, MIG UUIDs)',
    default: 'auto',
  }),
  processes({ name: 'nnodes', kind: 'text', about: 'number of hosts', default: '1' }),
  processes({
    name: 'node-rank',
    kind: 'text',
    about: 'which host this is, from 0; auto: any but the first',
    default: '0',
  }),
  processes({ name: 'rdzv-endpoint', kind: 'text', about: 'HOST:PORT where host 0 coordinates', default: '' }),
  processes({ name: 'rdzv-id', kind: 'text', about: 'name of the run that all hosts agree on', default: '' }),
  processes({ name: 'max-restarts', kind: 'int', min: 0, about: 'restarts after a failure', default: 0 }),
  processes({
    name: 'engine',
    kind: 'choice',
    choices: ['auto', 'tensorflow', 'wasm'],
    about: 'what computes',
    default: 'auto',
  }),
  processes({
    name: 'gpu-memory',
    kind: 'int',
    min: 512,
    about: 'MiB of GPU memory that a worker may take (default: all)',
  }),
  processes({
    name: 'tf32',
    kind: 'choice',
    choices: ['on', 'off'],
    about: 'let GPUs multiply float32 numbers with 10-bit mantissas',
    default: 'on',
  }),
  processes({ name: 'virtual-ranks', kind: 'int', min: 1, about: "microbatches per step; fixes the weights' bits" }),
  processes({ name: 'threads-per-worker', kind: 'int', min: 1, about: "threads of a worker's engine" }),
  processes({
    name: 'loader-threads',
    aliases: ['workers'],
    kind: 'int',
    min: 0,
    about: 'image threads per worker at most; they adapt; 0: none but the main thread',
  }),
  processes({
    name: 'bucket-mb',
    kind: 'number',
    min: 0.01,
    max: 1024,
    words: ['auto'],
    about: 'MiB per all-reduce bucket; auto: chosen after measuring the first steps',
    default: 8,
    commands: TRAIN,
  }),
  processes({
    name: 'collective',
    kind: 'choice',
    choices: ['auto', 'direct', 'ring', 'hierarchical'],
    about: 'how gradients are summed; direct and hierarchical: the same bits for any number of workers',
    default: 'auto',
    commands: TRAIN,
  }),
  processes({
    name: 'compression',
    aliases: ['grad-dtype'],
    kind: 'choice',
    choices: ['none', 'bf16', 'fp16', 'int8', 'powersgd', 'topk'],
    about: 'how gradients travel; what is left out of them is made up for in later steps',
    default: 'none',
    commands: TRAIN,
  }),
  processes({
    name: 'compression-rounding',
    kind: 'choice',
    choices: ['nearest', 'stochastic'],
    about: 'of compression bf16, fp16 and int8',
    default: 'nearest',
    commands: TRAIN,
  }),
  processes({
    name: 'powersgd-rank',
    kind: 'int',
    min: 1,
    max: 64,
    about: "rank of compression powersgd's matrices",
    default: 4,
    commands: TRAIN,
  }),
  processes({
    name: 'topk-ratio',
    kind: 'number',
    min: 0.00001,
    max: 1,
    about: 'share of the gradients that compression topk sends',
    default: 0.01,
    commands: TRAIN,
  }),
  processes({
    name: 'payload',
    kind: 'choice',
    choices: ['auto', 'zmq', 'shm'],
    about: 'how gradients go to workers of this host: sockets, shared memory, or what is possible',
    default: 'auto',
  }),
  processes({
    name: 'join-timeout',
    kind: 'number',
    min: 1,
    about: 'seconds until all hosts and workers must be there',
    default: 600,
  }),
  processes({
    name: 'drain-timeout',
    kind: 'number',
    min: 1,
    about: 'seconds that a stop may take to save',
    default: 60,
  }),
  processes({
    name: 'stall-timeout',
    kind: 'number',
    min: 5,
    about: 'seconds of silence after which a worker is given up',
    default: 60,
  }),
  processes({
    name: 'orphan',
    kind: 'choice',
    choices: ['exit', 'wait'],
    about: 'what workers do when the coordinator dies',
    default: 'exit',
  }),
  processes({
    name: 'local-rank',
    kind: 'int',
    min: -1,
    about: 'ignored; wrappers of the reference pass it',
    default: -1,
  }),

  logs({
    name: 'log-level',
    kind: 'choice',
    choices: ['trace', 'debug', 'info', 'warn', 'error'],
    about: 'least level shown',
    default: 'info',
  }),
  logs({
    name: 'log-format',
    kind: 'choice',
    choices: ['auto', 'pretty', 'json'],
    about: 'auto: pretty on a terminal, JSON otherwise',
    default: 'auto',
  }),
  logs({ name: 'log-dir', kind: 'text', about: 'folder of rank-N.log (default: logs in the run folder)', default: '' }),
  logs({
    name: 'progress',
    kind: 'choice',
    choices: ['auto', 'bar', 'plain', 'off'],
    about: 'auto: bar on a terminal, plain lines otherwise',
    default: 'auto',
  }),
  logs({
    name: 'trace',
    kind: 'optionalText',
    about: 'write trace.json of so many steps (10), or of steps FIRST:LAST',
    commands: TRAIN,
  }),
  logs({
    name: 'metrics-port',
    kind: 'int',
    min: 0,
    max: 65535,
    about: 'port of /metrics; 0: any free one',
    default: 0,
  }),
  logs({ name: 'metrics-host', kind: 'text', about: 'address of /metrics', default: '127.0.0.1' }),
];

/** Flags of the reference and of torchrun that this version does not have; they are named, not ignored. */
export const LATER_FLAGS: Readonly<Record<string, string>> = {
  evolve: 'evolution of hyperparameters',
  bucket: 'evolution of hyperparameters',
  entity: 'Weights & Biases',
  'upload-dataset': 'Weights & Biases',
  'bbox-interval': 'Weights & Biases',
  'artifact-alias': 'Weights & Biases',
  'save-txt': 'writing predictions',
  'save-hybrid': 'writing predictions',
  'save-conf': 'writing predictions',
  'save-json': 'writing predictions',
  half: 'half precision',
  dnn: 'the OpenCV backend',
  tee: 'tee masks (each rank has its log file)',
  'rdzv-backend': 'other rendezvous backends',
};

/** The setting with this name or alias, or undefined. Underscores count as dashes. */
export function findSetting(name: string): Setting | undefined {
  const plain = name.replaceAll('_', '-');
  return SETTINGS.find((setting) => setting.name === plain || setting.aliases?.includes(plain));
}

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
