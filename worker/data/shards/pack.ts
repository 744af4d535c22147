/**
 * Packs a split into tar files in WebDataset's layout (`000000017.jpg` beside `000000017.json`) and writes their index last,
 * so that an index never names a file that is not whole. Equal data sets give equal bytes.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { INDEX_SUFFIX } from '../../../configs/store/index-name.js';
import { DataError } from '../../../proto/errors.js';
import type { Dataset } from '../dataset.js';
import { locationOf } from './locations.js';
import { formatIndex, type ShardIndex, type ShardSample } from './shard-index.js';
import { readSample } from './shard-reader.js';
import { BLOCK_BYTES, END_OF_ARCHIVE, paddingBytes, tarHeader } from './tar.js';

export interface PackOptions {
  /** Names the files: `<split>-000000.tar`, `<split>.shards.json`. */
  readonly split: string;
  readonly folder: string;
  /** A tar file is closed once it holds so many bytes. */
  readonly shardBytes: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A tar file that is being written under a temporary name. */
class ShardWriter {
  readonly name: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;
  #samples = 0;

  private constructor(name: string, path: string, file: FileHandle) {
    this.name = name;
    this.#path = path;
    this.#file = file;
  }

  static async open(folder: string, name: string): Promise<ShardWriter> {
    const path = join(folder, name);
    return new ShardWriter(name, path, await open(`${path}.part`, 'w'));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a file and returns where its body begins. */
  async add(name: string, body: Uint8Array): Promise<number> {
    await this.#write(tarHeader(name, body.length));
    const offset = this.#bytes;
    await this.#write(body);
    await this.#write(new Uint8Array(paddingBytes(body.length)));
    return offset;
  }

  countSample(): void {
    this.#samples++;
  }

  async close(): Promise<ShardIndex['shards'][number]> {
    await this.#write(END_OF_ARCHIVE);
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
    return { file: this.name, bytes: this.#bytes, sha256: this.#hash.digest('hex'), samples: this.#samples };
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(`${this.#path}.part`, { force: true });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await this.#file.writeFile(bytes);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}

/** The bytes of an image's file, from wherever it lies. */
async function imageBytes(dataset: Dataset, index: number): Promise<Uint8Array> {
  const location = locationOf(dataset.table, index);
  if (location !== undefined) return readSample(location);
  const path = dataset.imagePath(index);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new DataError('DATA_IMAGE_UNREADABLE', `${path}: ${(cause as Error).message}`, {
      hint: 'the file was there when the data set was scanned; pack again',
      details: { path },
      cause,
    });
  }
}

function describe(
  dataset: Dataset,
  index: number,
): Pick<ShardSample, 'name' | 'imageId' | 'width' | 'height' | 'labels' | 'polygons'> {
  const rows = dataset.labels(index);
  const labels = Array.from({ length: rows.length / 5 }, (_, i) => [
    ...rows.subarray(5 * i, 5 * i + 5),
  ]) as ShardSample['labels'];
  const polygons = dataset.polygons(index).map((polygon) => [...polygon]);
  const [width, height] = dataset.size(index);
  return {
    name: dataset.imageName(index),
    imageId: dataset.imageId(index),
    width,
    height,
    labels,
    ...(polygons.length > 0 && { polygons }),
  };
}

/**
 * Packs a scanned split.
 * @returns the index, which is also on disk, and its path
 * @throws DataError `DATA_PACK_EXISTS` where an index lies already, `DATA_IMAGE_UNREADABLE`, `DATA_PACK_FAILED`
 */
export async function packDataset(
  dataset: Dataset,
  options: PackOptions,
): Promise<{ index: ShardIndex; path: string }> {
  const { split, folder, shardBytes, onProgress, signal } = options;
  const path = join(folder, `${split}${INDEX_SUFFIX}`);
  await mkdir(folder, { recursive: true });
  if (
    await readFile(path).then(
      () => true,
      () => false,
    )
  ) {
    throw new DataError('DATA_PACK_EXISTS', `${path} exists already`, {
      hint: 'choose another --out, or remove the old shards first',
    });
  }
  const shards: ShardIndex['shards'] = [];
  const samples: ShardSample[] = [];
  let writer: ShardWriter | undefined;
  try {
    for (let i = 0; i < dataset.numImages; i++) {
      signal?.throwIfAborted();
      const body = await imageBytes(dataset, i);
      if (writer !== undefined && writer.bytes + body.length + 2 * BLOCK_BYTES > shardBytes) {
        shards.push(await writer.close());
        writer = undefined;
      }
      writer ??= await ShardWriter.open(folder, `${split}-${String(shards.length).padStart(6, '0')}.tar`);
      const about = describe(dataset, i);
      const key = String(i).padStart(9, '0');
      const suffix = extname(about.name).toLowerCase();
      const offset = await writer.add(`${key}${suffix}`, body);
      await writer.add(`${key}.json`, Buffer.from(JSON.stringify(about)));
      writer.countSample();
      const sha256 = createHash('sha256').update(body).digest('hex');
      samples.push({ key, suffix, ...about, shard: shards.length, offset, bytes: body.length, sha256 });
      onProgress?.(i + 1, dataset.numImages);
    }
    if (writer !== undefined) shards.push(await writer.close());
  } catch (error) {
    await writer?.discard();
    throw error;
  }
  const { found, missing, empty, corrupt, total } = dataset.report;
  const index: ShardIndex = { split, shards, scan: { found, missing, empty, corrupt, total }, samples };
  await writeFile(`${path}.part`, formatIndex(index), { flush: true });
  await rename(`${path}.part`, path);
  return { index, path };
}
