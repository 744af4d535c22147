import { expect, it } from 'vitest';
import { float32Tensor, type Tensor } from '../../../worker/checkpoint/tensor.js';
import { requireWeights, toStateTensors, transferWeights } from '../../../worker/checkpoint/transfer.js';

const slots = [
  { name: 'model.0.conv.weight', shape: [1, 1, 1, 2], kind: 'convWeight' },
  { name: 'model.0.bn.num_batches_tracked', shape: [], kind: 'bnCounter' },
  { name: 'model.1.m.0.bias', shape: [3], kind: 'bias' },
  { name: 'model.1.anchors', shape: [1, 1, 2], kind: 'anchors' },
];
const source = new Map<string, Tensor>([
  ['model.0.conv.weight', { dtype: 'F16', shape: [1, 1, 1, 2], data: Uint16Array.of(0x3c00, 0x4000) }],
  ['model.0.bn.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(4n) }],
  ['model.1.m.0.bias', float32Tensor([5], new Float32Array(5))],
  ['model.1.anchors', float32Tensor([1, 1, 2], Float32Array.of(8, 9))],
]);

it('entries of equal name and shape are transferred as float32, the others named with their reason', () => {
  const transfer = transferWeights(source, slots);
  expect([transfer.numTransferred, transfer.numTotal]).toEqual([3, 4]);
  expect(transfer.values.get('model.0.conv.weight')).toEqual(Float32Array.of(1, 2));
  expect(transfer.skipped).toEqual([{ name: 'model.1.m.0.bias', reason: 'shape [5], the model needs [3]' }]);
});

it('anchors stay the model’s own on request', () => {
  const { skipped } = transferWeights(source, slots, { excludeAnchors: true });
  expect(skipped.map(({ name }) => name)).toEqual(['model.1.m.0.bias', 'model.1.anchors']);
});

it('where nothing may be missing, the first tensor that does not fit is named', () => {
  const shape = expect.objectContaining({ code: 'CHECKPOINT_SHAPE_MISMATCH' });
  expect(() => requireWeights(source, slots, 'x')).toThrow(shape);
  const missing = expect.objectContaining({ code: 'CHECKPOINT_MISSING_TENSOR' });
  expect(() => requireWeights(source, [{ name: 'model.9.bias', shape: [1] }], 'x')).toThrow(missing);
});

it('a float32 state becomes the tensors that PyTorch expects, and comes back', () => {
  const state = new Map([
    ['model.0.conv.weight', Float32Array.of(1, 2)],
    ['model.0.bn.num_batches_tracked', Float32Array.of(12)],
  ]);
  const tensors = toStateTensors(state, slots.slice(0, 2));
  expect(tensors.get('model.0.bn.num_batches_tracked')).toEqual({
    dtype: 'I64',
    shape: [],
    data: BigInt64Array.of(12n),
  });
  expect(requireWeights(tensors, slots.slice(0, 2), 'x')).toEqual(state);
});
