/** What both sides of the scan benchmark print. */

export const NUM_CLASSES = 80;

export interface ScanFigures {
  /** From the names of the folders to the labels in memory. */
  readonly seconds: number;
  readonly images: number;
  readonly labels: number;
  readonly found: number;
  readonly corrupt: number;
  readonly fromCache: boolean;
  /** Growth of the process's resident memory, MiB, after collecting garbage. */
  readonly rssMb: number;
  /** Growth of the JavaScript heap in use, MiB; Lockstep only. */
  readonly heapMb?: number;
  /** The whole of AutoAnchor on these labels; only where it was asked for. */
  readonly anchorSeconds?: number;
}
