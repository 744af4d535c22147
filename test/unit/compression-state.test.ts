import { expect, it } from 'vitest';
import type { CompressionState } from '../../worker/collective/summed-vector.js';
import { gatherCompression, restoreCompression } from '../../worker/compression-state.js';
import type { TrainArrays } from '../../worker/train-state.js';

const LENGTH = 64;
const BUCKETS = [{ offset: 0, length: LENGTH + 3 }];

/** Two slots that hold rank·100 + slot·10 + 1 everywhere. */
function stateOf(rank: number, numSlots = 2): CompressionState {
  return {
    residuals: Array.from({ length: numSlots }, (_, slot) => new Float32Array(LENGTH).fill(rank * 100 + slot * 10 + 1)),
    shared: [Float32Array.of(7, 8)],
  };
}

const empty = (numSlots = 2): CompressionState => ({
  residuals: Array.from({ length: numSlots }, () => new Float32Array(LENGTH)),
  shared: [new Float32Array(2)],
});

/** What rank 0 saves for a world of this size. */
async function saved(worldSize: number): Promise<TrainArrays> {
  const blobs: Uint8Array[] = [];
  for (let rank = worldSize - 1; rank >= 0; rank--) {
    const gather = async (bytes: Uint8Array): Promise<Uint8Array[] | undefined> => {
      blobs[rank] = bytes;
      return rank === 0 ? blobs : undefined;
    };
    const arrays = await gatherCompression({ gather }, { compressionState: stateOf(rank) });
    if (rank === 0) return arrays;
    expect(arrays.size).toBe(0);
  }
  return new Map();
}

it('each rank of the same world gets back what it had left out', async () => {
  const arrays = await saved(3);
  for (let rank = 0; rank < 3; rank++) {
    const state = empty();
    restoreCompression(state, arrays, { rank, worldSize: 3, buckets: BUCKETS });
    expect(state).toEqual(stateOf(rank));
  }
});

it('a world of another size shares what all had left out, each element once', async () => {
  const arrays = await saved(3);
  const sum = new Float32Array(LENGTH);
  for (let rank = 0; rank < 2; rank++) {
    const state = empty();
    restoreCompression(state, arrays, { rank, worldSize: 2, buckets: BUCKETS });
    for (const residual of state.residuals) for (const [i, value] of residual.entries()) sum[i]! += value;
    expect(state.shared).toEqual([Float32Array.of(7, 8)]);
  }
  // 1 + 11 + 101 + 111 + 201 + 211
  expect([...sum]).toEqual(new Array(LENGTH).fill(636));
});

it('a run that was not compressed, or is no longer, goes on without', async () => {
  const state = empty();
  restoreCompression(state, new Map([['weights', new Float32Array(LENGTH)]]), {
    rank: 0,
    worldSize: 2,
    buckets: BUCKETS,
  });
  expect(state).toEqual(empty());
  restoreCompression(undefined, await saved(2), { rank: 0, worldSize: 2, buckets: BUCKETS });
  const gather = () => Promise.reject(new Error('nothing to gather'));
  expect((await gatherCompression({ gather }, { compressionState: undefined })).size).toBe(0);
});
