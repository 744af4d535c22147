/**
 * Every setting of the command line, the environment and the configuration files, in one table: the flag
 * `--batch-size`, the variable `LOCKSTEP_BATCH_SIZE` and the key `batch-size` are the same setting.
 */
import { PROCESS_SETTINGS } from './process-settings.js';
import { groupOf, type Setting } from './setting.js';

const BOTH = ['train', 'val'] as const;
const TRAIN = ['train'] as const;
const VAL = ['val'] as const;

const modelAndData = groupOf('Model and data', BOTH);
const training = groupOf('Training', TRAIN);
const validation = groupOf('Validation', VAL);
const output = groupOf('Output', BOTH);

export const SETTINGS: readonly Setting[] = [
  modelAndData({
    name: 'data',
    kind: 'text',
    about: 'data set YAML, the name of one in configs/data, a zip file, or the address (https, s3) of a packed set',
  }),
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
  modelAndData({
    name: 'batch-size',
    kind: 'int',
    min: -1,
    about: 'images per step over all workers; -1: chosen (on CPUs 16)',
  }),
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
  training({
    name: 'jpeg-scaling',
    kind: 'choice',
    choices: ['auto', 'off'],
    about: 'auto: JPEG files of at least 4·imgsz are decoded at 1/2, 1/4 or 1/8 for training',
    default: 'auto',
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

  ...PROCESS_SETTINGS,
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
