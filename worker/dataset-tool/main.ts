/** The process behind `launch dataset …`: a request comes as JSON on standard input, results go to standard output. */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { DatasetRequest } from '../../configs/dataset-request.js';
import { deserializeError, EXIT, serializeError } from '../../proto/errors.js';
import { endWithoutReader } from '../../proto/telemetry/reader.js';
import { damageError } from '../data/shards/verify.js';
import { autosplit } from './autosplit.js';
import { checkDataset, scanSplits, type ToolProgress } from './check.js';
import { cropDataset } from './crops.js';
import { flatten } from './flatten.js';
import { writeHub } from './hub.js';
import { packSplits } from './pack-splits.js';
import { classTable, reportLines, sizeTable, splitTable } from './tables.js';
import { verifiedLines, verifySplits } from './verify.js';

/** On a terminal one line that changes; elsewhere silence. */
const showProgress: ToolProgress = (what, done, total) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${done === total ? '' : `${what} ${done}/${total}`}`);
};

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function run(request: DatasetRequest): Promise<number> {
  switch (request.command) {
    case 'check': {
      const report = await checkDataset(request, showProgress);
      print(
        request.json ? [JSON.stringify(report)] : [...reportLines(report), `report and pictures in ${request.out}`],
      );
      return report.ok ? EXIT.ok : EXIT.badData;
    }
    case 'stats': {
      const scanned = await scanSplits(request, showProgress);
      const splits = scanned.map(({ figures }) => figures);
      const tables = splits.flatMap((figures) => [
        '',
        ...classTable(figures),
        '',
        ...sizeTable(figures, request.imgsz),
      ]);
      print(request.json ? [JSON.stringify(splits)] : [...splitTable(splits), ...tables]);
      if (request.out === undefined) return EXIT.ok;
      const { images, unreadable } = await writeHub(request, request.out, scanned, showProgress);
      const note = unreadable === 0 ? '' : ` (${unreadable} could not be read)`;
      if (!request.json) print(['', `${images} pictures${note} and stats.json in ${request.out}`]);
      return EXIT.ok;
    }
    case 'pack': {
      const { splits, yaml } = await packSplits(request, showProgress);
      print([
        ...splits.map(
          ({ split, images, leftOut, shards, bytes }) =>
            `${split}: ${images} images (${leftOut} left out) in ${shards} tar file(s), ${(bytes / 2 ** 20).toFixed(1)} MiB`,
        ),
        `train on it with --data ${yaml}`,
      ]);
      return EXIT.ok;
    }
    case 'verify': {
      const splits = await verifySplits(request, showProgress);
      print(request.json ? [JSON.stringify(splits)] : verifiedLines(splits));
      const damage = damageError(splits.flatMap(({ shards }) => shards));
      if (damage !== undefined) throw damage;
      return EXIT.ok;
    }
    case 'crops': {
      const splits = await cropDataset(request, showProgress);
      print(
        splits.map(
          ({ split, crops, unreadable }) =>
            `${split}: ${crops} crops in ${join(request.out, split)}${unreadable === 0 ? '' : `, ${unreadable} images could not be read`}`,
        ),
      );
      return EXIT.ok;
    }
    case 'flatten': {
      print([`${await flatten(request)} files copied to ${request.out}`]);
      return EXIT.ok;
    }
    case 'autosplit': {
      const lists = await autosplit(request);
      print(lists.map(({ path, images }) => `${path}: ${images} images`));
      return EXIT.ok;
    }
  }
}

endWithoutReader();
try {
  process.exitCode = await run(JSON.parse(await text(process.stdin)) as DatasetRequest);
} catch (error) {
  const wire = serializeError(error);
  const { code, message, hint, stack } = wire;
  const tail = code === 'LAUNCH_UNEXPECTED' ? `\n${stack ?? ''}` : '';
  process.stderr.write(`error: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}  code: ${code}${tail}\n`);
  process.exitCode = deserializeError(wire).exitCode;
}
