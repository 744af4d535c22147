/**
 * When a process reached what, on the wall clock: for finding out where a start spends its time. Marks are kept in memory;
 * a file is written only where the environment names a folder (`npm run bench -- startup` does).
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Marks of the start carry this before their name; `coordinator/setup/bootstrap.mjs` sets them by itself. */
const PREFIX = 'lockstep:';
const FOLDER_VARIABLE = 'LOCKSTEP_MILESTONES';

/** One process's marks. */
export interface Milestones {
  /** When the process began, in milliseconds since 1970. */
  readonly startedMs: number;
  /** In the order in which they were reached; milliseconds since 1970. */
  readonly marks: readonly { readonly name: string; readonly atMs: number }[];
}

/** Notes that this process has come as far as `name` says. */
export function milestone(name: string): void {
  performance.mark(PREFIX + name);
}

/** Writes this process's marks so far to `ROLE.json` in the folder that the environment names, if it names one. */
export function writeMilestones(role: string, env: NodeJS.ProcessEnv = process.env): void {
  const folder = env[FOLDER_VARIABLE];
  if (folder === undefined || folder === '') return;
  const marks = performance
    .getEntriesByType('mark')
    .filter(({ name }) => name.startsWith(PREFIX))
    .map(({ name, startTime }) => ({ name: name.slice(PREFIX.length), atMs: performance.timeOrigin + startTime }));
  const milestones: Milestones = { startedMs: performance.timeOrigin, marks };
  // Under its name the file is complete: whoever sees it may end this process at once.
  const path = join(folder, `${role}.json`);
  writeFileSync(`${path}.part`, JSON.stringify(milestones));
  renameSync(`${path}.part`, path);
}
