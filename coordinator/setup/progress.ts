/** How staging the native engine tells its progress, and a printer for it. */
import { formatSeconds } from './steps.mjs';

/** One event of one step. Steps follow each other; each starts once and ends once. */
export interface SetupProgress {
  readonly step: 'wait' | 'download' | 'extract' | 'build' | 'test';
  readonly state: 'start' | 'update' | 'done' | 'failed';
  /** What is being done, for people. */
  readonly label: string;
  /** Bytes so far, in steps that move data. */
  readonly doneBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  /** Since the step's start. */
  readonly elapsedMs: number;
}

export type OnSetupProgress = (progress: SetupProgress) => void;

/** Runs `work` as one step; it gets a function that reports bytes. */
export async function progressStep<T>(
  onProgress: OnSetupProgress | undefined,
  step: SetupProgress['step'],
  label: string,
  work: (update: (doneBytes: number, totalBytes?: number) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const report = (state: SetupProgress['state'], doneBytes?: number, totalBytes?: number) =>
    onProgress?.({ step, state, label, doneBytes, totalBytes, elapsedMs: performance.now() - startedAt });
  report('start');
  try {
    const result = await work((doneBytes, totalBytes) => report('update', doneBytes, totalBytes));
    report('done');
    return result;
  } catch (error) {
    report('failed');
    throw error;
  }
}

/** Bytes for people: `98 kB`, `274 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 999.5e6) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 999.5e3) return `${Math.round(bytes / 1e6)} MB`;
  return `${Math.round(bytes / 1e3)} kB`;
}

/**
 * A listener that prints one line per step, `set-up: label … 12 s`; on a terminal the line counts bytes while it waits.
 * @param stream such as `process.stderr`
 */
export function stepPrinter(stream: NodeJS.WritableStream & { isTTY?: boolean }): OnSetupProgress {
  const isLive = stream.isTTY === true;
  return ({ state, label, doneBytes, totalBytes, elapsedMs }) => {
    const head = `set-up: ${label} … `;
    const rewrite = isLive ? `\r\x1b[K${head}` : '';
    if (state === 'start') stream.write(head);
    else if (state === 'done') stream.write(`${rewrite}${formatSeconds(elapsedMs)}\n`);
    else if (state === 'failed') stream.write(`${rewrite}failed after ${formatSeconds(elapsedMs)}\n`);
    else if (isLive && doneBytes !== undefined) {
      const total = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
      stream.write(`${rewrite}${formatBytes(doneBytes)}${total}`);
    }
  };
}
