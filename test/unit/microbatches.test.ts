import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../configs/run-config.js';
import type { BatchRequest } from '../../worker/data/loader/batch.js';
import type { Loader } from '../../worker/data/loader/loader.js';
import { EpochPlans } from '../../worker/epoch-plans.js';
import { MicrobatchStream } from '../../worker/microbatches.js';
import { THREE_STEPS, TWELVE_PICTURES } from '../support/twelve-pictures.js';

/** Takes requests and makes nothing of them. */
function recorder(): { loader: Loader; requests: BatchRequest[] } {
  const requests: BatchRequest[] = [];
  const loader = {
    submit: (request: BatchRequest) => void requests.push(request),
    next: async () => ({}),
  } as unknown as Loader;
  return { loader, requests };
}

function open(given: RunConfig, start: { epoch: number; step: number }) {
  const { loader, requests } = recorder();
  const plans = new EpochPlans(TWELVE_PICTURES, given);
  return { stream: new MicrobatchStream(plans, loader, 4, [0, 1], start), requests, plans };
}

const pictures = (requests: readonly BatchRequest[]): number[][] => requests.map(({ indices }) => Array.from(indices));

describe('the microbatches of a run', () => {
  it('are requested before anyone asks, the same and in the same order as without that', async () => {
    const early = open(THREE_STEPS, { epoch: 0, step: 0 });
    early.stream.requestFirst();
    // The step itself and three ahead, two virtual ranks each.
    expect(early.requests).toHaveLength(8);
    const late = open(THREE_STEPS, { epoch: 0, step: 0 });
    for (const [epoch, step] of [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
    ] as const) {
      await early.stream.next(epoch, step);
      await late.stream.next(epoch, step);
      expect(pictures(early.requests)).toEqual(pictures(late.requests));
    }
    // Steps 0 to 3 of the run and three ahead of the last.
    expect(early.requests).toHaveLength(14);
  });

  it('begin where a resumed run goes on, and end with the run', () => {
    const { stream, requests, plans } = open(THREE_STEPS, { epoch: 3, step: 1 });
    stream.requestFirst();
    const expected = [
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ].map(([step, virtualRank]) => Array.from(plans.plan(3).microbatch(step!, virtualRank!)));
    expect(pictures(requests)).toEqual(expected);
  });

  it('stay within the epoch where later ones depend on its validation', () => {
    const { stream, requests } = open({ ...THREE_STEPS, imageWeights: true }, { epoch: 0, step: 1 });
    stream.requestFirst();
    expect(requests.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0]);
  });
});
