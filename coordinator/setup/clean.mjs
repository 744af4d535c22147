/** Removes what the set-up made in the checkout: the build and coverage. Runs, node_modules and the shared cache stay. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
for (const name of ['dist', 'coverage']) rmSync(join(root, name), { recursive: true, force: true });
