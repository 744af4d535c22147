/**
 * Memory that several processes of one host share: a file that lives in memory only (memfd). It has no name, so nothing is left behind
 * however its processes end, and no limit of its own, unlike /dev/shm in a container. Peers open it through /proc.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { CollectiveError } from '../../proto/errors.js';
import { type Libc, openLibc } from './libc.js';

/** What memory is shared in: addresses and sizes of mappings are multiples of it (of 4 KiB and of 64 KiB pages alike). */
export const SHARED_PAGE_BYTES = 65_536;
const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const MAP_FAILED = 2n ** 64n - 1n;

/** How a peer finds a segment. */
export interface SegmentAddress {
  readonly pid: number;
  readonly fd: number;
  /** Random bytes at the segment's beginning: what is found under `fd` is this very segment. */
  readonly proof: Uint8Array;
}

/** An open segment. Mappings outlive it. */
export class SharedSegment implements Disposable {
  readonly fd: number;
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Returns a new segment that begins with `proof`. @throws CollectiveError COLLECTIVE_NO_SHARED_MEMORY */
  static create(name: string, proof: Uint8Array): SharedSegment {
    const libc = requireLibc();
    const fd = libc.memfdCreate(name, MFD_CLOEXEC);
    if (fd < 0) throw unavailable(`memfd_create failed with errno ${libc.errno()}`);
    writeSync(fd, proof, 0, proof.length, 0);
    return new SharedSegment(fd);
  }

  /** Returns another process's segment. @throws CollectiveError COLLECTIVE_NO_SHARED_MEMORY */
  static openPeer(address: SegmentAddress): SharedSegment {
    requireLibc();
    const path = `/proc/${address.pid}/fd/${address.fd}`;
    let segment: SharedSegment;
    try {
      segment = new SharedSegment(openSync(path, 'r+'));
    } catch (error) {
      throw unavailable(`${path} cannot be opened`, error);
    }
    const found = new Uint8Array(address.proof.length);
    const numRead = readSync(segment.fd, found, 0, found.length, 0);
    if (numRead === found.length && Buffer.compare(found, address.proof) === 0) return segment;
    segment.close();
    throw unavailable(`${path} is not the memory that rank offered: the two processes number processes differently`);
  }

  /** Makes the segment at least so long; it never shrinks, so that peers may do this at the same time. */
  grow(bytes: number): void {
    if (fstatSync(this.fd).size < bytes) writeSync(this.fd, Uint8Array.of(0), 0, 1, bytes - 1);
  }

  /**
   * Puts the segment's first bytes in the place of `target`'s memory, so that whoever has that memory (other threads, WebAssembly) shares
   * it with the segment's other processes. The target's contents are lost.
   * @param target a part of a WebAssembly memory that begins at a page of the machine, {@link SHARED_PAGE_BYTES} to be sure
   * @throws CollectiveError COLLECTIVE_NO_SHARED_MEMORY
   */
  mapOnto(target: Uint8Array): void {
    const libc = requireLibc();
    const bytes = target.byteLength;
    this.grow(bytes);
    const address = libc.addressOf(target);
    // Replacing the wrong pages would be fatal, so the address has to prove itself first.
    for (const mark of [0xa5, 0x3c]) {
      target[0] = mark;
      if (libc.readByte(address) !== mark) throw unavailable('the address of WebAssembly memory cannot be found');
    }
    if (address % BigInt(SHARED_PAGE_BYTES) !== 0n) throw unavailable(`address ${address} is not at a page`);
    const mapped = libc.mmap(address, bytes, PROT_READ_WRITE, MAP_SHARED_FIXED, this.fd, 0);
    if (mapped === MAP_FAILED || mapped !== address) {
      throw unavailable(`mapping ${bytes} bytes failed with errno ${libc.errno()}`);
    }
  }

  /** Gives the descriptor back; mappings stay. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function requireLibc(): Libc {
  const libc = openLibc();
  if (libc === undefined) throw unavailable(`there is none on ${process.platform} ${process.arch}`);
  return libc;
}

function unavailable(why: string, cause?: unknown): CollectiveError {
  return new CollectiveError('COLLECTIVE_NO_SHARED_MEMORY', `no shared memory between processes: ${why}`, {
    hint: 'Use --payload auto or zmq; workers that share memory run as one user, in one container, on Linux.',
    cause,
  });
}
