/** Brings the checkout into a state in which it can run: locked dependencies, then the TypeScript build. Costs milliseconds when both are there. */
import { join } from 'node:path';
import { buildIsCurrent, ensureBuild } from './build.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { withFolderLock } from './folder-lock.mjs';

/**
 * Installs and builds what is missing under `root`; concurrent calls wait for each other.
 * @throws SetupError LAUNCH_NO_NPM, LAUNCH_INSTALL_FAILED, LAUNCH_BUILD_FAILED
 */
export async function prepare(root) {
  if (dependenciesAreCurrent(root) && buildIsCurrent(root)) return;
  await withFolderLock(
    join(root, 'dist', '.setup.lock'),
    async () => {
      await ensureDependencies(root);
      await ensureBuild(root);
    },
    { onWait: (pid) => process.stderr.write(`set-up: waiting for another set-up of this checkout (pid ${pid})\n`) },
  );
}
