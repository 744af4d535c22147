/**
 * Runs `work` while holding the lock at `lockPath` (a folder; its parent is made). Waits while a living owner holds it; a dead
 * owner's lock is taken over.
 * @param options.onWait called once with the owner's pid and host when there is something to wait for
 * @param options.signal ends the waiting
 */
export declare function withFolderLock<T>(
  lockPath: string,
  work: () => Promise<T> | T,
  options?: {
    onWait?: ((pid: number, host: string) => void) | undefined;
    signal?: AbortSignal | undefined;
    /** @defaultValue 200 */
    pollMs?: number | undefined;
  },
): Promise<T>;
