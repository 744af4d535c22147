/** Where things lie: the root of this checkout, the shared cache, and the built thread and process entries. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // Source and build differ by one level (`proto/` against `dist/proto/`), so look for the file that marks the root.
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The folder that holds package.json, as an absolute path. */
export const repoRoot: string = findRoot();

/**
 * The absolute path of a built JavaScript file, for starting threads and processes.
 * @param source path below the root without extension, such as `worker/main`
 */
export function builtEntry(source: string): string {
  return join(repoRoot, 'dist', `${source}.js`);
}

/** The cache that all clones of a user share: `LOCKSTEP_CACHE`, else `$XDG_CACHE_HOME/lockstep`, else `~/.cache/lockstep`. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.LOCKSTEP_CACHE) return resolve(env.LOCKSTEP_CACHE);
  return join(env.XDG_CACHE_HOME ? resolve(env.XDG_CACHE_HOME) : join(homedir(), '.cache'), 'lockstep');
}
