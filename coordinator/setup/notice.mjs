/**
 * Writes NOTICE: the parts that a user downloads when Lockstep is set up, with their licences, from package-lock.json.
 *
 *   node coordinator/setup/notice.mjs            write
 *   node coordinator/setup/notice.mjs --check    compare only; exit code 1 when it differs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HEAD = `Lockstep
Licensed under the Apache License, Version 2.0 (see LICENSE).

This repository holds no code of the parts below. They are downloaded from their public homes when Lockstep is set up
on a machine, and stay under their own licences.

The native engine, downloaded from the Python package index into the user's cache
  TensorFlow 2.21.0 (wheels tensorflow-cpu and tensorflow): Apache-2.0. The wheel's THIRD_PARTY_NOTICES.txt is kept
    beside the libraries that are taken from it.
  NVIDIA CUDA, cuDNN and NCCL libraries (wheels nvidia-*-cu12), only on machines with an NVIDIA driver: NVIDIA's own
    licences, in the "License.txt" of each wheel.
  The addon tfjs_binding.node is compiled on the user's machine from the sources in @tensorflow/tfjs-node-gpu.

Inside packages from npm
  zeromq contains libzmq (MPL-2.0) and libsodium (ISC).
  @img/sharp-libvips-* contains libvips (LGPL-3.0-or-later) and the libraries it builds on, listed in its README.
  @tensorflow/tfjs-backend-wasm contains XNNPACK (BSD-3-Clause) and Emscripten's runtime (MIT).

Packages from npm (package-lock.json, without development tools)
`;

/** The text of NOTICE as the lock file under `root` gives it. */
export function noticeText(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const lines = new Set();
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '' || entry.dev === true) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    lines.add(`  ${name} ${entry.version}: ${entry.license ?? 'see the package'}`);
  }
  return `${HEAD}${[...lines].sort((a, b) => (a < b ? -1 : 1)).join('\n')}\n`;
}

/** Whether NOTICE differs from what the lock file gives. */
export function staleNotice(root) {
  return readFileSync(join(root, 'NOTICE'), 'utf8') !== noticeText(root);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  if (!process.argv.includes('--check')) {
    writeFileSync(join(root, 'NOTICE'), noticeText(root));
  } else if (staleNotice(root)) {
    process.stderr.write('NOTICE is not what package-lock.json gives: npm run notice\n');
    process.exitCode = 1;
  }
}
