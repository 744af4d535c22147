/** SIGINT, SIGTERM and SIGHUP: the first asks all ranks to save and stop, the second stops at once, the third just exits. */

const EXIT_BY_SIGNAL: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const HANDLED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SignalActions {
  drain(reason: string, exitCode: number): void;
  stop(reason: string, exitCode: number): void;
  /** Kills what is left, without waiting. */
  kill(): void;
}

/** Handles signals until the returned function is called. */
export function handleSignals(actions: SignalActions): () => void {
  let count = 0;
  const handle = (signal: NodeJS.Signals): void => {
    const exitCode = EXIT_BY_SIGNAL[signal] ?? 1;
    count++;
    if (count === 1) actions.drain(signal, exitCode);
    else if (count === 2) actions.stop(`second signal (${signal})`, exitCode);
    else {
      actions.kill();
      process.exit(exitCode);
    }
  };
  for (const signal of HANDLED) process.on(signal, handle);
  return () => {
    for (const signal of HANDLED) process.off(signal, handle);
  };
}
