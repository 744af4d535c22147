/**
 * The checks that are no tests: types of everything, tests included (tsc), formatting and lint (biome), lint with types (oxlint).
 *
 *   node coordinator/setup/check.mjs    prints what fails; exit code 1 when something does
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runCommand } from './run-command.mjs';
import { step } from './steps.mjs';

const FOLDERS = ['configs', 'coordinator', 'proto', 'test', 'worker', 'bench'];

/** Runs a package's script; resolves to what it printed when it failed. */
async function runTool(root, script, args) {
  const result = await runCommand(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root });
  return result.code === 0 ? undefined : result.output.trim();
}

/** Runs all checks and resolves to the number that failed. */
export async function runChecks(root) {
  const folders = FOLDERS.filter((name) => existsSync(join(root, name)));
  const checks = {
    'types (tsc)': () =>
      runTool(root, 'typescript/bin/tsc', ['-p', 'tsconfig.json', '--noEmit', '--incremental', 'false']),
    'format and lint (biome)': () => runTool(root, '@biomejs/biome/bin/biome', ['check', '--colors=off', '.']),
    'lint with types (oxlint)': () => runTool(root, 'oxlint/bin/oxlint', ['--type-aware', ...folders]),
  };
  let numFailed = 0;
  for (const [label, run] of Object.entries(checks)) {
    const problem = await step(`check: ${label}`, run);
    if (problem === undefined) continue;
    numFailed += 1;
    process.stderr.write(`${problem}\n`);
  }
  return numFailed;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const { prepare } = await import('./prepare.mjs');
  await prepare(root);
  process.exitCode = (await runChecks(root)) === 0 ? 0 : 1;
}
