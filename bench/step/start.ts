/** What both sides of the step benchmark start from, as files for the rival: the same weights, the same noise. */
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHeader, layOutTensors, writeData, writeFully } from '../../worker/checkpoint/safetensors.js';
import { toStateTensors } from '../../worker/checkpoint/transfer.js';
import { initialState } from '../../worker/model/initial-state.js';
import type { Model } from '../../worker/model/model.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { noiseBatch } from '../noise-batch.js';

const SEED = 0;

/** Returns the model that a step trains. */
export async function stepModel(path: string, nc: number): Promise<Model> {
  return resolveModel(parseModelYaml(await readFile(path, 'utf8'), path), { nc });
}

/** Returns the weights that a step starts from, by name, in PyTorch's layout. */
export function startWeights(model: Model): Map<string, Float32Array> {
  return initialState(model, SEED);
}

/**
 * Writes weights.safetensors, images.u8 ([batch, img, img, 3]) and targets.json (rows image, class, cx, cy, w, h). A process with a
 * share of the batch takes the first images: so does each of our workers, which makes the same noise with fewer images.
 */
export async function writeStart(
  folder: string,
  work: { readonly modelPath: string; readonly nc: number; readonly batch: number; readonly img: number },
): Promise<void> {
  const model = await stepModel(work.modelPath, work.nc);
  const tensors = toStateTensors(startWeights(model), model.state);
  const entries = layOutTensors(tensors);
  await using weights = await open(join(folder, 'weights.safetensors'), 'w');
  await writeFully(weights, encodeHeader(entries, {}));
  await writeData(weights, tensors, entries, () => {});
  const { images, targets, numTargets } = noiseBatch(work.batch, work.img, work.nc);
  await writeFile(join(folder, 'images.u8'), images);
  const rows = Array.from({ length: numTargets }, (_, i) => [...targets.subarray(i * 6, i * 6 + 6)]);
  await writeFile(join(folder, 'targets.json'), JSON.stringify(rows));
}
