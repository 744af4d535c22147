/** Compiles flags, environment and YAML files into the frozen configuration of a run. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../proto/errors.js';
import { compileBatchSize, requireShares } from './batch-size.js';
import { readCollective } from './collective.js';
import type { ReadDatasetOptions } from './dataset.js';
import { chooseSaveDir, findCheckpoint, findConfigFile, newestCheckpoint } from './find.js';
import type { HostFacts, LaunchSettings } from './launch-settings.js';
import { environmentLayer, fileLayer, flagLayer, Settings } from './layers.js';
import { type FoundEngine, settleAmp } from './precision.js';
import { compileLaunch } from './processes.js';
import type { DatasetConfig, Hyp, RunConfig } from './run-config.js';
import { compileSampling } from './sampling.js';
import { DEFAULT_HYP, overrideHyp, readHyp } from './schema/hyp.js';
import type { CommandName } from './schema/setting.js';
import { readYaml } from './schema/yaml.js';
import { readTraceSetting } from './trace-window.js';

export interface CompileInput {
  readonly command: CommandName;
  /** Flags by name without dashes. */
  readonly flags: ReadonlyMap<string, string | boolean>;
  readonly env: NodeJS.ProcessEnv;
  /** What relative paths refer to. */
  readonly cwd: string;
  /** The command line as typed. */
  readonly argv: readonly string[];
  readonly host: HostFacts;
  /** Path of a `--config` file. */
  readonly configFile?: string | undefined;
  /** Name or path of a preset; by default `shapes` where no data set is given. */
  readonly preset?: string | undefined;
  /** Reads (and where it must be made, makes) a data set. */
  readDataset(yamlPath: string, options: Pick<ReadDatasetOptions, 'singleCls'>): Promise<DatasetConfig>;
}

export interface CompiledRun {
  readonly launch: LaunchSettings;
  /** Undefined on hosts other than the first, which get it from the coordinator. */
  readonly config: RunConfig | undefined;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
  readonly settings: Settings;
}

/** Of the one class that is left under --single-cls, unless the data set has one name. */
const SINGLE_CLASS_NAME = 'item';

/** Settings that a resumed run may change: they leave its numbers alone. */
const FREE_ON_RESUME = new Set(
  (
    'resume nproc device nnodes node-rank rdzv-endpoint rdzv-id max-restarts engine threads-per-worker loader-threads ' +
    'bucket-mb payload trace gpu-memory join-timeout drain-timeout stall-timeout orphan local-rank log-level log-format log-dir progress ' +
    'metrics-port metrics-host noautoanchor'
  ).split(' '),
);

/**
 * Compiles a command.
 * @throws ConfigError with the setting, where it was given, and the fix; whatever `readDataset` throws
 */
export async function compileRun(input: CompileInput): Promise<CompiledRun> {
  const settings = mergeSettings(input);
  const { launch: hostSettings, warnings } = compileLaunch(input.command, settings, input.host);
  const launch = { ...hostSettings, logDir: hostSettings.logDir && resolve(input.cwd, hostSettings.logDir) };
  if (launch.nodeRank !== 0) return { launch, config: undefined, warnings, settings };
  const config =
    settings.origin('resume') === undefined
      ? await compileFresh(input, settings, launch, warnings)
      : compileResumed(input, settings, launch, warnings);
  return { launch, config: deepFreeze(config), warnings, settings };
}

/**
 * The configuration with the engine that was really found, and what follows from it.
 * @throws ConfigError as `settleAmp`
 */
export function withEngine(config: RunConfig, engine: FoundEngine): RunConfig {
  return deepFreeze({ ...config, engine: engine.name, amp: settleAmp(config.amp, engine) });
}

function mergeSettings(input: CompileInput): Settings {
  const layers = [flagLayer(input.flags), environmentLayer(input.env)];
  if (input.configFile !== undefined) layers.push(fileLayer(readYaml(resolve(input.cwd, input.configFile))));
  const soFar = new Settings(layers);
  const wantsDefault = input.command === 'train' && !soFar.get('data') && soFar.origin('resume') === undefined;
  const preset = input.preset ?? (wantsDefault ? 'shapes' : undefined);
  if (preset !== undefined) layers.push(fileLayer(readYaml(findConfigFile('presets', preset, input.cwd))));
  return new Settings(layers);
}

async function compileFresh(
  input: CompileInput,
  settings: Settings,
  launch: LaunchSettings,
  warnings: string[],
): Promise<RunConfig> {
  const { cwd, command } = input;
  const worldSize = launch.nproc * launch.nnodes;
  const weights = settings.text('weights') && findCheckpoint('--weights', settings.text('weights'), cwd);
  const cfg = settings.text('cfg') && findConfigFile('models', settings.text('cfg'), cwd);
  if (command === 'val' && !weights) {
    throw new ConfigError('CONFIG_USAGE', 'val needs --weights FILE.safetensors', {
      hint: 'for example: launch val --weights runs/train/exp/weights/best.safetensors',
    });
  }
  if (!weights && !cfg) {
    throw new ConfigError('CONFIG_NO_MODEL', 'neither --cfg nor --weights names a model', {
      hint: 'add --cfg yolov3-tiny (random weights), or --weights FILE.safetensors',
    });
  }
  // A validated checkpoint usually lies in the run that made it, which knows the data set and the image size.
  const origin = command === 'val' ? readStoredConfig(dirname(dirname(weights))) : undefined;
  const virtualRanks = settings.number('virtual-ranks', worldSize);
  requireVirtualRanks(virtualRanks, worldSize);
  const batchSize = compileBatchSize(settings, launch, virtualRanks);
  const hyp = origin?.hyp ?? compileHyp(settings, cwd);
  // Last, because a generated data set may have to be drawn: every other complaint comes before that.
  const data = await compileData(input, settings, origin);
  const project = resolve(cwd, settings.text('project') || join('runs', command));
  return {
    mode: command,
    runId: launch.rdzvId || newRunId(),
    saveDir: chooseSaveDir(project, settings.text('name') || 'exp', settings.flag('exist-ok')),
    command: input.argv,
    cfg,
    weights,
    resume: '',
    data,
    hyp,
    epochs: settings.number('epochs'),
    batchSize,
    imgsz: roundImageSize(settings.number('imgsz', origin?.imgsz ?? 640), warnings),
    seed: settings.number('seed'),
    optimizer: settings.flag('adam') ? 'adam' : 'sgd',
    boxLoss: origin?.boxLoss ?? settings.choice('box-loss'),
    scaAlpha: origin?.scaAlpha ?? settings.number('sca-alpha'),
    lossNorm: settings.choice('loss-norm'),
    syncBn: settings.flag('sync-bn'),
    // Validation computes in float32 always.
    amp: command === 'val' ? 'off' : settings.choice('amp'),
    tf32: settings.choice('tf32') === 'on',
    linearLr: settings.flag('linear-lr'),
    labelSmoothing: origin?.labelSmoothing ?? settings.number('label-smoothing'),
    patience: settings.number('patience'),
    freeze: settings.number('freeze'),
    savePeriod: settings.number('save-period'),
    nosave: settings.flag('nosave'),
    noval: settings.flag('noval'),
    singleCls: settings.flag('single-cls'),
    ...compileSampling(settings, batchSize, virtualRanks, warnings),
    autoAnchor: origin?.autoAnchor ?? !settings.flag('noautoanchor'),
    nominalBatchSize: settings.number('nominal-batch-size'),
    val: {
      confThres: settings.number('conf-thres'),
      iouThres: settings.number('iou-thres'),
      maxDet: settings.number('max-det'),
      augment: settings.flag('augment'),
    },
    virtualRanks,
    worldSize,
    threadsPerWorker: launch.threadsPerWorker,
    loaderThreads: loaderThreads(settings, launch, batchSize, worldSize, input.host.numCores),
    bucketMb: bucketMb(settings),
    ...readCollective(settings),
    ...traceSetting(settings),
    engine: launch.engine === 'wasm' ? 'wasm' : 'tensorflow',
    onBadSample: settings.choice('on-bad-sample'),
    logLevel: launch.logLevel,
  };
}

function compileResumed(
  input: CompileInput,
  settings: Settings,
  launch: LaunchSettings,
  warnings: string[],
): RunConfig {
  const given = settings.text('resume');
  const resume =
    given === '' || given === 'true' ? newestCheckpoint(input.cwd) : findCheckpoint('--resume', given, input.cwd);
  const saveDir = dirname(dirname(resume));
  const stored = readStoredConfig(saveDir);
  if (!stored) {
    throw new ConfigError('CONFIG_RESUME', `--resume: ${join(saveDir, 'config.json')} is missing or damaged`, {
      hint: `to start a new run from these weights use --weights ${resume}`,
    });
  }
  const ignored = settings.given(input.command).filter((row) => !FREE_ON_RESUME.has(row.name));
  if (ignored.length > 0) {
    warnings.push(`the resumed run keeps its own settings; ignored: ${ignored.map((row) => row.origin).join(', ')}`);
  }
  const worldSize =
    settings.origin('nproc') === undefined && launch.nnodes === 1 ? launch.nproc : launch.nproc * launch.nnodes;
  requireVirtualRanks(stored.virtualRanks, worldSize);
  requireShares(stored.batchSize, stored.virtualRanks, settings);
  return {
    // Runs of earlier versions do not say.
    ...readCollective(settings),
    ...stored,
    mode: 'train',
    runId: launch.rdzvId || newRunId(),
    saveDir,
    command: input.argv,
    weights: '',
    resume,
    worldSize,
    // Another number of threads gives other bits, so the run's own number stays unless asked.
    threadsPerWorker: settings.number('threads-per-worker', stored.threadsPerWorker),
    loaderThreads: settings.number('loader-threads', stored.loaderThreads),
    bucketMb: settings.origin('bucket-mb') === undefined ? stored.bucketMb : bucketMb(settings),
    trace: undefined,
    ...traceSetting(settings),
    engine: settings.origin('engine') === undefined ? stored.engine : launch.engine === 'wasm' ? 'wasm' : 'tensorflow',
    logLevel: launch.logLevel,
  };
}

function bucketMb(settings: Settings): RunConfig['bucketMb'] {
  return settings.get('bucket-mb') === 'auto' ? 'auto' : settings.number('bucket-mb');
}

function traceSetting(settings: Settings): Pick<RunConfig, 'trace'> {
  return settings.origin('trace') === undefined ? {} : { trace: readTraceSetting(settings.text('trace')) };
}

async function compileData(
  input: CompileInput,
  settings: Settings,
  origin: RunConfig | undefined,
): Promise<DatasetConfig> {
  let data: DatasetConfig;
  const singleCls = settings.flag('single-cls');
  if (settings.text('data')) {
    data = await input.readDataset(findConfigFile('data', settings.text('data'), input.cwd), { singleCls });
  } else if (origin) data = origin.data;
  else {
    throw new ConfigError(
      'CONFIG_NO_DATA',
      `${input.command}: no data set is given, and the weights do not lie in a run folder`,
      {
        hint: 'add --data, a YAML file or a name such as shapes or coco128',
      },
    );
  }
  if (singleCls && data.names.length !== 1) data = { ...data, names: [SINGLE_CLASS_NAME] };
  if (input.command === 'train') return data;
  const split = settings.choice<'train' | 'val' | 'test'>('task');
  if (data[split].length === 0) {
    throw new ConfigError('CONFIG_NO_DATA', `--task ${split}: ${data.yaml} has no '${split}' split`, {
      hint: 'use --task val',
    });
  }
  return { ...data, val: data[split] };
}

/** Hyperparameters: a stronger `hyp` file discards weaker overrides, overrides of the same or a stronger place apply. */
function compileHyp(settings: Settings, cwd: string): Hyp {
  let hyp = DEFAULT_HYP;
  for (const layer of settings.ascending) {
    const file = layer.values.get('hyp')?.value;
    if (file) hyp = readHyp(readYaml(findConfigFile('hyps', String(file), cwd)));
    hyp = { ...hyp, ...layer.hypOverrides };
  }
  return overrideHyp(hyp, settings.text('set-hyp'));
}

function requireVirtualRanks(virtualRanks: number, worldSize: number): void {
  if (virtualRanks >= worldSize) return;
  throw new ConfigError('CONFIG_VIRTUAL_RANKS', `${worldSize} workers cannot share ${virtualRanks} virtual ranks`, {
    hint: `use --virtual-ranks ${worldSize} or more, or --nproc ${virtualRanks} or fewer`,
    details: { virtualRanks, worldSize },
  });
}

/** The reference's rule: a multiple of the largest stride (32), at least twice that. */
function roundImageSize(imgsz: number, warnings: string[]): number {
  const rounded = Math.max(64, Math.ceil(imgsz / 32) * 32);
  if (rounded !== imgsz) warnings.push(`--imgsz ${imgsz} must be a multiple of 32, at least 64: raised to ${rounded}`);
  return rounded;
}

function loaderThreads(
  settings: Settings,
  launch: LaunchSettings,
  batchSize: number,
  worldSize: number,
  numCores: number,
): number {
  const share = Math.floor(numCores / launch.nproc);
  const perWorker = Math.ceil(batchSize / worldSize);
  const most = settings.number('loader-threads', 8);
  // None means the worker's own main thread; otherwise at least one.
  return most === 0 ? 0 : Math.max(1, Math.min(most, share, perWorker));
}

/** The configuration that a run folder keeps, or undefined where there is none that can be read. */
export function readStoredConfig(saveDir: string): RunConfig | undefined {
  const path = join(saveDir, 'config.json');
  if (!existsSync(path)) return undefined;
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as RunConfig;
    return typeof stored.batchSize === 'number' && typeof stored.data?.nc === 'number' ? stored : undefined;
  } catch {
    return undefined;
  }
}

function newRunId(): string {
  return randomBytes(6).toString('hex');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
