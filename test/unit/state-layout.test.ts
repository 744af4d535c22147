import { expect, test } from 'vitest';
import { fromEngineLayout, toEngineLayout, writeEngineLayout } from '../../worker/model/layout.js';
import type { StateEntry } from '../../worker/model/state.js';
import { smallTrainState } from '../support/train-state.js';

/** More outputs than are reordered together, and not a multiple of them; kernel sides that differ. */
const [OUTPUTS, INPUTS, ROWS, COLUMNS] = [71, 5, 3, 2] as const;
const LENGTH = OUTPUTS * INPUTS * ROWS * COLUMNS;
const FILTER: StateEntry = {
  name: 'model.0.conv.weight',
  shape: [OUTPUTS, INPUTS, ROWS, COLUMNS],
  engineShape: [ROWS, COLUMNS, INPUTS, OUTPUTS],
  kind: 'convWeight',
  group: 1,
  layer: 0,
};
/** Every element says where it lies in PyTorch's layout. */
const torch = Float32Array.from({ length: LENGTH }, (_, i) => i);

/** The definition: element (row, column, input, output) of the engine's is (output, input, row, column) of PyTorch's. */
function expectedEngine(): Float32Array {
  const engine: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      for (let i = 0; i < INPUTS; i++) {
        for (let o = 0; o < OUTPUTS; o++) engine.push(((o * INPUTS + i) * ROWS + row) * COLUMNS + column);
      }
    }
  }
  return Float32Array.from(engine);
}

test('filters of any number of outputs are reordered by the definition, and back', () => {
  const engine = toEngineLayout(FILTER, torch);
  expect(engine).toEqual(expectedEngine());
  expect(fromEngineLayout(FILTER, engine)).toEqual(torch);
});

test('writing into a part of a larger array touches nothing around it', () => {
  const flat = new Float32Array(LENGTH + 2).fill(-1);
  writeEngineLayout(FILTER, torch, flat.subarray(1, LENGTH + 1));
  expect(flat.subarray(1, LENGTH + 1)).toEqual(expectedEngine());
  expect([flat[0], flat[LENGTH + 1]]).toEqual([-1, -1]);
});

test('vectors are copied as they are', () => {
  const bias: StateEntry = { ...FILTER, name: 'model.0.bias', shape: [3], engineShape: [3], kind: 'bias', group: 2 };
  const to = new Float32Array(3);
  writeEngineLayout(bias, Float32Array.of(1, 2, 3), to);
  expect(to).toEqual(Float32Array.of(1, 2, 3));
});

test('every tensor of the flat state begins at a cache line, and steps leave the gaps between them zeros', () => {
  const { trainState, vector, ones } = smallTrainState();
  const { segments, length } = trainState.layout;
  const rates = { epoch: 0, lr: [0.1, 0.1, 0.1], momentum: 0.9, accumulate: 1, startsEpoch: false } as const;
  expect(trainState.accumulate(ones, rates, 0.1)).toBe(true);
  trainState.updateEma();
  const free = new Uint8Array(length).fill(1);
  for (const segment of segments.values()) {
    // 64 bytes of 4-byte numbers.
    expect(segment.offset % 16, segment.name).toBe(0);
    free.fill(0, segment.offset, segment.offset + segment.length);
  }
  // The heads' biases have 255 elements, so there are gaps.
  expect(free.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
  for (const flat of [trainState.weights, trainState.ema]) {
    expect(flat.every((value, i) => free[i] === 0 || value === 0)).toBe(true);
  }
  expect(segments.get(vector.gradients[1]!.name)!.offset).toBeGreaterThanOrEqual(vector.gradients[1]!.offset);
});
