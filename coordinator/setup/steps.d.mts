/// <reference types="node" />
export declare class SetupError extends Error {
  readonly isSetupError: true;
  readonly code: string;
  readonly hint: string | undefined;
  constructor(code: string, message: string, hint?: string);
}
/** Formats a duration in milliseconds as seconds: `0.3 s`, `21 s`. */
export declare function formatSeconds(ms: number): string;
/**
 * Runs `work` under one line on `stream` (standard error): the label at once, the seconds when it is done, `failed` when it throws.
 * `work` gets a function that shows a passing detail; only a terminal shows details.
 */
export declare function step<T>(
  label: string,
  work: (detail: (text: string) => void) => Promise<T> | T,
  stream?: NodeJS.WritableStream & { isTTY?: boolean },
): Promise<T>;
