/** Mixed precision in real runs, on TensorFlow's CPU kernels for half types. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';
import { availableEngines } from '../support/engines.js';
import { interruptAndResume } from '../support/interrupted-run.js';
import { launch, makePlayground, type Playground, weightsHash } from '../support/launch.js';

const hasTensorflow = availableEngines().some(({ name }) => name === 'tensorflow');

/**
 * The objectness loss weighs so much that its gradients, times the first scale of 65536, are beyond float16's 65504: some steps are
 * skipped until the scale fits. The learning rate is small enough for such gradients.
 */
const OVERFLOWING = ['--amp', 'fp16', '--set-hyp', 'obj=1000,lr0=0.00001'];

function args(playground: Playground, name: string): string[] {
  const narrow = join(repoRoot, 'bench', 'losses', 'yolov3-tiny-narrow.yaml');
  const model = ['--data', playground.data, '--cfg', narrow, '--weights', '', '--img', '64', '--seed', '3'];
  const processes = ['--engine', 'tensorflow', '--device', 'cpu', '--nproc', '2', '--batch-size', '4', '--epochs', '2'];
  return [...model, ...processes, '--noval', '--project', playground.folder, '--name', name, ...OVERFLOWING];
}

it.skipIf(!hasTensorflow)(
  'a run in fp16 whose first steps overflow, interrupted and resumed, ends with the bits of an uninterrupted one',
  async () => {
    await using playground = await makePlayground(24, 4);
    const whole = await launch(args(playground, 'whole'));
    expect(whole.exitCode, whole.stderr).toBe(0);
    const folder = join(playground.folder, 'parts');
    const { stopped, resumed } = await interruptAndResume(args(playground, 'parts'), folder);
    // A resumed run that began at the first scale again would skip steps that the other one took.
    expect(stopped.stderr).toContain('gradients overflowed, step skipped');
    expect(weightsHash(resumed)).toBe(weightsHash(whole));
  },
);
