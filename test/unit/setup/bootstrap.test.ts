import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repoRoot } from '../../../proto/paths.js';

/** Installs a compiler that copies each .ts file to dist as .js, and records that it ran. */
const FAKE_NPM = `#!/bin/sh
echo npm "$@" >> calls
if [ -f npm-fails ]; then echo "npm error network" >&2; exit 1; fi
rm -rf node_modules && mkdir -p node_modules/typescript/bin
cat > node_modules/typescript/bin/tsc <<'END'
const fs = require('node:fs');
fs.appendFileSync('calls', 'tsc\\n');
if (fs.existsSync('tsc-fails')) { console.log('worker/x.ts(1,1): error TS2322: not a number'); process.exit(2); }
for (const name of fs.readdirSync('coordinator/cli')) {
  fs.mkdirSync('dist/coordinator/cli', { recursive: true });
  fs.copyFileSync('coordinator/cli/' + name, 'dist/coordinator/cli/' + name.replace('.ts', '.js'));
}
END
`;

const CLI = 'console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() })); process.exitCode = 3;\n';

describe('the launch script', () => {
  let folder = '';
  let root = '';

  const environment = () => {
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}` };
    // Under "npm test" this names the real npm.
    delete env.npm_execpath;
    return env;
  };
  const launch = (args: readonly string[], cwd = folder): SpawnSyncReturns<string> =>
    spawnSync(join(root, 'launch'), args, { cwd, env: environment(), encoding: 'utf8' });
  const calls = async () => {
    const path = join(root, 'calls');
    return existsSync(path) ? (await readFile(path, 'utf8')).trim().split('\n') : [];
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-bootstrap-'));
    root = join(folder, 'a checkout with spaces');
    await mkdir(join(folder, 'bin'), { recursive: true });
    await writeFile(join(folder, 'bin', 'npm'), FAKE_NPM, { mode: 0o755 });
    await symlink(process.execPath, join(folder, 'bin', 'node'));
    await mkdir(join(root, 'coordinator', 'cli'), { recursive: true });
    await cp(join(repoRoot, 'launch'), join(root, 'launch'));
    await cp(join(repoRoot, 'coordinator', 'setup'), join(root, 'coordinator', 'setup'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    const manifest = { type: 'module', engines: { node: '>=20' } };
    await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(root, 'package-lock.json'), '{"packages": {}}');
    await writeFile(join(root, 'tsconfig.json'), '{}');
    await writeFile(join(root, 'tsconfig.build.json'), '{"extends": "./tsconfig.json"}');
    await writeFile(join(root, 'coordinator', 'cli', 'index.ts'), CLI);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('installs, builds, then runs the command line in the caller’s folder with its arguments and exit code', async () => {
    const first = launch(['train', '--name', 'two words']);
    expect(first.stderr).toContain('set-up: dependencies from package-lock.json');
    expect(first.stderr).toContain('set-up: build (tsc, asc)');
    expect(first.status).toBe(3);
    expect(JSON.parse(first.stdout)).toMatchObject({ args: ['train', '--name', 'two words'] });
    expect((await calls())[0]).toContain('npm ci --ignore-scripts');

    const second = launch(['--help']);
    expect(second.stderr).toBe('');
    expect(JSON.parse(second.stdout)).toMatchObject({ args: ['--help'] });
    expect(await calls()).toHaveLength(2);
  });

  it('runs through a symbolic link from anywhere', async () => {
    await symlink(join(root, 'launch'), join(folder, 'bin', 'lockstep'));
    const result = spawnSync('lockstep', ['doctor'], { cwd: folder, env: environment(), encoding: 'utf8' });
    expect(JSON.parse(result.stdout)).toMatchObject({ args: ['doctor'] });
  });

  it('builds again when a source changes, and not when only its time does', async () => {
    launch([]);
    const source = join(root, 'coordinator', 'cli', 'index.ts');
    const later = new Date(Date.now() + 10_000);
    await utimes(source, later, later);
    launch([]);
    expect((await calls()).filter((call) => call === 'tsc')).toHaveLength(1);
    await appendFile(source, '// changed\n');
    launch([]);
    expect((await calls()).filter((call) => call === 'tsc')).toHaveLength(2);
  });

  it('removes what was compiled from a source that is gone', async () => {
    const extra = join(root, 'coordinator', 'cli', 'extra.ts');
    await writeFile(extra, '');
    launch([]);
    expect(existsSync(join(root, 'dist', 'coordinator', 'cli', 'extra.js'))).toBe(true);
    await rm(extra);
    launch([]);
    expect(existsSync(join(root, 'dist', 'coordinator', 'cli', 'extra.js'))).toBe(false);
  });

  it('installs again when the lock file changes', async () => {
    launch([]);
    await writeFile(join(root, 'package-lock.json'), '{"packages": {"node_modules/x": {"version": "1.0.0"}}}');
    launch([]);
    expect((await calls()).filter((call) => call.startsWith('npm'))).toHaveLength(2);
  });

  it('shows what npm said when the installation fails, and repairs it next time', async () => {
    await writeFile(join(root, 'npm-fails'), '');
    const failed = launch([]);
    expect(failed.status).toBe(69);
    expect(failed.stderr).toContain('LAUNCH_INSTALL_FAILED');
    expect(failed.stderr).toContain('npm error network');
    await rm(join(root, 'npm-fails'));
    expect(launch([]).status).toBe(3);
  });

  it('shows the compiler’s errors, does not start, and builds next time', async () => {
    await writeFile(join(root, 'tsc-fails'), '');
    const failed = launch([]);
    expect(failed.status).toBe(69);
    expect(failed.stderr).toContain('LAUNCH_BUILD_FAILED');
    expect(failed.stderr).toContain('worker/x.ts(1,1): error TS2322');
    expect(failed.stdout).toBe('');
    await rm(join(root, 'tsc-fails'));
    expect(launch([]).status).toBe(3);
  });

  it('sets up once when several are started together', async () => {
    const codes = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((resolve) => {
            spawn(join(root, 'launch'), [], { cwd: folder, env: environment(), stdio: 'ignore' }).on('close', resolve);
          }),
      ),
    );
    expect(codes).toEqual([3, 3, 3]);
    expect(await calls()).toHaveLength(2);
  });

  it('refuses a Node that is too old, and says which is needed', async () => {
    await writeFile(join(root, 'package.json'), JSON.stringify({ type: 'module', engines: { node: '>=99' } }));
    const result = launch([]);
    expect(result.status).toBe(69);
    expect(result.stderr).toContain('LAUNCH_NODE_UNSUPPORTED');
    expect(result.stderr).toContain('>=99');
  });

  it('says so where there is no Node', () => {
    const env = { ...environment(), LOCKSTEP_NODE: 'no-such-node' };
    const result = spawnSync(join(root, 'launch'), [], { cwd: folder, env, encoding: 'utf8' });
    expect(result.status).toBe(69);
    expect(result.stderr).toContain('LAUNCH_NO_NODE');
  });
});
