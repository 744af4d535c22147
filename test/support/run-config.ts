/** Configurations compiled as the command line does, on a data set that is not there. */
import { type CompileInput, compileRun } from '../../configs/compile.js';
import type { RunConfig } from '../../configs/run-config.js';
import { repoRoot } from '../../proto/paths.js';

/** Compiles flags (by name without dashes) into a run of a three-class data set. */
export async function compileForTest(
  flags: Readonly<Record<string, string | boolean>>,
  more: Partial<CompileInput> = {},
): Promise<RunConfig> {
  const { config } = await compileRun({
    command: 'train',
    flags: new Map(Object.entries({ data: 'coco128', ...flags })),
    env: {},
    cwd: repoRoot,
    argv: [],
    host: { numCores: 8, gpus: [] },
    readDataset: async (yaml) => ({ yaml, train: ['/t'], val: ['/v'], test: [], nc: 3, names: ['a', 'b', 'c'] }),
    ...more,
  });
  return config!;
}
