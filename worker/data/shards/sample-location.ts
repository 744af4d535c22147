/** Where the bytes of a packed sample are, and whether they are the right ones. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Where a sample's image is. */
export interface SampleLocation {
  /** Path or address of the tar file. */
  readonly shard: string;
  readonly offset: number;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Whether bytes have the location's checksum. */
export function isIntact(bytes: Uint8Array, { sha256 }: SampleLocation): boolean {
  return createHash('sha256').update(bytes).digest('hex') === sha256;
}

/** The bytes at a place of a file; fewer where it ends earlier. Rejects where there is none. */
export async function readAt(path: string, { offset, bytes }: SampleLocation): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const target = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(target, 0, bytes, offset);
    return target.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
