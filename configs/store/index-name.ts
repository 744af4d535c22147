/** Which sources of a data set are indexes of packed splits, told by their names alone. */

/** How names of indexes end. */
export const INDEX_SUFFIX = '.shards.json';

/** Whether a source is an address instead of a path. */
export function isUrl(source: string): boolean {
  return /^(https?|s3):\/\//i.test(source);
}

/** Whether a source of a data set is the index of a packed split. */
export function isShardIndex(source: string): boolean {
  const path = isUrl(source) ? new URL(source).pathname : source;
  return path.endsWith(INDEX_SUFFIX);
}
