/** What a first run costs: what sessions ask of TensorFlow, and how small the functions for XLA are. Needs no native library. */
import { describe, expect, it } from 'vitest';
import { encodeSessionConfig } from '../../worker/engine/tensorflow/session-config.js';
import { FunctionWriter } from '../../worker/engine/tensorflow/xla-function.js';

describe('encodeSessionConfig', () => {
  it('writes the bytes that TensorFlow’s own field numbers demand', () => {
    // A key is field · 8 + kind; from field 16 on it takes two bytes, the lower seven bits first, with 128 added.
    const rewriter = [
      ...[1 * 8, 2, 4 * 8, 1, 9 * 8, 2, 10 * 8, 2, 13 * 8, 2, 15 * 8, 2],
      // 18 · 8 = 16 + 1 · 128, 22 · 8 = 48 + 1 · 128, 30 · 8 = 112 + 1 · 128, 32 · 8 = 0 + 2 · 128
      ...[128 + 16, 1, 2, 128 + 48, 1, 2, 128 + 112, 1, 2, 128, 2, 1],
    ];
    // ConfigProto: graph options (field 10, a message: 10 · 8 + 2) with rewrite options (10 again).
    const expected = [82, rewriter.length + 2, 82, rewriter.length, ...rewriter];
    expect([...encodeSessionConfig()]).toEqual(expected);
  });
});

describe('FunctionWriter', () => {
  it('writes a vector of numbers once, and tells shapes apart', () => {
    const f = new FunctionWriter('f', ['x']);
    expect(f.ints([1, 2])).toBe(f.ints([1, 2]));
    expect(f.ints([1, 2])).not.toBe(f.ints([1, 2], [2, 1]));
    expect(f.ints([1, 2])).not.toBe(f.ints([12]));
    // Three slices of one size: the three begins, the size, and the slices themselves.
    const g = new FunctionWriter('g', ['x']);
    const parts = [0, 1, 2].map((begin) => g.slice('x', [begin], [4]));
    expect(
      g
        .finish(parts)
        .nodeDef.map((node) => node.op)
        .toSorted(),
    ).toEqual([...Array<string>(4).fill('Const'), ...Array<string>(3).fill('Slice')]);
  });
});
