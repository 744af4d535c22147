import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../proto/errors.js';
import { readCheckpoint } from '../../../worker/checkpoint/checkpoint.js';
import { encodeHeader, layOutTensors, parseHeader } from '../../../worker/checkpoint/safetensors.js';
import { float32Tensor, type Tensor, tensorBytes, toFloat32 } from '../../../worker/checkpoint/tensor.js';
import { useTempFolder } from '../../support/temp-folder.js';

const inFolder = useTempFolder();

/** A file with this text as its header and `dataBytes` zero bytes of data. */
function fileWithHeader(name: string, header: string, dataBytes: number): string {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  writeFileSync(inFolder(name), bytes);
  return inFolder(name);
}

function plainFile(name: string, tensors: ReadonlyMap<string, Tensor>): string {
  const entries = layOutTensors(tensors);
  const data = [...entries.keys()].map((key) => tensorBytes(tensors.get(key)!));
  writeFileSync(inFolder(name), Buffer.concat([encodeHeader(entries, { format: 'pt' }), ...data]));
  return inFolder(name);
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  ...{ dtype: 'F32', shape },
  data_offsets: [begin, end],
});

describe('a plain file made elsewhere', () => {
  it('is read with every dtype that a PyTorch state may hold', async () => {
    const tensors = new Map<string, Tensor>([
      ['weight', float32Tensor([2, 2], Float32Array.of(1, -2, 3.5, 0))],
      ['count', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
      // 1.5 = 0x3e00 and -2 = 0xc000 in half precision; 6e-8 is its smallest number, 2^-24.
      ['half', { dtype: 'F16', shape: [3], data: Uint16Array.of(0x3e00, 0xc000, 0x0001) }],
      // bfloat16 is the upper half of a float32: 1 = 0x3f80.
      ['brain', { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) }],
      ['int', { dtype: 'I32', shape: [1], data: Int32Array.of(-5) }],
      ['byte', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
    ]);
    const { state, train, metadata } = await readCheckpoint(plainFile('plain.safetensors', tensors));
    expect(metadata).toBeUndefined();
    expect(train.size).toBe(0);
    const values = Object.fromEntries([...state].map(([name, tensor]) => [name, [...toFloat32(tensor)]]));
    expect(values).toEqual({
      ...{ weight: [1, -2, 3.5, 0], count: [7], half: [1.5, -2, 2 ** -24] },
      ...{ brain: [1], int: [-5], byte: [1, 2, 255] },
    });
  });

  it('starts its data on a multiple of 8 bytes and every tensor on a multiple of its element', () => {
    const tensors = new Map<string, Tensor>([
      ['odd', { dtype: 'U8', shape: [3], data: new Uint8Array(3) }],
      ['single', float32Tensor([1], new Float32Array(1))],
      ['long', { dtype: 'I64', shape: [], data: new BigInt64Array(1) }],
    ]);
    const entries = layOutTensors(tensors);
    expect([...entries].map(([name, { begin }]) => [name, begin])).toEqual([
      ['long', 0],
      ['single', 8],
      ['odd', 12],
    ]);
    expect(encodeHeader(entries, {}).length % 8).toBe(0);
  });
});

describe('a file that does not follow the format is refused with its code', () => {
  const cases: [what: string, code: string, tensor: string | undefined, header: object | string, dataBytes: number][] =
    [
      ['overlapping tensors', 'CHECKPOINT_DAMAGED', 'b', { a: entry(0, 8), b: entry(4, 12) }, 12],
      ['a gap between tensors', 'CHECKPOINT_DAMAGED', 'b', { a: entry(0, 4), b: entry(8, 12) }, 12],
      ['bytes after the last tensor', 'CHECKPOINT_DAMAGED', undefined, { a: entry(0, 4) }, 8],
      ['data that ends early', 'CHECKPOINT_TRUNCATED', undefined, { a: entry(0, 8) }, 4],
      ['a shape that needs other bytes', 'CHECKPOINT_DAMAGED', 'a', { a: entry(0, 8, [3]) }, 8],
      ['a shape beyond all bounds', 'CHECKPOINT_DAMAGED', 'a', { a: entry(0, 8, [2 ** 40, 2 ** 40]) }, 8],
      ['a negative offset', 'CHECKPOINT_DAMAGED', 'a', { a: entry(-4, 0) }, 4],
      ['an unknown dtype', 'CHECKPOINT_DAMAGED', 'a', { a: { ...entry(0, 4), dtype: 'toString' } }, 4],
      ['a name listed twice', 'CHECKPOINT_DAMAGED', 'a', `{"a":${JSON.stringify(entry(0, 4))},"\\u0061":{}}`, 4],
      ['a header that is no JSON', 'CHECKPOINT_DAMAGED', undefined, '{"a":', 0],
      ['metadata that is no text', 'CHECKPOINT_DAMAGED', undefined, { __metadata__: { epoch: 3 } }, 0],
    ];
  for (const [what, code, tensor, header, dataBytes] of cases) {
    it(`${what}: ${code}`, async () => {
      const text = typeof header === 'string' ? header : JSON.stringify(header);
      const path = fileWithHeader('bad.safetensors', text, dataBytes);
      const error = await readCheckpoint(path).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error).toMatchObject({ code });
      expect((error as CheckpointError).details.tensor).toBe(tensor);
    });
  }

  it('a header length of 2^62 bytes is not believed', async () => {
    const bytes = new Uint8Array(64).fill(0x20);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 62n, true);
    writeFileSync(inFolder('huge.safetensors'), bytes);
    await expect(readCheckpoint(inFolder('huge.safetensors'))).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_SAFETENSORS',
    });
  });

  it('Q46: a PyTorch .pt file, zip or pickle, is refused with the way to convert it', async () => {
    const zip = Buffer.concat([Buffer.from('PK\x03\x04'), new Uint8Array(100)]);
    const pickle = Buffer.concat([Uint8Array.of(0x80, 2, 0x8a, 10), new Uint8Array(100).fill(0x6c)]);
    for (const content of [zip, pickle]) {
      writeFileSync(inFolder('model.pt'), content);
      await expect(readCheckpoint(inFolder('model.pt'))).rejects.toMatchObject({
        code: 'CHECKPOINT_NOT_SAFETENSORS',
        hint: expect.stringContaining('save_file'),
      });
    }
  });

  it('an empty file and a missing one have codes of their own', async () => {
    writeFileSync(inFolder('empty.safetensors'), '');
    await expect(readCheckpoint(inFolder('empty.safetensors'))).rejects.toMatchObject({ code: 'CHECKPOINT_TRUNCATED' });
    await expect(readCheckpoint(inFolder('none.safetensors'))).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    await expect(readCheckpoint(inFolder())).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
  });
});

describe('whatever the bytes, the reader ends with tensors or a CheckpointError', () => {
  const isExpected = (error: unknown) => {
    if (!(error instanceof CheckpointError)) throw error;
  };

  it('for arbitrary headers', () => {
    const number = fc.oneof(fc.integer({ min: -4, max: 40 }), fc.double(), fc.constant(2 ** 53));
    const tensorEntry = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'I64', 'U8', 'F16', '__proto__', 'constructor'), fc.string()),
        shape: fc.oneof(fc.array(number, { maxLength: 4 }), fc.anything()),
        data_offsets: fc.oneof(fc.tuple(number, number), fc.anything()),
      },
      { requiredKeys: [] },
    );
    const name = fc.oneof(fc.string(), fc.constantFrom('__metadata__', '__proto__', 'a'));
    const header = fc.dictionary(name, fc.oneof(tensorEntry, fc.anything()), { maxKeys: 4 });
    fc.assert(
      fc.property(header, fc.nat(64), (content, dataBytes) => {
        try {
          parseHeader(new TextEncoder().encode(JSON.stringify(content)), dataBytes, 'fuzz');
        } catch (error) {
          isExpected(error);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('for valid files with bytes replaced, inserted and cut', async () => {
    const good = readFileSync(
      plainFile('good.safetensors', new Map([['a', float32Tensor([2], Float32Array.of(1, 2))]])),
    );
    const edit = fc.record({
      at: fc.nat(good.length - 1),
      remove: fc.nat(12),
      insert: fc.uint8Array({ maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let bytes: Uint8Array = good;
        for (const { at, remove, insert } of edits) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
        }
        writeFileSync(inFolder('fuzzed.safetensors'), bytes);
        await readCheckpoint(inFolder('fuzzed.safetensors')).catch(isExpected);
      }),
      { numRuns: 300 },
    );
  });
});
