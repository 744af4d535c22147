import { describe, expect, it } from 'vitest';
import { abortable, Deferred, deadline, isTimeout, ResourceStack } from '../../../proto/lifecycle.js';

describe('a deadline', () => {
  it("aborts with the caller's reason, or with a timeout of its own", async () => {
    const caller = new AbortController();
    const signal = deadline(60_000, caller.signal);
    caller.abort('enough');
    expect(signal.reason).toBe('enough');
    expect(isTimeout('enough')).toBe(false);

    const short = deadline(1);
    await expect(abortable(new Promise(() => {}), short)).rejects.toSatisfy(isTimeout);
  });

  it('of 0 is no deadline', () => {
    const caller = new AbortController();
    expect(deadline(0, caller.signal)).toBe(caller.signal);
    expect(deadline(0).aborted).toBe(false);
  });
});

describe('an abortable wait', () => {
  it('gives the value when it comes first', async () => {
    expect(await abortable(Promise.resolve(5), new AbortController().signal)).toBe(5);
  });

  it('rejects at once for a signal that has aborted', async () => {
    await expect(abortable(new Promise(() => {}), AbortSignal.abort('gone'))).rejects.toBe('gone');
  });
});

describe('a deferred', () => {
  it('keeps the first outcome, and its rejection needs no listener', async () => {
    const deferred = new Deferred<number>();
    deferred.reject(new RangeError('first'));
    deferred.resolve(2);
    expect(deferred.settled).toBe(true);
    await expect(deferred.promise).rejects.toThrow('first');
  });
});

describe('a resource stack', () => {
  it('closes in reverse order, once, and goes on after a failure', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    stack.use({ close: () => void closed.push('a') });
    stack.use(() => {
      closed.push('b');
      return Promise.reject(new RangeError('b failed'));
    });
    stack.use({ close: () => void closed.push('c') });
    await expect(stack.close()).rejects.toThrow('b failed');
    await expect(stack.close()).rejects.toThrow('b failed');
    expect(closed).toEqual(['c', 'b', 'a']);
    expect(() => stack.use(() => {})).toThrow('closing');
  });
});
