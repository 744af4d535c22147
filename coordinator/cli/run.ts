/** The commands `train` and `val`: compile the settings, then launch. */
import { availableParallelism } from 'node:os';
import { stringify } from 'yaml';
import { compileRun } from '../../configs/compile.js';
import { EXIT } from '../../proto/errors.js';
import { milestone } from '../../proto/telemetry/milestones.js';
import { openDataset } from '../dataset.js';
import { gpuFacts } from '../gpu/devices.js';
import { launchRun } from '../launch.js';
import { detectNvidia } from '../setup/nvidia.js';
import type { Arguments } from './arguments.js';

/** Runs `train` or `val`; resolves to the exit code. */
export async function runCommandLine(
  args: Arguments,
  command: 'train' | 'val',
  argv: readonly string[],
): Promise<number> {
  milestone('modules');
  const driver = await detectNvidia();
  const compiled = await compileRun({
    command,
    flags: args.flags,
    env: process.env,
    cwd: process.cwd(),
    argv: ['launch', ...argv],
    host: { numCores: availableParallelism(), ...gpuFacts(driver, process.env) },
    configFile: args.configFile,
    preset: args.preset,
    readDataset: (path, options) => openDataset(path, options),
  });
  milestone('configuration');
  if (args.printConfig) {
    const given = compiled.settings
      .given(command)
      .map(({ name, value, origin }) => `# ${name}: ${value}  (${origin})\n`);
    process.stdout.write(`${given.join('')}${stringify(compiled.config ?? compiled.launch)}`);
    for (const warning of compiled.warnings) process.stderr.write(`warning: ${warning}\n`);
    return EXIT.ok;
  }
  return launchRun(compiled);
}
