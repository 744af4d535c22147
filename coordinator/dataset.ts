/** Opens a data set for the launcher, with lines on the terminal while pictures are drawn or downloaded. */
import { dirname } from 'node:path';
import { type ReadDatasetOptions, readDatasetYaml } from '../configs/dataset.js';
import { isDatasetArchive, openDatasetArchive } from '../configs/dataset-archive.js';
import type { DownloadPlan } from '../configs/download.js';
import { openRemoteDataset } from '../configs/remote-dataset.js';
import type { DatasetConfig } from '../configs/run-config.js';
import { isUrl } from '../configs/store/index-name.js';
import type { TextStream } from './terminal.js';

/**
 * Reads a data set YAML; where the data set is missing it is drawn or downloaded first, if the YAML says how.
 * @param given the YAML's path, a zip file (or its address) with the YAML inside, or the address of a packed data set
 */
export async function openDataset(
  given: string,
  options: Pick<ReadDatasetOptions, 'singleCls'> = {},
  stream: TextStream = process.stderr,
): Promise<DatasetConfig> {
  let lastTenth = -1;
  let lastTenthDownloaded = -1;
  const watch: Pick<ReadDatasetOptions, 'onPlan' | 'onDownload'> = {
    onPlan(plan) {
      for (const line of planLines(plan)) stream.write(`${line}\n`);
    },
    onDownload: (done, total) => {
      // Without a length from the server a line every 100 MB.
      const tenth = Math.floor(total === undefined ? done / 1e8 : (10 * done) / total);
      if (tenth === lastTenthDownloaded) return;
      lastTenthDownloaded = tenth;
      const size = total === undefined ? '' : ` of ${(total / 1e6).toFixed(1)}`;
      stream.write(`downloading the data set: ${(done / 1e6).toFixed(1)}${size} MB\n`);
    },
  };
  const isArchive = isDatasetArchive(given);
  const yaml = isArchive
    ? await openDatasetArchive(given, watch)
    : isUrl(given)
      ? await openRemoteDataset(given)
      : given;
  return readDatasetYaml(yaml, {
    fetchMissing: true,
    ...options,
    ...watch,
    ...(isArchive && { root: dirname(yaml) }),
    onProgress: (done, total) => {
      const tenth = Math.floor((10 * done) / total);
      if (tenth === lastTenth) return;
      lastTenth = tenth;
      if (stream.isTTY === true)
        stream.write(`\r\x1b[2Kdrawing pictures ${done}/${total}${done === total ? '\n' : ''}`);
      else if (done === total) stream.write(`drew ${total} pictures\n`);
    },
  });
}

/** What a download will fetch, how much of it, and where to; Ctrl-C is still cheap then. */
export function planLines({ archives, root, freeBytes }: DownloadPlan): string[] {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;
  const known = archives.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const isWhole = archives.every(({ bytes }) => bytes !== undefined);
  return [
    `the data set is not there: downloading ${isWhole ? '' : 'at least '}${gigabytes(known)} to ${root} (${gigabytes(freeBytes)} free); Ctrl-C stops it`,
    ...archives.map(({ url, bytes }) => `  ${url}  ${bytes === undefined ? 'size not told' : gigabytes(bytes)}`),
  ];
}
