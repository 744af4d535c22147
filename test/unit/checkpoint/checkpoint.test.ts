import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../proto/errors.js';
import {
  type CheckpointContent,
  type CheckpointMetadata,
  manifestPath,
  readCheckpoint,
  readCheckpointHeader,
  requireResumable,
  stripCheckpoint,
  writeCheckpoint,
} from '../../../worker/checkpoint/checkpoint.js';
import { encodeHeader, layOutTensors } from '../../../worker/checkpoint/safetensors.js';
import { float32Tensor, type Tensor } from '../../../worker/checkpoint/tensor.js';
import { weightsSha256 } from '../../../worker/checkpoint/weights-hash.js';
import { useTempFolder } from '../../support/temp-folder.js';

const inFolder = useTempFolder();

const metadata: CheckpointMetadata = {
  ...{ epoch: 3, step: 120, finished: false, fitness: 0.25, bestFitness: 0.5 },
  metrics: { map50: 0.4 },
  boxLoss: 'sca',
  config: { imgsz: 320 },
  sampler: { epoch: 4, position: 17 },
};

function content(value = 1): CheckpointContent {
  return {
    state: new Map<string, Tensor>([
      ['model.0.conv.weight', float32Tensor([2, 1, 1, 2], Float32Array.of(value, 2, 3, 4))],
      ['model.0.bn.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(9n) }],
    ]),
    train: new Map([['momentum/model.0.conv.weight', float32Tensor([4], Float32Array.of(5, 6, 7, 8))]]),
    metadata,
  };
}

async function expectCode(result: Promise<unknown>, code: string): Promise<CheckpointError> {
  const error = await result.then(
    () => expect.fail(`expected ${code}`),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error).toMatchObject({ code });
  return error as CheckpointError;
}

describe('a checkpoint', () => {
  it('comes back as it was written, and its manifest tells the same', async () => {
    const path = inFolder('a', 'last.safetensors');
    const written = await writeCheckpoint(path, content());
    const read = await readCheckpoint(path);
    expect(read.state).toEqual(content().state);
    expect(read.train).toEqual(content().train);
    expect(read.metadata).toEqual(metadata);
    expect((await readCheckpointHeader(path)).metadata).toEqual(metadata);

    const bytes = readFileSync(path);
    expect(written).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    const manifest = JSON.parse(readFileSync(manifestPath(path), 'utf8'));
    expect(manifest).toMatchObject({
      format: 1,
      epoch: 3,
      boxLoss: 'sca',
      file: { ...written, name: 'last.safetensors' },
    });
    expect(manifest.tensors['train/momentum/model.0.conv.weight']).toMatchObject({ dtype: 'F32', shape: [4] });
    expect(readdirSync(inFolder('a')).sort()).toEqual(['last.json', 'last.safetensors']);
  });

  it('has the same bytes whenever the content is the same', async () => {
    const first = await writeCheckpoint(inFolder('same1.safetensors'), content());
    const second = await writeCheckpoint(inFolder('same2.safetensors'), content());
    expect(first).toEqual(second);
  });

  it('takes weights that lie in shared memory', async () => {
    const data = new Float32Array(new SharedArrayBuffer(8));
    data.set([1, 2]);
    const path = inFolder('shared.safetensors');
    await writeCheckpoint(path, { state: new Map([['w', float32Tensor([2], data)]]), metadata });
    expect((await readCheckpoint(path)).state.get('w')?.data).toEqual(Float32Array.of(1, 2));
  });

  it('with one bit flipped in a tensor is refused by the name of the tensor', async () => {
    const path = inFolder('flipped.safetensors');
    await writeCheckpoint(path, content());
    const { header } = await readCheckpointHeader(path);
    const bytes = readFileSync(path);
    for (const [name, entry] of header.entries) {
      const flipped = Buffer.from(bytes);
      flipped[header.dataStart + entry.begin]! ^= 4;
      writeFileSync(path, flipped);
      const error = await expectCode(readCheckpoint(path), 'CHECKPOINT_DAMAGED');
      expect(error.details.tensor).toBe(name);
      expect(error.message).toContain(name);
    }
    await expect(readCheckpoint(path, { verify: false })).resolves.toBeDefined();
  });

  it('with one bit flipped anywhere is refused', async () => {
    const path = inFolder('flipped-anywhere.safetensors');
    await writeCheckpoint(path, content());
    const bytes = readFileSync(path);
    // The length, then every third byte (3 and 8 share no factor, so all eight bits are met) to keep the test quick.
    for (let at = 0; at < bytes.length; at += at < 8 ? 1 : 3) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(path, flipped);
      const error = await readCheckpoint(path).then(
        () => expect.fail(`a flipped bit in byte ${at} was not noticed`),
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(CheckpointError);
    }
  });

  it('cut short anywhere is refused as truncated or as no safetensors file', async () => {
    const path = inFolder('cut.safetensors');
    const { bytes } = await writeCheckpoint(path, content());
    for (let size = bytes - 1; size >= 0; size -= 13) {
      truncateSync(path, size);
      await expectCode(readCheckpoint(path), 'CHECKPOINT_TRUNCATED');
    }
  });

  it('of a newer format version is refused with that reason', async () => {
    const { state } = content();
    const entries = layOutTensors(new Map());
    writeFileSync(inFolder('newer.safetensors'), encodeHeader(entries, { 'lockstep.version': '2' }));
    expect(state.size).toBe(2);
    await expectCode(readCheckpoint(inFolder('newer.safetensors')), 'CHECKPOINT_NEWER_VERSION');
  });
});

describe('writing', () => {
  it('leaves the old checkpoint until the new one is whole, and a killed writer is cleaned up by the next', async () => {
    const path = inFolder('kill', 'last.safetensors');
    await writeCheckpoint(path, content(1));
    // A process that has ended gives a pid that nobody runs under.
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    let leftBehind = '';
    await writeCheckpoint(path, content(2), {
      beforeRename: async (temporary) => {
        expect((await readCheckpoint(path)).state).toEqual(content(1).state);
        expect((await readCheckpoint(temporary)).state).toEqual(content(2).state);
        // What it would leave had it been killed at this point.
        leftBehind = temporary.replace(`.${process.pid}.`, `.${pid}.`);
        writeFileSync(leftBehind, readFileSync(temporary).subarray(0, 100));
      },
    });
    expect((await readCheckpoint(path)).state).toEqual(content(2).state);
    await writeCheckpoint(path, content(3));
    expect(existsSync(leftBehind)).toBe(false);
    expect(readdirSync(inFolder('kill')).sort()).toEqual(['last.json', 'last.safetensors']);
  });

  it('does not touch the temporary files of writers that live', async () => {
    const path = inFolder('living', 'last.safetensors');
    await writeCheckpoint(path, content());
    const living = inFolder('living', `.last.safetensors.${hostname().replaceAll('.', '-')}.${process.pid}.999.tmp`);
    const foreign = inFolder('living', '.last.safetensors.otherhost.1.0.tmp');
    writeFileSync(living, '');
    writeFileSync(foreign, '');
    await writeCheckpoint(path, content());
    expect(existsSync(living)).toBe(true);
    expect(existsSync(foreign)).toBe(true);
  });

  it('on a full disk says so, keeps the old file and leaves no temporary one', async () => {
    const path = inFolder('full', 'last.safetensors');
    await writeCheckpoint(path, content(1));
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    const failing = writeCheckpoint(path, content(2), { beforeRename: () => Promise.reject(full) });
    await expectCode(failing, 'CHECKPOINT_NO_SPACE');
    expect((await readCheckpoint(path)).state).toEqual(content(1).state);
    expect(readdirSync(inFolder('full')).sort()).toEqual(['last.json', 'last.safetensors']);
  });

  it('into a place that cannot be a folder is one clear error', async () => {
    writeFileSync(inFolder('file'), '');
    await expectCode(writeCheckpoint(inFolder('file', 'last.safetensors'), content()), 'CHECKPOINT_CANNOT_WRITE');
  });

  it('refuses values that do not fit their shape', async () => {
    const state = new Map([['w', float32Tensor([3], new Float32Array(2))]]);
    await expectCode(writeCheckpoint(inFolder('shape.safetensors'), { state, metadata }), 'CHECKPOINT_SHAPE_MISMATCH');
  });
});

describe('at the end of a run', () => {
  it('stripping keeps only the weights, bit for bit, and marks the file as finished', async () => {
    const path = inFolder('strip.safetensors');
    await writeCheckpoint(path, content());
    const before = await readCheckpoint(path);
    expect(requireResumable(before).epoch).toBe(3);
    await stripCheckpoint(path);
    const after = await readCheckpoint(path);
    expect(after.train.size).toBe(0);
    expect(after.metadata).toEqual({ ...metadata, finished: true });
    expect(weightsSha256(after.state)).toBe(weightsSha256(before.state));
    expect(() => requireResumable(after)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_FINISHED' }));
  });
});

it('the hash of weights depends on names, shapes and values, and not on the order', () => {
  const w = float32Tensor([2], Float32Array.of(1, 2));
  const b = float32Tensor([1], Float32Array.of(3));
  const hash = weightsSha256(
    new Map([
      ['w', w],
      ['b', b],
    ]),
  );
  expect(
    weightsSha256(
      new Map([
        ['b', b],
        ['w', w],
      ]),
    ),
  ).toBe(hash);
  expect(
    weightsSha256(
      new Map([
        ['w', b],
        ['b', w],
      ]),
    ),
  ).not.toBe(hash);
  expect(
    weightsSha256(
      new Map([
        ['w', float32Tensor([2, 1], Float32Array.of(1, 2))],
        ['b', b],
      ]),
    ),
  ).not.toBe(hash);
  // By hand: one line of JSON, then the bytes.
  const byHand = createHash('sha256')
    .update('["b","F32",[1]]\n')
    .update(Uint8Array.of(0, 0, 0x40, 0x40))
    .digest('hex');
  expect(weightsSha256(new Map([['b', b]]))).toBe(byHand);
});
