/** The step benchmark as users start it. Where no Python with torch is at hand (LOCKSTEP_RIVALS), only our side runs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findPython } from '../../bench/python.js';
import { LockstepError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { availableEngines } from '../support/engines.js';

interface Row {
  readonly isOurs: boolean;
  readonly losses: readonly number[];
  readonly skippedSteps: number;
  readonly imagesPerSecond: number;
}

/** The rows of one round of one measured step. */
async function bench(...flags: string[]): Promise<{ rows: Row[]; amp: string; device: string }> {
  const narrow = join(repoRoot, 'bench', 'losses', 'yolov3-tiny-narrow.yaml');
  const size = ['--cfg', narrow, '--batch', '8', '--img', '128', '--nc', '3', '--steps', '1', '--rounds', '1'];
  const args = [builtEntry('bench/main'), 'step', ...size, '--shape', 'process', '--json', ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repoRoot });
  return JSON.parse(stdout) as { rows: Row[]; amp: string; device: string };
}

function hasRival(): boolean {
  try {
    return findPython(undefined) !== '';
  } catch (error) {
    if (error instanceof LockstepError) return false;
    throw error;
  }
}

const hasTensorflow = availableEngines().some(({ name }) => name === 'tensorflow');
const sum = (losses: readonly number[]): number => losses.reduce((total, loss) => total + loss, 0);

describe.skipIf(!hasTensorflow)('bench step', () => {
  it('measures our side in fp16 on the CPU, with the loss scaled', async () => {
    const { rows, amp, device } = await bench('--amp', 'fp16', '--no-rival');
    expect({ amp, sides: rows.length }).toEqual({ amp: 'fp16', sides: 1 });
    expect(device).toMatch(/cores$/);
    // The scale starts at 65536, at which such a network's gradients fit into float16.
    expect(rows[0]!.skippedSteps).toBe(0);
    expect(rows[0]!.losses.every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
  });

  it.skipIf(!hasRival())('computes the same losses as PyTorch, in float32 and in bf16', async () => {
    const [full, half] = [await bench(), await bench('--amp', 'bf16')];
    const [fullLoss, halfLoss] = [full, half].map(({ rows }) => sum(rows.find(({ isOurs }) => isOurs)!.losses));
    for (const { losses } of full.rows) expect(Math.abs(sum(losses) / fullLoss! - 1)).toBeLessThan(1e-3);
    // Nine blocks of seven roundings to 8 bits each, which add up like the square root of their number; twice that is the bound.
    const bound = 2 * Math.sqrt(9 * 7) * 2 ** -9;
    const rivals = half.rows.filter(({ isOurs }) => !isOurs);
    expect(rivals).toHaveLength(2);
    for (const { losses } of rivals) {
      expect(Math.abs(sum(losses) / halfLoss! - 1)).toBeLessThan(bound);
      // As much as that it does differ from float32, or autocast was not on.
      expect(losses).not.toEqual(full.rows.find(({ isOurs }) => !isOurs)!.losses);
    }
    expect(halfLoss).not.toBe(fullLoss);
  });

  it('refuses another precision by name', async () => {
    await expect(bench('--amp', 'fp8')).rejects.toMatchObject({
      stderr: expect.stringContaining('CONFIG_USAGE') as string,
    });
  });
});
