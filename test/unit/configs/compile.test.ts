import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CompileInput, compileRun } from '../../../configs/compile.js';
import type { DatasetConfig } from '../../../configs/run-config.js';
import { LockstepError } from '../../../proto/errors.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'compile-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const dataset = (yaml: string): DatasetConfig => ({ yaml, train: ['/t'], val: ['/v'], test: [], nc: 1, names: ['a'] });

function compile(flags: Record<string, string | boolean>, more: Partial<CompileInput> = {}) {
  return compileRun({
    command: 'train',
    flags: new Map(Object.entries(flags)),
    env: {},
    cwd,
    argv: [],
    host: { numCores: 8, gpus: ['0', '1'] },
    readDataset: async (path) => dataset(path),
    ...more,
  });
}

async function failure(promise: Promise<unknown>): Promise<LockstepError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LockstepError) return error;
  throw new Error(`expected a LockstepError, got ${String(error)}`);
}

const MODEL = { data: 'coco128', cfg: 'yolov3-tiny' };

describe('refusals', () => {
  // The exit code follows sysexits: 2 for usage, 78 for a configuration that cannot work.
  test.each([
    [{ nproc: 'abc' }, 'CONFIG_USAGE', 2, /--nproc: 'abc'/, /--nproc 2/],
    [{ nproc: '0' }, 'CONFIG_USAGE', 2, /--nproc: '0'/, /--nproc 2/],
    [{ epochs: '1.5' }, 'CONFIG_USAGE', 2, /--epochs: '1.5' is not a whole number/, /epochs/],
    [{ epochs: '' }, 'CONFIG_USAGE', 2, /--epochs: an empty value/, /epochs/],
    [{ 'box-loss': 'scaa' }, 'CONFIG_USAGE', 2, /one of sca, iou/, /similarity/],
    [{ device: '0,1', nproc: '4' }, 'CONFIG_DEVICES', 78, /4 workers need 4 devices, 2 are listed/, /--nproc 2/],
    [{ device: '0,1', nproc: '1' }, 'CONFIG_DEVICES', 78, /1 workers need 1 devices/, /--nproc 2, or --device 0/],
    [
      { nproc: '3' },
      'CONFIG_DEVICES',
      78,
      /this host has 2 GPU.s., and each runs one worker/,
      /--nproc 2, or --device cpu/,
    ],
    [{ device: '0,0' }, 'CONFIG_DEVICES', 78, /listed twice/, /once/],
    [{ device: '7' }, 'CONFIG_DEVICES', 78, /GPU 7 is not there; this host has GPU 0, 1/, /--device 0,1/],
    [{ device: 'gpu' }, 'CONFIG_USAGE', 2, /--device: 'gpu'/, /--device cpu/],
    [{ nproc: '2', 'batch-size': '15' }, 'CONFIG_BATCH', 78, /15 does not divide by 2 workers/, /14 or 16/],
    [{ 'batch-size': '0' }, 'CONFIG_USAGE', 2, /0 images/, /-1/],
    [{ 'batch-size': '-1' }, 'CONFIG_NOT_IN_VERSION', 78, /memory of GPUs/, /ENGINE_OUT_OF_MEMORY/],
    [{ 'virtual-ranks': '4', 'batch-size': '6' }, 'CONFIG_BATCH', 78, /6 does not divide by 4 virtual ranks/, /4 or 8/],
    [
      { device: 'cpu', nproc: '4', 'virtual-ranks': '2' },
      'CONFIG_VIRTUAL_RANKS',
      78,
      /4 workers cannot share 2/,
      /--nproc 2/,
    ],
    [{ 'max-restarts': '3' }, 'CONFIG_NOT_IN_VERSION', 78, /only 0 is/, /--resume/],
    [{ orphan: 'wait' }, 'CONFIG_NOT_IN_VERSION', 78, /--orphan wait/, /--resume/],
    [{ nnodes: '1:4' }, 'CONFIG_NOT_IN_VERSION', 78, /changing number of hosts/, /one number/],
    [{ nnodes: '2' }, 'CONFIG_RENDEZVOUS', 78, /needs --rdzv-endpoint/, /host 0/],
    [{ nnodes: '2', 'rdzv-endpoint': 'host' }, 'CONFIG_USAGE', 2, /not HOST:PORT/, /29500/],
    [{ 'node-rank': '1' }, 'CONFIG_USAGE', 2, /--node-rank: '1'/, /--nnodes/],
    [{ data: 'coco12' }, 'CONFIG_FILE_NOT_FOUND', 78, /--data: there is no file 'coco12'/, /coco128/],
    [{ cfg: 'yolov3-tony' }, 'CONFIG_FILE_NOT_FOUND', 78, /--cfg/, /did you mean 'yolov3-tiny'/],
    [{ cfg: '' }, 'CONFIG_NO_MODEL', 78, /neither --cfg nor --weights/, /yolov3-tiny/],
    [{ weights: 'none.safetensors' }, 'CONFIG_FILE_NOT_FOUND', 78, /--weights/, /weights folder/],
    [{ hyp: 'scrach' }, 'CONFIG_FILE_NOT_FOUND', 78, /--hyp/, /did you mean 'scratch'/],
    [{ 'set-hyp': 'lr=1' }, 'CONFIG_USAGE', 2, /unknown hyperparameter 'lr'/, /did you mean 'lr/],
    [{ 'set-hyp': 'lr0=-1' }, 'CONFIG_USAGE', 2, /'-1' is out of range for lr0/, /0.01/],
  ])('%j is refused with %s and exit code %i', async (flags, code, exitCode, message, hint) => {
    const error = await failure(compile({ ...MODEL, ...flags }));
    expect([error.code, error.exitCode]).toEqual([code, exitCode]);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test('an unknown key of a file is named with its place and the nearest key', async () => {
    writeFileSync(join(cwd, 'run.yaml'), 'epochs: 3\nbatchsize: 4\n');
    const error = await failure(compile(MODEL, { configFile: 'run.yaml' }));
    expect(error.code).toBe('CONFIG_UNKNOWN_KEY');
    expect(error.message).toMatch(/run\.yaml:2:\d+: unknown key 'batchsize'/);
    expect(error.hint).toBe("did you mean 'batch-size'?");
  });

  test('a wrong hyperparameter is named with line and column, and so is an unknown one', async () => {
    writeFileSync(join(cwd, 'h.yaml'), 'lr0: 0.01\nfliplr: 2\n');
    const range = await failure(compile({ ...MODEL, hyp: 'h.yaml' }));
    expect([range.code, range.message]).toEqual([
      'CONFIG_INVALID_VALUE',
      expect.stringMatching(/h\.yaml:2:9: fliplr is 2; expected at most 1/),
    ]);
    writeFileSync(join(cwd, 'h.yaml'), 'momentun: 0.9\n');
    const unknown = await failure(compile({ ...MODEL, hyp: 'h.yaml' }));
    expect([unknown.code, unknown.hint]).toEqual(['CONFIG_UNKNOWN_KEY', "did you mean 'momentum'?"]);
  });

  test('broken YAML is named with line and column', async () => {
    writeFileSync(join(cwd, 'run.yaml'), 'epochs: [1\n');
    const error = await failure(compile(MODEL, { configFile: 'run.yaml' }));
    expect(error.code).toBe('CONFIG_YAML_SYNTAX');
    expect(error.message).toMatch(/run\.yaml:\d+:\d+/);
  });
});

describe('values', () => {
  test('a flag beats the environment, that the file, that the preset, that the default', async () => {
    writeFileSync(join(cwd, 'run.yaml'), 'epochs: 3\npatience: 3\nseed: 3\n');
    writeFileSync(join(cwd, 'p.yaml'), 'epochs: 4\npatience: 4\nseed: 4\nfreeze: 4\n');
    const { config } = await compile(
      { ...MODEL, epochs: '1' },
      { env: { LOCKSTEP_EPOCHS: '2', LOCKSTEP_PATIENCE: '2' }, configFile: 'run.yaml', preset: 'p.yaml' },
    );
    // epochs: all four give one; patience: environment; seed: file; freeze: preset; save-period: nobody.
    expect([config?.epochs, config?.patience, config?.seed, config?.freeze, config?.savePeriod]).toEqual([
      1, 2, 3, 4, -1,
    ]);
  });

  test("with nothing given the default preset trains tiny on shapes with two workers, and all of the reference's hyperparameters but the warm-up's floor", async () => {
    const { config, launch } = await compile({});
    expect(launch.nproc).toBe(2);
    expect(config?.data.yaml).toMatch(/configs\/data\/shapes\.yaml$/);
    expect(config?.cfg).toMatch(/configs\/models\/yolov3-tiny\.yaml$/);
    expect([config?.imgsz, config?.worldSize, config?.hyp.lr0]).toEqual([160, 2, 0.01]);
    expect(config?.hyp.warmup_min_iterations).toBeLessThan(1000);
  });

  test('a data set of the user switches the preset off', async () => {
    const { config } = await compile(MODEL);
    expect([config?.imgsz, config?.epochs, config?.batchSize, config?.worldSize]).toEqual([640, 300, 16, 1]);
  });

  test('a hyperparameter file of a flag discards the overrides of the preset', async () => {
    expect((await compile({ hyp: 'scratch' })).config?.hyp.warmup_min_iterations).toBe(1000);
    expect((await compile({ 'set-hyp': 'lr0=0.02, mosaic=0' })).config?.hyp).toMatchObject({ lr0: 0.02, mosaic: 0 });
  });

  test('--single-cls counts three classes as one called item, or by the one name that the data set has', async () => {
    const asked: (boolean | undefined)[] = [];
    const namesOf = async (names: string[], flags: Record<string, boolean>) => {
      const { config } = await compile(
        { ...MODEL, ...flags },
        {
          readDataset: async (path, { singleCls }) => {
            asked.push(singleCls);
            return { ...dataset(path), nc: 3, names };
          },
        },
      );
      return config!.data;
    };
    // Labels are still checked against the three classes that they may have.
    expect(await namesOf(['a', 'b', 'c'], { 'single-cls': true })).toMatchObject({ nc: 3, names: ['item'] });
    expect(await namesOf(['thing'], { 'single-cls': true })).toMatchObject({ nc: 3, names: ['thing'] });
    expect(await namesOf(['a', 'b', 'c'], {})).toMatchObject({ nc: 3, names: ['a', 'b', 'c'] });
    expect(asked).toEqual([true, true, false]);
  });

  test('the result is frozen all the way down', async () => {
    const { config } = await compile(MODEL);
    expect(Object.isFrozen(config) && Object.isFrozen(config?.hyp) && Object.isFrozen(config?.data.names)).toBe(true);
  });

  // 100 → 128 is the next multiple of 32; 32 → 64 is the least, twice the largest stride.
  test.each([
    ['100', 128, 1],
    ['32', 64, 1],
    ['320', 320, 0],
  ])('--imgsz %s becomes %i with %i warning(s)', async (imgsz, expected, numWarnings) => {
    const { config, warnings } = await compile({ ...MODEL, imgsz });
    expect(config?.imgsz).toBe(expected);
    expect(warnings.filter((warning) => warning.includes('--imgsz'))).toHaveLength(numWarnings);
  });

  test.each([
    [{ device: 'cpu', nproc: '3' }, ['-1', '-1', '-1']],
    [{ device: '1,0' }, ['1', '0']],
    [{ nproc: 'gpu' }, ['0', '1']],
    [{ nproc: '2' }, ['0', '1']],
    [{ nproc: 'auto', device: '1' }, ['1']],
  ])('%j gives the workers the devices %j', async (flags, devices) => {
    const { launch } = await compile({ ...MODEL, 'batch-size': '12', ...flags });
    expect(launch.devices).toEqual(devices);
  });

  test.each([
    ['1', 16],
    ['3', 15],
    ['20', 20],
  ])(
    'on CPUs --batch-size -1 is the most of 16 images that %s workers can share, and one each at least',
    async (nproc, batch) => {
      const { config } = await compile({ ...MODEL, nproc, device: 'cpu', 'batch-size': '-1' });
      expect(config?.batchSize).toBe(batch);
    },
  );

  test('eight cores are shared out: two workers compute with four threads each', async () => {
    const { config } = await compile({ ...MODEL, nproc: '2', device: 'cpu' });
    expect([config?.threadsPerWorker, config?.loaderThreads]).toEqual([4, 4]);
  });

  test('two hosts double the world, and only the first compiles the run', async () => {
    const flags = {
      ...MODEL,
      nproc: '2',
      device: 'cpu',
      nnodes: '2',
      'rdzv-endpoint': '10.0.0.1:29500',
      'rdzv-id': 'job',
    };
    const first = await compile(flags);
    expect([first.config?.worldSize, first.config?.virtualRanks, first.config?.runId]).toEqual([4, 4, 'job']);
    const second = await compile({ ...flags, 'node-rank': '1' });
    expect([second.config, second.launch.nodeRank]).toEqual([undefined, 1]);
    expect((await compile({ ...flags, 'node-rank': 'auto' })).launch.nodeRank).toBe(-1);
  });
});

describe('run folders', () => {
  test('are exp, then exp2, then one more than the largest number', async () => {
    const name = async (): Promise<string | undefined> => (await compile(MODEL)).config?.saveDir.slice(cwd.length + 1);
    expect(await name()).toBe('runs/train/exp');
    mkdirSync(join(cwd, 'runs/train/exp'), { recursive: true });
    expect(await name()).toBe('runs/train/exp2');
    mkdirSync(join(cwd, 'runs/train/exp7'));
    expect(await name()).toBe('runs/train/exp8');
    expect((await compile({ ...MODEL, 'exist-ok': true })).config?.saveDir).toBe(join(cwd, 'runs/train/exp'));
  });

  async function makeRun(name: string, mtime: number): Promise<string> {
    const { config } = await compile({ ...MODEL, name, epochs: '9', 'virtual-ranks': '4', 'threads-per-worker': '1' });
    const saveDir = config?.saveDir ?? '';
    mkdirSync(join(saveDir, 'weights'), { recursive: true });
    writeFileSync(join(saveDir, 'config.json'), JSON.stringify(config));
    const last = join(saveDir, 'weights', 'last.safetensors');
    writeFileSync(last, '');
    utimesSync(last, mtime, mtime);
    return last;
  }

  test('--resume alone continues the newest one with its own settings, on another number of workers', async () => {
    await makeRun('old', 1000);
    const newest = await makeRun('new', 2000);
    const { config, warnings } = await compile({ resume: '', epochs: '50', nproc: '2', device: 'cpu' });
    expect(config).toMatchObject({
      resume: newest,
      saveDir: join(cwd, 'runs/train/new'),
      epochs: 9,
      worldSize: 2,
      virtualRanks: 4,
      threadsPerWorker: 1,
    });
    expect(warnings.join()).toContain('ignored: --epochs');
  });

  test('--resume without a run, or without its configuration, says so', async () => {
    expect((await failure(compile({ resume: '' }))).code).toBe('CONFIG_NOTHING_TO_RESUME');
    const last = await makeRun('a', 1000);
    rmSync(join(cwd, 'runs/train/a/config.json'));
    expect((await failure(compile({ resume: last }))).code).toBe('CONFIG_RESUME');
  });

  test('val takes data set and image size from the run that the weights lie in', async () => {
    const last = await makeRun('a', 1000);
    const { config } = await compile({ weights: last }, { command: 'val' });
    expect(config).toMatchObject({
      mode: 'val',
      weights: last,
      cfg: '',
      imgsz: 640,
      batchSize: 32,
      saveDir: join(cwd, 'runs/val/exp'),
    });
    expect((await failure(compile({}, { command: 'val' }))).code).toBe('CONFIG_USAGE');
    writeFileSync(join(cwd, 'w.safetensors'), '');
    expect((await failure(compile({ weights: 'w.safetensors' }, { command: 'val' }))).code).toBe('CONFIG_NO_DATA');
    expect((await failure(compile({ weights: 'w.pt' }, { command: 'val' }))).code).toBe('CONFIG_FILE_NOT_FOUND');
  });
});
