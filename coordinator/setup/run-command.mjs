/** Runs a program to its end with its output collected. */
import { spawn } from 'node:child_process';

/**
 * Resolves to `{ code, signal, output }` (standard output and error together), or `{ code: 127, … }` when it cannot be started.
 * @param options.cwd working directory
 * @param options.env environment
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) =>
      resolve({ code: 127, signal: null, output: error.message, missing: error.code === 'ENOENT' }),
    );
    child.on('close', (code, signal) => resolve({ code, signal, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
