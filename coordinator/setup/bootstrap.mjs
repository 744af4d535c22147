/**
 * The first code that runs: checks Node, installs the locked dependencies, builds, then starts the command line in this process.
 *
 *   node coordinator/setup/bootstrap.mjs --build-only     set up and stop
 *   node coordinator/setup/bootstrap.mjs --tests [...]    set up, check, and run the tests (arguments go to vitest)
 *   node coordinator/setup/bootstrap.mjs -- [...]         set up and run the command line
 *
 * It imports nothing but Node's own modules before the version check, and needs no installed package at any time.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { satisfiesEngines } from './node-version.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function checkNode() {
  const range = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  if (satisfiesEngines(process.versions.node, range)) return true;
  process.stderr.write(
    `LAUNCH_NODE_UNSUPPORTED: this is Node ${process.versions.node} (${process.execPath}); Lockstep needs ${range}.\n` +
      '  Install Node.js 24 (https://nodejs.org), or name another binary: LOCKSTEP_NODE=/path/to/node ./launch\n',
  );
  return false;
}

// Read by proto/telemetry/milestones.ts, which cannot be imported before the build.
const milestone = (name) => performance.mark(`lockstep:${name}`);

async function main() {
  milestone('node');
  const mode = process.argv[2];
  const rest = process.argv.slice(3);
  if (mode === '--tests') {
    const { runTests } = await import('./run-tests.mjs');
    process.exitCode = await runTests(root, rest);
    return;
  }
  const { prepare } = await import('./prepare.mjs');
  await prepare(root);
  if (mode === '--build-only') return;
  milestone('checks');
  const entry = join(root, 'dist', 'coordinator', 'cli', 'index.js');
  // The command line sees what it would see had it been started by itself.
  process.argv = [process.execPath, entry].concat(mode === '--' ? rest : process.argv.slice(2));
  await import(new URL('../../dist/coordinator/cli/index.js', import.meta.url).href);
}

if (checkNode()) {
  main().catch((error) => {
    if (error !== null && typeof error === 'object' && error.isSetupError === true) {
      process.stderr.write(`${error.code}: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`);
    } else {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    }
    process.exitCode = 69;
  });
} else {
  process.exitCode = 69;
}
