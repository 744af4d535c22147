import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtEntry } from '../../../proto/paths.js';
import { allocateAligned } from '../../../worker/collective/sum-heap.js';
import { SHARED_PAGE_BYTES, SharedSegment } from '../../../worker/shared-memory/shared-segment.js';
import { SimdHeap } from '../../../worker/simd/heap.js';

const BYTES = 4 * SHARED_PAGE_BYTES;
const PROOF = Buffer.from('sixteen letters.');

function pagesOf(heap: SimdHeap): Uint8Array {
  const address = allocateAligned(heap, BYTES, SHARED_PAGE_BYTES);
  return new Uint8Array(heap.memory.buffer, address, BYTES);
}

function mapped(segment: SharedSegment): { heap: SimdHeap; view: Uint8Array } {
  const heap = new SimdHeap();
  const view = pagesOf(heap);
  segment.mapOnto(view);
  return { heap, view };
}

describe.runIf(process.platform === 'linux')('a shared segment', () => {
  it('is the same memory on every heap that it is mapped onto, also after the heap has grown', () => {
    using segment = SharedSegment.create('lockstep-test', PROOF);
    using opened = SharedSegment.openPeer({ pid: process.pid, fd: segment.fd, proof: PROOF });
    const [one, other] = [mapped(segment), mapped(opened)];
    expect(Buffer.from(one.view.subarray(0, 16)).equals(PROOF)).toBe(true);
    one.view[70_000] = 7;
    other.heap.allocate(10_000_000);
    expect(other.view[70_000]).toBe(7);
    other.view.fill(9);
    expect(one.view.every((value) => value === 9)).toBe(true);
  });

  it('leaves the rest of the heap alone', () => {
    using segment = SharedSegment.create('lockstep-test', PROOF);
    const heap = new SimdHeap();
    const before = heap.uint8(SHARED_PAGE_BYTES).fill(1);
    const view = pagesOf(heap);
    const after = heap.uint8(SHARED_PAGE_BYTES).fill(2);
    segment.mapOnto(view);
    view.fill(3);
    expect(before.every((value) => value === 1)).toBe(true);
    expect(after.every((value) => value === 2)).toBe(true);
  });

  it('has no name in any file system, so that nothing is left of a process that was killed', () => {
    using segment = SharedSegment.create('lockstep-test', PROOF);
    expect(readlinkSync(`/proc/self/fd/${segment.fd}`)).toBe('/memfd:lockstep-test (deleted)');
  });

  it('is shared with another process, and stays when that one is killed', async () => {
    using segment = SharedSegment.create('lockstep-test', PROOF);
    const { view } = mapped(segment);
    const url = (name: string) => JSON.stringify(pathToFileURL(builtEntry(name)).href);
    const script = `
      import { SharedSegment, SHARED_PAGE_BYTES } from ${url('worker/shared-memory/shared-segment')};
      import { allocateAligned } from ${url('worker/collective/sum-heap')};
      import { SimdHeap } from ${url('worker/simd/heap')};
      const heap = new SimdHeap();
      const at = allocateAligned(heap, ${BYTES}, SHARED_PAGE_BYTES);
      const view = new Uint8Array(heap.memory.buffer, at, ${BYTES});
      const proof = Buffer.from(${JSON.stringify(PROOF.toString())});
      SharedSegment.openPeer({ pid: ${process.pid}, fd: ${segment.fd}, proof }).mapOnto(view);
      view[100_000] = 42;
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
    expect(view[100_000]).toBe(42);
  });

  it('is refused when something else is found under its number, or nothing', () => {
    using segment = SharedSegment.create('lockstep-test', PROOF);
    const refused = expect.objectContaining({ code: 'COLLECTIVE_NO_SHARED_MEMORY' });
    const proof = Buffer.from('another segment!');
    expect(() => SharedSegment.openPeer({ pid: process.pid, fd: segment.fd, proof })).toThrow(refused);
    expect(() => SharedSegment.openPeer({ pid: process.pid, fd: 1_000_000, proof: PROOF })).toThrow(refused);
  });
});
