/** Images with the same content, within a split and across splits. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Dataset } from '../data/dataset.js';
import { mapBounded } from '../data/scan/bounded.js';
import { locationOf } from '../data/shards/locations.js';

const CONCURRENCY = 16;

/** Images that hold the same bytes. */
export interface DuplicateGroup {
  readonly sha256: string;
  /** `split: path`, at least two. */
  readonly images: readonly string[];
  /** They lie in more than one split, so that validation sees what was trained on. */
  readonly acrossSplits: boolean;
}

interface Candidate {
  readonly split: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | undefined;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function candidates(split: string, dataset: Dataset, signal?: AbortSignal): Promise<Candidate[]> {
  const indices = Array.from({ length: dataset.numImages }, (_, i) => i);
  const found = await mapBounded(
    indices,
    CONCURRENCY,
    async (index): Promise<Candidate | undefined> => {
      const path = dataset.imagePath(index);
      const location = locationOf(dataset.table, index);
      if (location !== undefined) return { split, path, bytes: location.bytes, sha256: location.sha256 };
      const info = await stat(path).catch(() => undefined);
      return info && { split, path, bytes: info.size, sha256: undefined };
    },
    { signal },
  );
  return found.filter((candidate) => candidate !== undefined);
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): T[][] {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/**
 * Groups of images with equal content. Only files of equal length are read. A file that two splits name is no
 * duplicate: such data sets mean it.
 */
export async function findDuplicates(
  splits: readonly { readonly split: string; readonly dataset: Dataset }[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<DuplicateGroup[]> {
  const all: Candidate[] = [];
  for (const { split, dataset } of splits) all.push(...(await candidates(split, dataset, options.signal)));
  const unique = groupBy(all, ({ path }) => path).map((same) => same[0]!);
  const suspects = groupBy(unique, ({ bytes }) => bytes).filter((group) => group.length > 1);
  const hashed = await mapBounded(
    suspects.flat(),
    CONCURRENCY,
    async (candidate) => ({
      candidate,
      // A file that vanished meanwhile equals no other.
      sha256: candidate.sha256 ?? (await hashFile(candidate.path).catch(() => `unreadable ${candidate.path}`)),
    }),
    options,
  );
  return groupBy(hashed, ({ sha256 }) => sha256)
    .filter((group) => group.length > 1)
    .map((group) => ({
      sha256: group[0]!.sha256,
      images: group.map(({ candidate }) => `${candidate.split}: ${candidate.path}`),
      acrossSplits: new Set(group.map(({ candidate }) => candidate.split)).size > 1,
    }));
}
