import { describe, expect, it } from 'vitest';
import { randomStream } from '../../proto/random.js';
import { UniformFill } from '../../worker/model/uniform-fill.js';

describe('UniformFill', () => {
  // Around a block (4), a group (16) and a chunk (65536).
  it.each([0, 1, 4, 15, 16, 17, 65535, 65536, 65540, 200003])(
    'gives the %i numbers that the stream gives, bit by bit',
    (length) => {
      const key = [7, 'initial-state', 'model.0.conv.weight'];
      const expected = randomStream(7, 'initial-state', 'model.0.conv.weight').fillUniform(
        new Float32Array(length),
        -0.19245,
        0.19245,
      );
      const filled = new UniformFill().fill(new Float32Array(length), key, -0.19245, 0.19245);
      expect(Buffer.from(filled.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    },
  );

  it('begins every key anew', () => {
    const fill = new UniformFill();
    const first = fill.fill(new Float32Array(40), [1, 'a'], 0, 1);
    fill.fill(new Float32Array(99), [1, 'b'], 0, 1);
    expect(fill.fill(new Float32Array(40), [1, 'a'], 0, 1)).toEqual(first);
  });
});
