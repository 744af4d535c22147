/** Look-ups of configuration files, run folders and checkpoints: an existing path wins, else a name in configs/. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';
import { nearestWord } from './schema/yaml.js';
import { isUrl } from './store/index-name.js';

/** The shelves of `configs/` that names are looked up on. */
export type ConfigShelf = 'data' | 'models' | 'hyps' | 'presets';

const FLAG_OF: Readonly<Record<ConfigShelf, string>> = {
  data: '--data',
  models: '--cfg',
  hyps: '--hyp',
  presets: '--preset',
};

/**
 * The absolute path of a YAML file (or of a data set's zip file) given as a path or as a name such as `yolov3-tiny`. `--hyp scratch` also finds
 * `hyp.scratch.yaml`. The address of a data set stays as it is.
 * @throws ConfigError `CONFIG_FILE_NOT_FOUND` with the nearest name
 */
export function findConfigFile(shelf: ConfigShelf, given: string, cwd: string): string {
  if (shelf === 'data' && isUrl(given)) return given;
  const path = resolve(cwd, given);
  if (existsSync(path) && statSync(path).isFile()) return path;
  const folder = join(repoRoot, 'configs', shelf);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /\.ya?ml$/.test(file)) : [];
  const stem = given.replace(/\.ya?ml$/, '');
  const found = [`${stem}.yaml`, `${stem}.yml`, `hyp.${stem}.yaml`].find((file) => files.includes(file));
  if (found) return join(folder, found);
  const names = files.map((file) => file.replace(/\.ya?ml$/, ''));
  const near = nearestWord(stem, names);
  throw new ConfigError('CONFIG_FILE_NOT_FOUND', `${FLAG_OF[shelf]}: there is no file '${given}'`, {
    hint: near ? `did you mean '${near}'?` : `give a path, or one of: ${names.join(', ')}`,
    details: { given, shelf },
  });
}

/**
 * The folder for a new run: `project/name`, or the first free of `name2`, `name3`, … — one more than the largest
 * number that already follows the name, as in the reference.
 */
export function chooseSaveDir(project: string, name: string, existOk: boolean): string {
  const first = join(project, name);
  if (existOk || !existsSync(first)) return first;
  let largest = 1;
  for (const entry of readdirSync(project)) {
    const digits = entry.startsWith(name) ? entry.slice(name.length) : '';
    if (/^\d+$/.test(digits)) largest = Math.max(largest, Number(digits));
  }
  return `${first}${largest + 1}`;
}

/**
 * The newest `weights/last.safetensors` below a folder's `runs/`.
 * @throws ConfigError `CONFIG_NOTHING_TO_RESUME`
 */
export function newestCheckpoint(cwd: string): string {
  const runs = join(cwd, 'runs');
  let newest: { path: string; mtimeMs: number } | undefined;
  const entries = existsSync(runs) ? readdirSync(runs, { recursive: true, encoding: 'utf8' }) : [];
  for (const entry of entries) {
    if (!entry.endsWith(join('weights', 'last.safetensors'))) continue;
    const path = join(runs, entry);
    const { mtimeMs } = statSync(path);
    if (!newest || mtimeMs > newest.mtimeMs) newest = { path, mtimeMs };
  }
  if (newest) return newest.path;
  throw new ConfigError('CONFIG_NOTHING_TO_RESUME', `--resume: there is no weights/last.safetensors below ${runs}`, {
    hint: 'give the checkpoint: --resume path/to/run/weights/last.safetensors',
  });
}

/**
 * The absolute path of a checkpoint that must exist.
 * @throws ConfigError `CONFIG_FILE_NOT_FOUND`, `CONFIG_WEIGHTS_FORMAT`
 */
export function findCheckpoint(flag: string, given: string, cwd: string): string {
  const path = resolve(cwd, given);
  if (!existsSync(path)) {
    throw new ConfigError('CONFIG_FILE_NOT_FOUND', `${flag}: there is no file '${given}'`, {
      hint: 'checkpoints of a run lie in its weights folder: last.safetensors and best.safetensors',
    });
  }
  if (!path.endsWith('.safetensors') || !statSync(path).isFile()) {
    throw new ConfigError('CONFIG_WEIGHTS_FORMAT', `${flag}: '${given}' is not a .safetensors file`, {
      hint: 'save a PyTorch state_dict with safetensors.torch.save_file; the tensors keep their names',
    });
  }
  return path;
}
