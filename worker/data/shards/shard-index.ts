/**
 * The index of a packed split: which sample lies where in which tar file, with sizes, labels and checksums, so that a run
 * needs no scan and reads a sample with one positional read.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { isUrl } from '../../../configs/store/index-name.js';
import { fetchWhole } from '../../../configs/store/remote.js';
import { DataError } from '../../../proto/errors.js';
import { buildTable, type SampleEntry, type ScanReport } from '../dataset.js';
import type { ScanResult } from '../scan/scan.js';

const FORMAT = 'lockstep-shards';
const VERSION = 1;

const count = z.int().check(z.minimum(0));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const fraction = z.number().check(z.minimum(0), z.maximum(1));

const sampleSchema = z.strictObject({
  /** Name of the sample's files in the tar, without suffix. */
  key: z.string(),
  /** Suffix of the image file, with its dot. */
  suffix: z.string(),
  /** The file that it was packed from, for messages. */
  name: z.string(),
  imageId: z.union([z.string(), z.number()]),
  /** Number of the tar in `shards`. */
  shard: count,
  /** Where the image's bytes begin in the tar. */
  offset: count,
  bytes: count,
  sha256,
  /** Native size in pixels, EXIF rotation applied. */
  width: z.int().check(z.minimum(1)),
  height: z.int().check(z.minimum(1)),
  /** Rows class, cx, cy, w, h, normalised. */
  labels: z.array(z.tuple([count, fraction, fraction, fraction, fraction])),
  /** Per label x, y, … normalised; empty for a plain box. Absent where there is none. */
  polygons: z.optional(z.array(z.array(z.number()))),
});

const indexSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  split: z.string(),
  shards: z.array(z.strictObject({ file: z.string(), bytes: count, sha256, samples: count })),
  /** What the scan before packing counted. */
  scan: z.strictObject({ found: count, missing: count, empty: count, corrupt: count, total: count }),
  samples: z.array(sampleSchema),
});

export type ShardIndex = Omit<z.infer<typeof indexSchema>, 'format' | 'version'>;
export type ShardSample = z.infer<typeof sampleSchema>;

/** The text of an index file; equal indexes give equal text. */
export function formatIndex(index: ShardIndex): string {
  const { samples, ...rest } = index;
  const head = JSON.stringify({ format: FORMAT, version: VERSION, ...rest }).slice(0, -1);
  return `${head},"samples":[\n${samples.map((sample) => JSON.stringify(sample)).join(',\n')}\n]}\n`;
}

/**
 * Parses an index.
 * @throws DataError `DATA_BAD_SHARD_INDEX`
 */
export function parseIndex(text: string, source: string): ShardIndex {
  const bad = (why: string, cause?: unknown): DataError =>
    new DataError('DATA_BAD_SHARD_INDEX', `${source}: ${why}`, {
      hint: 'pack the data set again with `launch dataset pack`',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad('not JSON', cause);
  }
  const result = indexSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw bad(`${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`);
  }
  const { format: _format, version: _version, ...index } = result.data;
  for (const [i, sample] of index.samples.entries()) {
    const shard = index.shards[sample.shard];
    if (shard === undefined || sample.offset + sample.bytes > shard.bytes) {
      throw bad(`sample ${i} (${sample.name}) lies outside its tar file`);
    }
  }
  return index;
}

/** Where a tar file of an index is: beside it. */
export function locateShard(source: string, file: string): string {
  return isUrl(source) ? new URL(file, source).href : resolve(dirname(source), file);
}

/** The entries of a packed split, in its order. */
export function indexEntries(index: ShardIndex, source: string): ScanResult {
  const files = index.shards.map(({ file }) => locateShard(source, file));
  const entries = index.samples.map(
    (sample): SampleEntry => ({
      path: `${files[sample.shard]}!${sample.name}`,
      imageId: sample.imageId,
      width: sample.width,
      height: sample.height,
      labels: Float32Array.from(sample.labels.flat()),
      polygons: sample.polygons?.map((polygon) => Float32Array.from(polygon)) ?? [],
      location: { shard: files[sample.shard]!, offset: sample.offset, bytes: sample.bytes, sha256: sample.sha256 },
    }),
  );
  const { found, missing, empty } = index.scan;
  const report: ScanReport = {
    found,
    missing,
    empty,
    corrupt: 0,
    total: index.samples.length,
    messages: [],
    fromCache: true,
  };
  return { table: buildTable(entries), report };
}

/**
 * Reads the index of a packed split from a file, over HTTP(S) or from an S3 store.
 * @throws DataError `DATA_NOT_FOUND`, `DATA_REMOTE`, `DATA_BAD_SHARD_INDEX`
 */
export async function readIndex(
  source: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ShardIndex> {
  if (isUrl(source)) return parseIndex(Buffer.from(await fetchWhole(source, options)).toString('utf8'), source);
  let text: string;
  try {
    text = await readFile(source, 'utf8');
  } catch (cause) {
    throw new DataError('DATA_NOT_FOUND', `cannot read ${source}: ${(cause as NodeJS.ErrnoException).code}`, {
      hint: 'check the paths in the data set YAML',
      details: { path: source },
      cause,
    });
  }
  return parseIndex(text, source);
}
