#!/usr/bin/env node
/** The command line's entry: reads the arguments, runs the command, and turns errors into one block and an exit code. */
import { endWithoutReader, outliveReader } from '../../proto/telemetry/reader.js';
import { packageVersion } from '../run-folder.js';
import { helpText, readArguments } from './arguments.js';
import { exitCodeOf, formatError } from './errors.js';

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'dataset') {
    endWithoutReader();
    const { runDatasetCommand } = await import('./dataset.js');
    return runDatasetCommand(argv.slice(1));
  }
  const args = readArguments(argv);
  // A training is worth more than what it prints.
  const isRun = !args.help && !args.printConfig && (args.command === 'train' || args.command === 'val');
  if (isRun) outliveReader();
  else endWithoutReader();
  if (args.help || args.command === 'help') {
    process.stdout.write(`${await helpText(args.command)}\n`);
    return 0;
  }
  switch (args.command) {
    case 'version':
      process.stdout.write(
        args.json
          ? `${JSON.stringify({ version: packageVersion(), node: process.version })}\n`
          : `${packageVersion()}\n`,
      );
      return 0;
    case 'doctor': {
      const { runDoctor } = await import('../setup/doctor-report.js');
      return runDoctor({ json: args.json });
    }
    case 'train':
    case 'val': {
      // Loaded late: help and typing errors need none of it.
      const { runCommandLine } = await import('./run.js');
      return runCommandLine(args, args.command, argv);
    }
  }
}

const argv = process.argv.slice(2);
const debug =
  /--log-level[= ](debug|trace)/.test(argv.join(' ')) ||
  ['debug', 'trace'].includes(process.env.LOCKSTEP_LOG_LEVEL ?? '');
try {
  process.exitCode = await main(argv);
} catch (error) {
  for (const line of formatError(error, debug)) process.stderr.write(`${line}\n`);
  process.exitCode = exitCodeOf(error);
}
