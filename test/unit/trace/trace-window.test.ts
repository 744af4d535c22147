import { describe, expect, it } from 'vitest';
import { readTraceSetting } from '../../../configs/trace-window.js';
import { traceWindow } from '../../../worker/trace/trace-window.js';

describe('--trace', () => {
  it('reads nothing, a number of steps, and a range', () => {
    expect(readTraceSetting('')).toEqual({ numSteps: 10 });
    expect(readTraceSetting('3')).toEqual({ numSteps: 3 });
    expect(readTraceSetting('100:120')).toEqual({ first: 100, numSteps: 21 });
  });

  it.each(['0', 'soon', '0:3', '5:4', '1:2:3', '-1', '1:'])('refuses %j', (text) => {
    expect(() => readTraceSetting(text)).toThrowError(expect.objectContaining({ code: 'CONFIG_USAGE' }));
  });

  it('leaves the two steps of warm-up out, also of a resumed run', () => {
    expect(traceWindow({ numSteps: 10 }, 0, 1000)).toEqual({ first: 3, last: 12 });
    expect(traceWindow({ numSteps: 10 }, 500, 1000)).toEqual({ first: 503, last: 512 });
  });

  it('begins earlier where the run would be over before, but not before the run does', () => {
    expect(traceWindow({ numSteps: 10 }, 0, 11)).toEqual({ first: 2, last: 11 });
    expect(traceWindow({ numSteps: 10 }, 0, 4)).toEqual({ first: 1, last: 10 });
    expect(traceWindow({ numSteps: 10 }, 7, 9)).toEqual({ first: 8, last: 17 });
  });

  it('takes a range as it is given', () => {
    expect(traceWindow({ first: 1, numSteps: 2 }, 0, 1000)).toEqual({ first: 1, last: 2 });
  });
});
