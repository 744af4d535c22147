/** Which loop or kernel computes which operator. */
import type { Shape } from '../program.js';
import type { WasmOp } from './fuse.js';
import type { Heap, HeapArray } from './heap.js';
import { conv2d, conv2dInputGrad } from './kernels/convolution.js';
import { binary, cast, select, silu, siluGrad, unary } from './kernels/elementwise.js';
import { conv2dFilterGrad } from './kernels/filter-grad.js';
import { concat, pad2d, slice, transpose, unpad2d, upsample2x, upsample2xGrad } from './kernels/layout.js';
import {
  batchNormGrad,
  batchNormInfer,
  batchNormSilu,
  batchNormSiluGrad,
  batchNormTrain,
} from './kernels/normalization.js';
import { maxPool, maxPoolGrad } from './kernels/pooling.js';
import { gatherNd, reshape, scatterNd, sum } from './kernels/rows.js';

/**
 * Computes one operator. The caller owns the arrays returned.
 * @param declared the declared shape of the first output
 */
export function evaluate(heap: Heap, op: WasmOp, inputs: readonly HeapArray[], declared: Shape): readonly HeapArray[] {
  const [x, y, z, u, v, w] = inputs as [HeapArray, HeapArray, HeapArray, HeapArray, HeapArray, HeapArray];
  switch (op.kind) {
    case 'input':
    case 'constant':
      return [];
    case 'conv2d':
      return [conv2d(heap, x, y, declared, op)];
    case 'conv2dInputGrad':
      return [conv2dInputGrad(heap, x, y, op.inputShape, op)];
    case 'conv2dFilterGrad':
      return [conv2dFilterGrad(heap, x, y, op.filterShape, op)];
    case 'batchNormTrain':
      return batchNormTrain(heap, x, y, z, op.epsilon);
    case 'batchNormGrad':
      return batchNormGrad(heap, x, y, z, u, v);
    case 'batchNormSilu':
      return batchNormSilu(heap, x, y, z, op.epsilon);
    case 'batchNormSiluGrad':
      return batchNormSiluGrad(heap, x, [y, z, u, v, w]);
    case 'batchNormInfer':
      return [batchNormInfer(heap, x, y, z, u, v, op.epsilon)];
    case 'silu':
      return [silu(heap, x)];
    case 'siluGrad':
      return [siluGrad(heap, x, y)];
    case 'maxPool':
      return [maxPool(heap, x, declared, op)];
    case 'maxPoolGrad':
      return [maxPoolGrad(heap, x, y, z, op)];
    case 'pad2d':
      return [pad2d(heap, x, op.padding)];
    case 'unpad2d':
      return [unpad2d(heap, x, op.padding)];
    case 'upsample2x':
      return [upsample2x(heap, x)];
    case 'upsample2xGrad':
      return [upsample2xGrad(heap, x)];
    case 'concat':
      return [concat(heap, inputs, op.axis)];
    case 'slice':
      return [slice(heap, x, op.begin, op.size)];
    case 'reshape':
      return [reshape(heap, x, op.shape)];
    case 'transpose':
      return [transpose(heap, x, op.perm)];
    case 'unary':
      return [unary(heap, op.fn, x)];
    case 'binary':
      return [binary(heap, op.fn, x, y)];
    case 'select':
      return [select(heap, x, y, z)];
    case 'sum':
      return [sum(heap, x, op.axes, op.keepDims)];
    case 'gatherNd':
      return [gatherNd(heap, x, y)];
    case 'scatterNd':
      return [scatterNd(heap, x, y, op.shape)];
    case 'cast':
      return [cast(heap, x)];
  }
}
