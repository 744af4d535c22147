/** The error for files that a tool was to write and could not. */
import { DataError } from '../../proto/errors.js';

/** @param place a folder */
export function cannotWrite(place: string, cause: unknown): DataError {
  return new DataError('DATA_CANNOT_WRITE', `cannot write to ${place}: ${(cause as Error).message}`, {
    hint: 'check the space and the permissions there',
    cause,
  });
}
