/** What both sides of the benchmark are told. */
import type { Hyp } from '../../configs/run-config.js';

export interface LoaderSettings {
  /** Folder with `images` and `labels`. */
  readonly data: string;
  readonly imgsz: number;
  readonly batch: number;
  /** Loader threads here, worker processes there. */
  readonly threads: number;
  /** Samples of a round. */
  readonly images: number;
  /** Whether decoded images are kept in memory. */
  readonly cache: boolean;
  readonly hyp: Hyp;
}

/** What a round took. */
export interface Round {
  readonly images: number;
  readonly seconds: number;
  /** Of all threads and worker processes. */
  readonly cpuSeconds: number;
  /** Threads at its end, of those whose number adapts. */
  readonly threads?: number;
}
