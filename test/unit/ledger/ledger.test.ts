import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainPlan } from '../../../worker/data/plans/train-plan.js';
import { EpochHasher, fromParts, imageIdentities, MAX_ADDENDS, toParts } from '../../../worker/ledger/checksum.js';
import { Ledger, type LedgerState, NUM_ENTRY_SLOTS, requireComplete } from '../../../worker/ledger/ledger.js';

const idsOf = (numImages: number): string[] => Array.from({ length: numImages }, (_, i) => `image ${i}`);

/** What `worldSize` workers leave in the tail of the reduced vector after a step: their virtual ranks' entries, summed in float32. */
function reducedStep(ledger: Ledger, epoch: number, microbatches: readonly Int32Array[], worldSize: number) {
  const entry = new Float32Array(NUM_ENTRY_SLOTS);
  const share = Math.ceil(microbatches.length / worldSize);
  for (let rank = 0; rank < worldSize; rank++) {
    const partial = new Float32Array(NUM_ENTRY_SLOTS);
    for (const indices of microbatches.slice(rank * share, (rank + 1) * share)) {
      ledger.entry(epoch, [...indices]).forEach((value, i) => {
        partial[i]! += value;
      });
    }
    partial.forEach((value, i) => {
      entry[i]! += value;
    });
  }
  return { badImages: 0, finite: true, ledgerEntry: entry };
}

describe('the ledger', () => {
  it('comes to the data set’s checksum for every world size, number of virtual ranks and place of a drain', () => {
    const runs = fc.record({
      numImages: fc.integer({ min: 1, max: 90 }),
      virtualRanks: fc.integer({ min: 1, max: 8 }),
      imagesPerVirtualRank: fc.integer({ min: 1, max: 4 }),
      epoch: fc.integer({ min: 0, max: 5 }),
      seed: fc.integer({ min: 0, max: 1000 }),
      drains: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 3 }),
      worldSizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(runs, ({ numImages, virtualRanks, imagesPerVirtualRank, epoch, seed, drains, worldSizes }) => {
        const ids = idsOf(numImages);
        const plan = trainPlan(numImages, virtualRanks * imagesPerVirtualRank, virtualRanks, seed, epoch);
        let ledger = new Ledger(ids, seed);
        let saved: LedgerState | undefined;
        let life = 0;
        ledger.begin(epoch);
        const used = new Map<number, number>();
        for (let step = 0; step < plan.stepsPerEpoch; step++) {
          const microbatches = Array.from({ length: virtualRanks }, (_, v) => plan.microbatch(step, v));
          for (const index of microbatches.flatMap((indices) => [...indices]))
            used.set(index, (used.get(index) ?? 0) + 1);
          ledger.commit(reducedStep(ledger, epoch, microbatches, worldSizes[life % 4]!));
          if (!drains.includes(step)) continue;
          // The checkpoint's JSON is all that the next life has.
          saved = JSON.parse(JSON.stringify(ledger.state)) as LedgerState;
          ledger = new Ledger(ids, seed);
          ledger.begin(epoch, saved);
          life++;
        }
        expect([...used.values()].every((times) => times === 1)).toBe(true);
        const verdict = ledger.verdict();
        expect(verdict).toMatchObject({ complete: true, images: numImages, expectedImages: numImages });
        requireComplete(verdict);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it('sees an image that is missing, one that is twice, and one in place of another', () => {
    const ledger = new Ledger(idsOf(10), 0);
    const verdictOn = (indices: number[]) => {
      ledger.begin(3);
      ledger.commit({ badImages: 0, finite: true, ledgerEntry: ledger.entry(3, indices) });
      return ledger.verdict();
    };
    const all = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
    expect(verdictOn(all).complete).toBe(true);
    expect(verdictOn(all.slice(1)).complete).toBe(false);
    expect(verdictOn([...all, 4]).complete).toBe(false);
    const exchanged = verdictOn([8, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(exchanged).toMatchObject({ complete: false, images: 10 });
    expect(() => requireComplete(exchanged)).toThrowError(
      expect.objectContaining({ code: 'DATA_LEDGER_MISMATCH', message: expect.stringContaining('epoch 3') as unknown }),
    );
  });

  it('counts unreadable images and steps that changed nothing apart, and still closes', () => {
    const ledger = new Ledger(idsOf(6), 1);
    ledger.begin(0);
    ledger.commit({ badImages: 1, finite: true, ledgerEntry: ledger.entry(0, [0, 2, 4, 1]) });
    ledger.commit({ badImages: 0, finite: false, ledgerEntry: ledger.entry(0, [5, 3]) });
    expect(ledger.verdict()).toMatchObject({ complete: true, images: 6, unreadable: 1, nonFinite: 2 });
  });

  it('notices that the data set is another one than before the drain', () => {
    const before = new Ledger(idsOf(4), 0);
    before.begin(2);
    before.commit({ badImages: 0, finite: true, ledgerEntry: before.entry(2, [0, 1]) });
    const after = new Ledger(['image 0', 'exchanged', 'image 2', 'image 3'], 0);
    after.begin(2, before.state);
    after.commit({ badImages: 0, finite: true, ledgerEntry: after.entry(2, [2, 3]) });
    expect(after.verdict().complete).toBe(false);
  });

  it('gives every epoch and every seed another checksum', () => {
    const identities = imageIdentities(idsOf(5));
    const sums = [
      new EpochHasher(identities, 0, 0).sumOfAll(),
      new EpochHasher(identities, 0, 1).sumOfAll(),
      new EpochHasher(identities, 1, 0).sumOfAll(),
    ];
    expect(new Set(sums).size).toBe(3);
  });
});

describe('the parts of a checksum', () => {
  it('survive a sum in float32 over as many virtual ranks as there may be', () => {
    // Every part at its largest, 2¹¹ − 1, 8192 times: 2047 · 8192 < 2²⁴, the last integer before float32 has gaps.
    const largest = 2n ** 64n - 1n;
    const total = new Float32Array(NUM_ENTRY_SLOTS);
    for (let i = 0; i < MAX_ADDENDS; i++) {
      toParts(largest).forEach((value, k) => {
        total[k]! += value;
      });
    }
    expect(fromParts(total)).toBe(BigInt.asUintN(64, largest * BigInt(MAX_ADDENDS)));
  });

  it('are put together again exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (checksum) => fromParts(toParts(checksum)) === checksum),
    );
  });
});
