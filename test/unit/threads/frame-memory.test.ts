import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { FrameMemory } from '../../../worker/threads/frame-memory.js';

describe('the memory of received frames', () => {
  it('is collected by looking through young objects only, after 12 MiB', async () => {
    let resolve: (kind: number) => void = () => {};
    const promise = new Promise<number>((fulfil) => {
      resolve = fulfil;
    });
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind, flags } = (entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail }).detail;
        if (flags === constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) resolve(kind ?? -1);
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    try {
      const memory = new FrameMemory();
      for (let i = 0; i < 12; i++) memory.received(2 ** 20);
      expect(await promise).toBe(constants.NODE_PERFORMANCE_GC_MINOR);
    } finally {
      observer.disconnect();
    }
  });
});
