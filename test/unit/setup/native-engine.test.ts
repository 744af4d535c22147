import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRecipe, recipeKey } from '../../../coordinator/setup/engine-recipe.js';
import { ensureNativeEngine, findNativeEngine } from '../../../coordinator/setup/native-engine.js';
import { satisfiesEngines } from '../../../coordinator/setup/node-version.mjs';
import { installHint } from '../../../coordinator/setup/package-hints.js';

const isSupported = process.platform === 'linux' && process.arch === 'x64';

describe.runIf(isSupported)('staging the native engine (Linux on x64)', () => {
  let folder = '';
  let env: NodeJS.ProcessEnv = {};
  const tool = async (name: string, script: string) => {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  };
  const workingCompiler = () => tool('g++', 'echo "g++ (fake) 1.0"');
  /** A pip whose `download` runs `script` with $dest set to the folder that was asked for. */
  const pip = (script: string) =>
    tool(
      'pip',
      `if [ "$1" = --version ]; then echo "pip 23.0 from here"; exit 0; fi
while [ "$1" != --dest ]; do shift; done
dest=$2
${script}`,
    );
  const stage = () => ensureNativeEngine({ device: 'cpu', env });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-engine-'));
    await mkdir(join(folder, 'bin'));
    await symlink('/bin/sh', join(folder, 'bin', 'sh'));
    env = { PATH: join(folder, 'bin'), LOCKSTEP_CACHE: join(folder, 'cache') };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('asks for pip where there is none', async () => {
    await workingCompiler();
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_NO_PIP', hint: expect.stringContaining('wasm') });
    // A Python without the module counts as none.
    await tool('python3', 'echo "No module named pip" >&2; exit 1');
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_NO_PIP' });
  });

  it('asks for a compiler before it downloads anything', async () => {
    await pip(`echo called > "${folder}/called"`);
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_NO_COMPILER', hint: expect.stringContaining('wasm') });
    expect(existsSync(join(folder, 'called'))).toBe(false);
  });

  it('passes on what pip said when it fails', async () => {
    await workingCompiler();
    await pip('echo "ERROR: No matching distribution found" >&2; exit 1');
    await expect(stage()).rejects.toMatchObject({
      code: 'ENGINE_DOWNLOAD_FAILED',
      message: expect.stringContaining('No matching distribution'),
    });
  });

  it('tells a full disk from a failed download', async () => {
    await workingCompiler();
    await pip('echo "OSError: [Errno 28] No space left on device" >&2; exit 2');
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_NO_SPACE' });
  });

  it('refuses and removes a wheel with another checksum, and leaves no engine behind', async () => {
    await workingCompiler();
    await pip('echo fake > "$dest/tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl"');
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_CHECKSUM_MISMATCH' });
    const key = recipeKey(findRecipe('cpu'));
    expect(await readdir(join(folder, 'cache', 'engines', 'downloads', key))).toEqual([]);
    expect(await readdir(join(folder, 'cache', 'engines'))).toEqual(['downloads']);
  });

  it('says when the cache cannot be written', async () => {
    await workingCompiler();
    await pip('exit 1');
    await writeFile(join(folder, 'cache'), 'a file, not a folder');
    await expect(stage()).rejects.toMatchObject({ code: 'ENGINE_CACHE_UNUSABLE' });
  });

  it('finds no engine in an empty cache, nor in one whose manifest is not met', async () => {
    expect(await findNativeEngine({ env })).toBeUndefined();
    const key = recipeKey(findRecipe('cpu'));
    const engine = join(folder, 'cache', 'engines', key);
    await mkdir(join(engine, 'lib'), { recursive: true });
    const file = { path: 'lib/tfjs_binding.node', bytes: 3, sha256: 'x' };
    const manifest = { format: 1, key, version: '2.21.0', compiler: 'g++', files: [file] };
    await writeFile(join(engine, 'manifest.json'), JSON.stringify(manifest));
    expect(await findNativeEngine({ env })).toBeUndefined();
    await writeFile(join(engine, 'lib', 'tfjs_binding.node'), 'abc');
    expect(await findNativeEngine({ env })).toMatchObject({
      libraryDir: join(engine, 'lib'),
      bytes: 3,
      version: '2.21.0',
    });
    expect(await findNativeEngine({ env: { ...env, LOCKSTEP_VERIFY: '1' } })).toBeUndefined();
  });

  it('uses a folder that was named as it is, and refuses one without addon', async () => {
    const given = join(folder, 'given');
    await mkdir(given);
    const named = { ...env, LOCKSTEP_TF_LIB_DIR: given };
    await expect(findNativeEngine({ env: named })).rejects.toMatchObject({ code: 'ENGINE_NOT_INSTALLED' });
    await writeFile(join(given, 'tfjs_binding.node'), '');
    expect(await findNativeEngine({ env: named })).toMatchObject({ libraryDir: given });
  });
});

describe('the recipes', () => {
  it('exist for Linux on x64 with and without GPU, and on arm64 without', () => {
    const arm = { platform: 'linux', arch: 'arm64', glibc: '2.31' } as const;
    const x64 = { platform: 'linux', arch: 'x64', glibc: '2.31' } as const;
    expect(findRecipe('gpu', x64).cuda).toHaveLength(12);
    expect(findRecipe('cpu', x64).cuda).toEqual([]);
    expect(findRecipe('cpu', arm).tensorflow.name).toBe('tensorflow');
    expect(() => findRecipe('gpu', arm)).toThrow(expect.objectContaining({ code: 'ENGINE_UNSUPPORTED_PLATFORM' }));
  });

  it.each([
    ['an old glibc', { platform: 'linux', arch: 'x64', glibc: '2.26' }],
    ['musl', { platform: 'linux', arch: 'x64', glibc: undefined }],
    ['Windows', { platform: 'win32', arch: 'x64', glibc: undefined }],
  ] as const)('are refused on %s', (_name, host) => {
    expect(() => findRecipe('cpu', host)).toThrow(expect.objectContaining({ code: 'ENGINE_UNSUPPORTED_PLATFORM' }));
  });
});

describe('installHint', () => {
  it.each([
    ['ID=debian\n', 'apt-get install g++'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'apt-get install g++'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'dnf install gcc-c++'],
    ['ID=arch\n', 'pacman -S gcc'],
  ])('speaks the package manager of %j', (osRelease, command) => {
    expect(installHint('compiler', 'linux', osRelease)).toBe(`Install it with: ${command}`);
  });

  it('names several where it does not know the system', () => {
    expect(installHint('pip', 'linux', '')).toContain('apt-get install python3-pip');
    expect(installHint('pip', 'darwin', '')).toContain('brew');
  });
});

describe('satisfiesEngines', () => {
  const range = '^20.19.0 || ^22.12.0 || >=24';
  it.each([
    ['20.19.0', true],
    ['20.18.9', false],
    ['21.9.0', false],
    ['22.12.0', true],
    ['22.11.0', false],
    ['23.5.0', false],
    ['24.0.0', true],
    ['26.10.0', true],
    ['18.20.4', false],
  ])('says for Node %s: %s', (version, expected) => {
    expect(satisfiesEngines(version, range)).toBe(expected);
  });

  it('does not accept a grammar that it does not know', () => {
    expect(satisfiesEngines('20.19.0', '20.x')).toBe(false);
  });
});
