import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDamage, readManifest, writeManifest } from '../../../coordinator/setup/engine-manifest.js';

describe('the manifest of a staged engine', () => {
  const info = { key: 'k', version: '2.21.0', compiler: 'g++ 12' };
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-manifest-'));
    await mkdir(join(folder, 'lib'));
    await writeFile(join(folder, 'lib', 'a.so'), 'abc');
    await writeFile(join(folder, 'lib', 'b.so'), 'defg');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('records size and SHA-256 of each file and is read back', async () => {
    const written = await writeManifest(folder, ['lib/a.so', 'lib/b.so'], info);
    expect(written.files[0]).toEqual({
      path: 'lib/a.so',
      bytes: 3,
      sha256: createHash('sha256').update('abc').digest('hex'),
    });
    expect(readManifest(folder)).toEqual(written);
    expect(await findDamage(folder, written, { hashes: true })).toBeUndefined();
  });

  it('is absent where a folder was never finished, or is of another format', async () => {
    expect(readManifest(folder)).toBeUndefined();
    await writeFile(join(folder, 'manifest.json'), '{"format": 99, "files": []}');
    expect(readManifest(folder)).toBeUndefined();
    await writeFile(join(folder, 'manifest.json'), '{"format": 1, "fi');
    expect(readManifest(folder)).toBeUndefined();
  });

  it('names a file that is missing or has another size without reading any content', async () => {
    const manifest = await writeManifest(folder, ['lib/a.so', 'lib/b.so'], info);
    await writeFile(join(folder, 'lib', 'b.so'), 'defgh');
    expect(await findDamage(folder, manifest)).toBe('lib/b.so has 5 bytes, the manifest says 4');
    await rm(join(folder, 'lib', 'b.so'));
    expect(await findDamage(folder, manifest)).toBe('lib/b.so is missing');
  });

  it('finds changed content of the same size when hashes are asked for', async () => {
    const manifest = await writeManifest(folder, ['lib/a.so'], info);
    await writeFile(join(folder, 'lib', 'a.so'), 'abd');
    expect(await findDamage(folder, manifest)).toBeUndefined();
    expect(await findDamage(folder, manifest, { hashes: true })).toBe('lib/a.so does not match its SHA-256');
  });
});
