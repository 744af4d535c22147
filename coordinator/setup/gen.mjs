/**
 * Generates the message classes from proto/messages/*.proto into proto/gen.
 *
 *   node coordinator/setup/gen.mjs            write
 *   node coordinator/setup/gen.mjs --check    compare only; exit code 1 when they differ
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runCommand } from './run-command.mjs';
import { SetupError } from './steps.mjs';

const FILES = ['messages.js', 'messages.d.ts'];

/** Resolves to the generated files' contents by name. @throws SetupError LAUNCH_GENERATE_FAILED */
export async function generateMessages(root) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-gen-'));
  try {
    const sources = readdirSync(join(root, 'proto', 'messages'))
      .filter((name) => name.endsWith('.proto'))
      .sort()
      .map((name) => join('proto', 'messages', name));
    const args = [
      join(root, 'node_modules', 'protobufjs-cli', 'bin', 'pbjs'),
      ...['-t', 'static-module', '-w', 'esm', '--dts', '-r', 'lockstep', '--dependency', 'protobufjs/minimal.js'],
      // Counters stay below 2^53, and numbers are what the rest of the code wants; no reflection helpers are used.
      ...[
        '--force-number',
        '--no-service',
        '--no-create',
        '--no-verify',
        '--no-convert',
        '--no-delimited',
        '--no-typeurl',
      ],
      ...['-o', join(folder, FILES[0])],
      ...sources,
    ];
    const result = await runCommand(process.execPath, args, { cwd: root });
    if (result.code !== 0) {
      throw new SetupError(
        'LAUNCH_GENERATE_FAILED',
        `pbjs failed:\n${result.output.trim()}`,
        'Correct the .proto file named above.',
      );
    }
    return Object.fromEntries(FILES.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The names of the files under proto/gen that differ from what the .proto files give. */
export async function staleMessages(root) {
  const fresh = await generateMessages(root);
  return FILES.filter((name) => readFileSync(join(root, 'proto', 'gen', name), 'utf8') !== fresh[name]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  if (process.argv.includes('--check')) {
    const stale = await staleMessages(root);
    for (const name of stale) process.stderr.write(`proto/gen/${name} is not what proto/messages gives: npm run gen\n`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [name, text] of Object.entries(await generateMessages(root))) {
      const path = join(root, 'proto', 'gen', name);
      writeFileSync(path, text);
      process.stderr.write(`wrote ${relative(root, path)}\n`);
    }
  }
}
