import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../../proto/paths.js';

/** Runs one of the set-up's generators with `--check`. */
function check(script: string): { status: number | null; output: string } {
  const args = [join(repoRoot, 'coordinator/setup', script), '--check'];
  const result = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status: result.status, output: result.stderr };
}

describe('generated files', () => {
  it('hold the message classes that proto/messages gives', () => {
    expect(check('gen.mjs')).toEqual({ status: 0, output: '' });
  });

  it('hold in NOTICE what package-lock.json names', () => {
    expect(check('notice.mjs')).toEqual({ status: 0, output: '' });
  });
});
