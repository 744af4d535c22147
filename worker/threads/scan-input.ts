import type { ScanClaims } from '../data/scan/scan-lane.js';
import type { ScanTask } from '../data/scan/scan-part.js';

/** What a scan thread is told; it answers with its parts and then `done`, and ends on `close`. */
export type ScanInput =
  | { readonly kind: 'stat' | 'scan'; readonly task: ScanTask; readonly claims: ScanClaims }
  | { readonly kind: 'close' };
