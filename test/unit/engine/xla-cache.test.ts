import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWholeMessage, xlaCacheFlags } from '../../../worker/engine/tensorflow/xla-cache.js';
import { useTempFolder } from '../../support/temp-folder.js';

/** Field 1, length-delimited, three bytes. */
const WHOLE = Uint8Array.of(0x0a, 3, 1, 2, 3);

describe('the cache of compiled kernels', () => {
  const temp = useTempFolder();

  const folderOf = (flags: string | undefined): string => /directory=(\S+)/.exec(flags ?? '')![1]!;

  it('lies in a folder of the library, the processor and the number of threads, which is made', () => {
    const flags = xlaCacheFlags('/engines/tensorflow-1/lib', 1, { LOCKSTEP_CACHE: temp() });
    expect(folderOf(flags)).toMatch(/\/xla\/tensorflow-1-[0-9a-f]{12}-t1$/);
    expect(readdirSync(folderOf(flags))).toEqual([]);
    expect(folderOf(xlaCacheFlags('/engines/tensorflow-2/lib', 1, { LOCKSTEP_CACHE: temp() }))).toContain(
      'tensorflow-2',
    );
    expect(folderOf(xlaCacheFlags('/engines/tensorflow-1/lib', 2, { LOCKSTEP_CACHE: temp() }))).toMatch(/-t2$/);
  });

  it('loses files that are not whole, which TensorFlow would give up a run over', () => {
    const env = { LOCKSTEP_CACHE: temp() };
    const folder = folderOf(xlaCacheFlags('/engines/t/lib', 1, env));
    writeFileSync(join(folder, 'whole.pb'), WHOLE);
    writeFileSync(join(folder, 'cut.pb'), WHOLE.subarray(0, 4));
    writeFileSync(join(folder, 'empty.pb'), '');
    writeFileSync(join(folder, 'zeros.pb'), new Uint8Array(100));
    xlaCacheFlags('/engines/t/lib', 1, env);
    expect(readdirSync(folder)).toEqual(['whole.pb']);
  });

  it('is done without where its folder cannot be made, or has a name that the flags cannot hold', () => {
    const file = join(temp(), 'file');
    writeFileSync(file, '');
    expect(xlaCacheFlags('/engines/t/lib', 1, { LOCKSTEP_CACHE: file })).toBeUndefined();
    expect(xlaCacheFlags('/engines/t/lib', 1, { LOCKSTEP_CACHE: join(temp(), 'a b') })).toBeUndefined();
  });

  it('knows a whole message', () => {
    expect(isWholeMessage(WHOLE)).toBe(true);
    expect(isWholeMessage(Uint8Array.of(0x0a, 3, 1))).toBe(false);
    expect(isWholeMessage(new Uint8Array(0))).toBe(false);
  });
});
