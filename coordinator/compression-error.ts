/** What a person is told of compression at the end of an epoch. */
import { significant } from './format.js';

/**
 * Returns a line, or undefined where nothing was compressed.
 * @param error what compression left out per step, as a share of what was to be sent; negative without compression
 */
export function compressionLine(epoch: number, error: number | null | undefined): string | undefined {
  if (error === undefined || error === null || error < 0) return undefined;
  return `epoch ${epoch}: compression left out ${significant(100 * error, 3)}% of what was to be sent, for the next steps to make up`;
}
