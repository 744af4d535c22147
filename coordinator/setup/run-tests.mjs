/**
 * What `npm test` does: set up, check, stage the native engine, run vitest, and close with `N passed, N failed, N skipped`.
 * A check or a build that fails counts as one failed test, so that the last line never says less than the exit code.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runChecks } from './check.mjs';
import { prepare } from './prepare.mjs';

/** The folder of the native engine, or undefined with the reason printed: the tests then run on wasm alone. */
async function stageEngine(root, env) {
  const { ensureNativeEngine } = await import(
    pathToFileURL(join(root, 'dist', 'coordinator', 'setup', 'native-engine.js')).href
  );
  const { stepPrinter } = await import(pathToFileURL(join(root, 'dist', 'coordinator', 'setup', 'progress.js')).href);
  try {
    const engine = await ensureNativeEngine({ device: 'cpu', env, onProgress: stepPrinter(process.stderr) });
    return engine.libraryDir;
  } catch (error) {
    if (error?.code === undefined) throw error;
    process.stderr.write(`set-up: no native engine, tests that need it are skipped. ${error.code}: ${error.message}\n`);
    if (error.hint) process.stderr.write(`  ${error.hint}\n`);
    return undefined;
  }
}

function runVitest(root, args, env) {
  return new Promise((resolve) => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: root, env, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    process.once('SIGTERM', forward);
    process.once('SIGINT', forward);
    child.on('error', () => resolve(1));
    child.on('close', (code) => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', forward);
      resolve(code ?? 1);
    });
  });
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // No counts: vitest ended before its tests did.
    return { passed: 0, failed: 0, skipped: 0, isMissing: true };
  }
}

/**
 * Runs everything and resolves to the exit code.
 * @param args arguments for vitest: file filters, `-t name`, …
 */
export async function runTests(root, args, env = process.env) {
  const summarize = (counts) =>
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-tests-'));
  try {
    await prepare(root);
    const numFailedChecks = await runChecks(root);
    const libraryDir = await stageEngine(root, env);
    const countsPath = join(folder, 'counts.json');
    const testEnv = { ...env, LOCKSTEP_TEST_COUNTS: countsPath };
    if (libraryDir !== undefined) testEnv.LOCKSTEP_TF_LIB_DIR = libraryDir;
    const code = await runVitest(root, args, testEnv);
    const counts = readCounts(countsPath);
    counts.failed += numFailedChecks;
    if (counts.failed === 0 && (code !== 0 || counts.isMissing)) counts.failed = 1;
    summarize(counts);
    return counts.failed === 0 ? 0 : 1;
  } catch (error) {
    const text = error?.isSetupError
      ? `${error.code}: ${error.message}\n  ${error.hint ?? ''}`
      : (error?.stack ?? error);
    process.stderr.write(`${text}\n`);
    summarize({ passed: 0, failed: 1, skipped: 0 });
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
