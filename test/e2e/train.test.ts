/** The main job through the real command line, with real processes, on both engines. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launch, makePlayground, type Playground, weightsHash } from '../support/launch.js';

const engines = ['tensorflow', 'wasm'] as const;
const hasNative = process.env.LOCKSTEP_TF_LIB_DIR !== undefined;

function args(playground: Playground, name: string, ...more: string[]): string[] {
  const fixed = ['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'];
  return [...fixed, '--project', playground.folder, '--name', name, '--device', 'cpu', ...more];
}

async function results(playground: Playground, name: string): Promise<Record<string, number>[]> {
  const [header, ...rows] = (await readFile(join(playground.folder, name, 'results.csv'), 'utf8')).trim().split('\n');
  const names = header!.split(',').map((cell) => cell.trim());
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [names[i]!, Number(cell)])));
}

describe.each(engines)('training on the %s engine', (engine) => {
  const title = (text: string): string =>
    engine === 'tensorflow' && !hasNative ? `${text} (skipped: the native engine is not built on this machine)` : text;
  const test = engine === 'tensorflow' && !hasNative ? it.skip : it;

  test(title('two workers train, validate and leave a run folder that val agrees with'), async () => {
    await using playground = await makePlayground(24, 8);
    const common = ['--engine', engine, '--nproc', '2', '--batch-size', '8', '--epochs', '2'];
    const trained = await launch(args(playground, 'a', ...common));
    expect(trained.stderr + trained.stdout).toMatch(/weights sha256/i);
    expect(trained.exitCode).toBe(0);
    const rows = await results(playground, 'a');
    expect(rows.map((row) => row.epoch)).toEqual([0, 1]);
    expect(rows[1]!['train/box_loss']).toBeGreaterThan(0);
    expect(rows[1]!['train/obj_loss']).toBeLessThan(rows[0]!['train/obj_loss']!);
    const best = join(playground.folder, 'a', 'weights', 'best.safetensors');
    const manifest = JSON.parse(await readFile(best.replace('.safetensors', '.json'), 'utf8')) as {
      finished: boolean;
      epoch: number;
      metrics: { map50: number; map: number };
    };
    expect(manifest.finished).toBe(true);
    const where = ['--project', playground.folder, '--name', 'v'];
    const val = await launch([
      'val',
      '--weights',
      best,
      '--engine',
      engine,
      '--nproc',
      '2',
      '--device',
      'cpu',
      ...where,
    ]);
    expect(val.exitCode).toBe(0);
    const validated = JSON.parse(await readFile(join(playground.folder, 'v', 'run.json'), 'utf8')) as {
      summary: { results: { map50: number; map: number } };
    };
    expect(validated.summary.results.map50).toBeCloseTo(manifest.metrics.map50, 12);
    expect(validated.summary.results.map).toBeCloseTo(manifest.metrics.map, 12);
  }, 240_000);

  test(title('one, two and four workers end with the same weights, bit for bit'), async () => {
    await using playground = await makePlayground(22, 4);
    const hashes: string[] = [];
    for (const nproc of ['1', '2', '4']) {
      const common = ['--engine', engine, '--nproc', nproc, '--virtual-ranks', '4', '--threads-per-worker', '1'];
      // 22 images in batches of 8: the last step has 6, so two virtual ranks get one image fewer.
      const result = await launch(args(playground, `n${nproc}`, ...common, '--batch-size', '8', '--epochs', '1'));
      expect(result.exitCode, result.stderr).toBe(0);
      hashes.push(weightsHash(result));
    }
    expect(new Set(hashes).size).toBe(1);
  }, 300_000);
});
