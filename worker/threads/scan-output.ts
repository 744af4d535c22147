import type { SerializedError } from '../../proto/errors.js';
import type { ScanPart } from '../data/scan/scan-part.js';

/** What a scan thread answers. The arrays of a part change hands. */
export type ScanOutput =
  | { readonly kind: 'part'; readonly part: ScanPart }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: SerializedError };
