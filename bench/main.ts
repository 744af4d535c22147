/** `npm run bench -- NAME [flags]`: starts one of the benchmarks. */
import { join } from 'node:path';
import { LockstepError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';
import { endWithoutReader } from '../proto/telemetry/reader.js';
import { findPython } from './python.js';
import { runProcess } from './run-process.js';

const BENCHMARKS: Readonly<Record<string, { about: string; run(args: readonly string[]): Promise<void> }>> = {
  step: {
    about: 'training steps here and in PyTorch: images per second, phases, memory',
    run: async (args) => (await import('./step/step.js')).benchStep(args),
  },
  val: {
    about: 'validation here and in PyTorch with torchvision',
    run: async (args) => (await import('./val/val.js')).benchVal(args),
  },
  startup: {
    about: 'from the command to the first finished step, phase by phase',
    run: async (args) => (await import('./startup/startup.js')).benchStartup(args),
  },
  allreduce: {
    about: 'the all-reduce over shared memory, ipc or TCP against Gloo: latency, bandwidth, CPU',
    run: async (args) => (await import('./allreduce/allreduce.js')).benchAllReduce(args),
  },
  scaling: {
    about: 'one worker against several with one thread each',
    run: async (args) => (await import('./scaling/scaling.js')).benchScaling(args),
  },
  overlap: {
    about: 'the share of the all-reduce hidden behind computing, by bucket size',
    run: async (args) => (await import('./overlap/overlap.js')).benchOverlap(args),
  },
  simulate: {
    about: 'step times of worlds that are not here, from measured figures',
    run: async (args) => (await import('./simulate/simulate.js')).benchSimulate(args),
  },
  parity: {
    about: 'the same training in PyTorch and here, step by step',
    run: async (args) => (await import('./parity/parity.js')).benchParity(args),
  },
  loader: {
    about: 'training samples per second of a core, here and in PyTorch with OpenCV',
    run: async (args) => (await import('./loader/loader.js')).benchLoader(args),
  },
  losses: {
    about: 'the five box losses side by side on the shapes data set',
    run: async (args) => (await import('./losses/losses.js')).benchLosses(args),
  },
  scan: {
    about: "the label scan at COCO's size against a process pool over Pillow",
    run: async (args) => (await import('./scan/scan.js')).benchScan(args),
  },
  gpu: {
    about: 'everything worth knowing of a GPU in one go: device, compliance, steps, copies',
    run: async (args) => (await import('./gpu/measure.js')).benchGpu(args),
  },
  'gpu-pack': {
    about: 'packs this checkout for a GPU machine without a package registry',
    run: async (args) => (await import('./gpu/pack.js')).packForGpu(args),
  },
  wasm: {
    about: 'where the time of a step goes on the wasm engine, operator by operator',
    run: async (args) => (await import('./wasm/wasm.js')).benchWasm(args),
  },
  coco: {
    about: 'the COCO evaluator against pycocotools',
    run: (args) =>
      runProcess('bash', [join(repoRoot, 'bench', 'coco', 'compare.sh'), ...args], { PYTHON: findPython(undefined) }),
  },
};

function usage(): string {
  const rows = Object.entries(BENCHMARKS).map(([name, { about }]) => `  ${name.padEnd(10)}${about}`);
  return `npm run bench -- NAME [flags]\n${rows.join('\n')}\nThe flags of each stand in bench/README.md.\n`;
}

endWithoutReader();
const [name = '', ...args] = process.argv.slice(2);
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark === undefined) {
  process.stderr.write(usage());
  process.exitCode = name === '' || name === '--help' ? 0 : 2;
} else {
  try {
    await benchmark.run(args);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
    process.exitCode = error.exitCode;
  }
}
