/** A bell between two threads of a process, one of which waits where no event loop can call it. */
import { closeSync, readSync, writeSync } from 'node:fs';
import { openForeign } from '../foreign.js';

const EFD_CLOEXEC_NONBLOCK = 0o2004000;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** A counter in the kernel; its descriptor becomes readable when someone rings. */
export class WakeUp {
  readonly fd: number;

  /** @param fd of one that another thread has opened */
  constructor(fd: number) {
    this.fd = fd;
  }

  /** Returns a new one, or undefined where there is none: not on Linux, or no koffi for this platform. */
  static open(): WakeUp | undefined {
    if (process.platform !== 'linux') return undefined;
    const eventfd = openForeign()?.load('libc.so.6').func('int eventfd(unsigned int start, int flags)');
    const fd = (eventfd?.(0, EFD_CLOEXEC_NONBLOCK) ?? -1) as number;
    return fd < 0 ? undefined : new WakeUp(fd);
  }

  ring(): void {
    writeSync(this.fd, ONE);
  }

  /** Makes it silent again; call it only when it has rung. */
  hush(): void {
    readSync(this.fd, new Uint8Array(8));
  }

  /** Gives the descriptor back, for all threads. */
  close(): void {
    closeSync(this.fd);
  }
}
