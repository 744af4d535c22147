/** Installs the npm packages that package-lock.json names, without running their install scripts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { SetupError, step } from './steps.mjs';

const stampPath = (root) => join(root, 'node_modules', '.lockstep-install.json');

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether node_modules was installed, to the end, from the present lock file. */
export function dependenciesAreCurrent(root) {
  return readJson(stampPath(root))?.lock === lockHash(root);
}

/**
 * Whether a node_modules without our stamp holds what the lock names anyway, because someone ran npm by hand. npm writes
 * its own record of an installation when it has finished; compare that.
 */
export function matchesHiddenLock(root) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (wanted === undefined || installed === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    // Packages for other platforms are left out by npm.
    if (found === undefined && entry.optional === true) continue;
    if (found === undefined || found.version !== entry.version || !existsSync(join(root, path))) return false;
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined);
}

function writeStamp(root) {
  writeFileSync(stampPath(root), `${JSON.stringify({ lock: lockHash(root), node: process.versions.node })}\n`);
}

/** The npm that started us, else the one in PATH. */
function npmCommand(env) {
  const script = env.npm_execpath;
  if (script?.endsWith('npm-cli.js') && existsSync(script)) return { command: process.execPath, prefix: [script] };
  return { command: 'npm', prefix: [] };
}

/** Runs `npm ci --ignore-scripts` when the lock file and node_modules disagree. */
export async function ensureDependencies(root, env = process.env) {
  if (dependenciesAreCurrent(root)) return;
  if (matchesHiddenLock(root)) {
    writeStamp(root);
    return;
  }
  const { command, prefix } = npmCommand(env);
  await step('dependencies from package-lock.json (npm ci)', async () => {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    rmSync(stampPath(root), { force: true });
    // Development dependencies hold the compiler, which the set-up needs even where NODE_ENV says production.
    const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const result = await runCommand(command, [...prefix, ...args], { cwd: root, env });
    if (result.missing) {
      throw new SetupError(
        'LAUNCH_NO_NPM',
        'npm was not found in PATH.',
        'npm comes with Node.js (https://nodejs.org); on Debian and Ubuntu: apt-get install npm.',
      );
    }
    if (result.code !== 0) {
      const tail = result.output.trim().split('\n').slice(-15).join('\n');
      throw new SetupError(
        'LAUNCH_INSTALL_FAILED',
        `npm ci ended with ${result.signal ?? `exit code ${result.code}`} in ${root}:\n${tail}`,
        'Check the network and npm\'s registry settings ("npm ping"), then try again: what was half installed is replaced.',
      );
    }
    writeStamp(root);
  });
}
