// The real launcher, as a process, with fake workers and a data set that is not read. Arguments are those of `launch`.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileRun } from '../../dist/configs/compile.js';
import { readArguments } from '../../dist/coordinator/cli/arguments.js';
import { exitCodeOf, formatError } from '../../dist/coordinator/cli/errors.js';
import { launchRun } from '../../dist/coordinator/launch.js';

const argv = process.argv.slice(2);
try {
  const args = readArguments(argv);
  const compiled = await compileRun({
    command: args.command,
    flags: args.flags,
    env: {},
    cwd: process.cwd(),
    argv,
    host: { numCores: 2, gpus: [] },
    readDataset: async (yaml) => ({ yaml, train: ['/none'], val: ['/none'], test: [], nc: 1, names: ['thing'] }),
  });
  const workerEntry = join(dirname(fileURLToPath(import.meta.url)), 'fake-worker.mjs');
  process.exitCode = await launchRun(compiled, { workerEntry, openDataset: async () => {} });
} catch (error) {
  for (const line of formatError(error, false)) process.stderr.write(`${line}\n`);
  process.exitCode = exitCodeOf(error);
}
