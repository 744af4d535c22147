import { describe, expect, it } from 'vitest';
import { type AnchorGeometry, assignTargets } from '../../worker/loss/assign.js';
import { countOverRanks } from '../../worker/loss-normalisers.js';
import { openVirtualExchange } from '../../worker/virtual-exchange.js';
import { openMemoryWorld } from '../support/memory-world.js';

function exchanges(worldSize: number, virtualRanks: number) {
  const layout = { length: 1, buckets: [{ offset: 0, length: 1 }], virtualRanks };
  const { workers, messages } = openMemoryWorld(worldSize, layout);
  return {
    messages,
    workers: workers.map(({ comms, allReduce: { virtualRange } }) => ({
      exchange: openVirtualExchange(comms),
      own: Array.from({ length: virtualRange.end - virtualRange.begin }, (_, i) => virtualRange.begin + i),
    })),
  };
}

/** Neither commutative nor associative, so that every wrong order shows. */
function chain(rows: readonly Float64Array[]): Float64Array {
  return rows.reduce((a, b) => a.map((value, i) => value / 3 + b[i]!));
}

describe('an exchange between virtual ranks', () => {
  it.each([1, 2, 3, 5])('gives %i workers the same result, by virtual rank', async (worldSize) => {
    const { workers, messages } = exchanges(worldSize, 5);
    const rowOf = (virtualRank: number) => Float64Array.of(virtualRank, 1 / (virtualRank + 1));
    const results = await Promise.all(workers.map(({ exchange, own }) => exchange.combine(own.map(rowOf), chain)));
    for (const result of results) expect(result).toEqual(chain([0, 1, 2, 3, 4].map(rowOf)));
    const calls = worldSize === 1 ? 0 : 1;
    expect(messages).toEqual({ gathers: calls, broadcasts: calls });
  });

  it('reads rows from frames that begin anywhere in their buffer', async () => {
    const rows = new Uint8Array(3 + 16);
    rows.set(new Uint8Array(Float64Array.of(1.5, 2.5).buffer), 3);
    const exchange = openVirtualExchange({
      world: { generation: 1, rank: 0, worldSize: 2, configJson: '' },
      gather: (own) => Promise.resolve([own, rows.subarray(3)]),
      broadcast: (bytes) => Promise.resolve(bytes!),
    });
    expect(await exchange.combine([Float64Array.of(3, 4)], chain)).toEqual(Float64Array.of(2.5, 4 / 3 + 2.5));
  });

  it('refuses rows of another length', async () => {
    const exchange = openVirtualExchange({
      world: { generation: 1, rank: 0, worldSize: 2, configJson: '' },
      gather: (own) => Promise.resolve([own, new Uint8Array(24)]),
      broadcast: (bytes) => Promise.resolve(bytes!),
    });
    const combined = exchange.combine([Float64Array.of(3, 4)], chain);
    await expect(combined).rejects.toMatchObject({ code: 'COLLECTIVE_BAD_EXCHANGE', details: { rank: 1, length: 2 } });
  });
});

describe('global normalisers', () => {
  it('count matches and images over all virtual ranks, of which some have none', async () => {
    const geometry: AnchorGeometry = { strides: [32], anchorsPx: [[[64, 64]]] };
    // One box per image in the middle of a cell, so it matches its cell and the two neighbours it is nearest to, at most.
    const layers = (images: number) => {
      const rows = Array.from({ length: images }, (_, image) => [image, 0, 0.5625, 0.5625, 0.5, 0.5]);
      return assignTargets(Float32Array.from(rows.flat()), geometry, { height: 128, width: 128, anchorT: 4 });
    };
    const perImage = layers(1)[0]!.numRows;
    expect(perImage).toBeGreaterThan(0);
    const { workers } = exchanges(2, 4);
    const sizes = [2, 1, 0, 0];
    const counts = await Promise.all(
      workers.map(({ exchange, own }) =>
        countOverRanks(
          exchange,
          own.map((v) => (sizes[v] === 0 ? undefined : { numImages: sizes[v]!, layers: layers(sizes[v]!) })),
          1,
        ),
      ),
    );
    for (const found of counts) expect(found).toEqual({ numImages: 3, matchCounts: [3 * perImage] });
  });
});
