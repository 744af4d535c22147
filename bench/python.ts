/** The Python environment that benchmarks against other programs run in. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LaunchError } from '../proto/errors.js';
import { cacheRoot } from '../proto/paths.js';

/**
 * The interpreter to use: `given` (a flag), else `LOCKSTEP_RIVALS` (an interpreter or its environment's folder), else what
 * `bench/setup-rivals.sh` made in the cache.
 * @throws LaunchError `LAUNCH_NO_RIVALS` if it is not there
 */
export function findPython(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const place = resolve(given ?? env.LOCKSTEP_RIVALS ?? join(cacheRoot(env), 'rivals'));
  const inside = join(place, 'bin', 'python');
  if (existsSync(inside)) return inside;
  if (existsSync(place) && statSync(place).isFile()) return place;
  throw new LaunchError('LAUNCH_NO_RIVALS', `no Python environment at ${place}`, {
    hint: 'sh bench/setup-rivals.sh makes one; or name an interpreter that has torch with --python or LOCKSTEP_RIVALS',
  });
}
