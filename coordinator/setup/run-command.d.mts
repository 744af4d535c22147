/// <reference types="node" />
/** How a program ended; `missing` when it could not be found. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output and error, as they came. */
  readonly output: string;
  readonly missing?: boolean;
}
/** Runs a program to its end with its output collected; never rejects. */
export declare function runCommand(
  command: string,
  args: readonly string[],
  options?: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<CommandResult>;
