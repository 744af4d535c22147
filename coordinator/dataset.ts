/** Opens a data set for the launcher, with a line on the terminal while pictures are drawn. */
import { readDatasetYaml } from '../configs/dataset.js';
import type { DatasetConfig } from '../configs/run-config.js';
import type { TextStream } from './terminal.js';

/** Reads a data set YAML; a generated data set is drawn first where it is missing. */
export function openDataset(yamlPath: string, stream: TextStream = process.stderr): Promise<DatasetConfig> {
  let lastTenth = -1;
  return readDatasetYaml(yamlPath, {
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
