/**
 * Joins the spans that the ranks of an ended run left in its folder into its trace. The launcher starts it with the folder as the only
 * argument; it prints the path of the trace, or nothing where no rank left anything.
 */
import { join } from 'node:path';
import { serializeError } from '../../proto/errors.js';
import { readRankSpans, removeRankSpans } from './rank-spans.js';
import { TRACE_FILE, writeTraceFile } from './trace-file.js';

try {
  const folder = process.argv[2] ?? '.';
  const captures = readRankSpans(folder);
  if (captures.length > 0) {
    const path = join(folder, TRACE_FILE);
    await writeTraceFile(path, captures);
    removeRankSpans(folder);
    process.stdout.write(path);
  }
} catch (error) {
  process.stderr.write(serializeError(error).message);
  process.exitCode = 1;
}
