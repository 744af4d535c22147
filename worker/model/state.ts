/** The state of a model: names, shapes and order of every weight and buffer, as PyTorch lists them. */
import type { Leaf } from './modules/module.js';

export type StateKind = 'convWeight' | 'bnWeight' | 'bias' | 'bnMean' | 'bnVariance' | 'bnCounter' | 'anchors';

/** One weight or buffer. */
export interface StateEntry {
  /** PyTorch's name, such as `model.4.1.cv2.bn.running_var`. */
  readonly name: string;
  /** PyTorch's shape; [] for the counter. */
  readonly shape: readonly number[];
  /** The shape in the engine's layout. */
  readonly engineShape: readonly number[];
  readonly kind: StateKind;
  /** Optimizer group: 0 batch-norm weights, 1 convolution weights (the only ones that decay), 2 biases; undefined for buffers. */
  readonly group: 0 | 1 | 2 | undefined;
  /** Index of the numbered layer that it belongs to. */
  readonly layer: number;
}

/** State entries of a layer's leaves, in PyTorch's order. */
export function stateOfLeaves(leaves: readonly Leaf[], layer: number): StateEntry[] {
  return leaves.flatMap((leaf) => stateOfLeaf(leaf, layer));
}

function stateOfLeaf(leaf: Leaf, layer: number): StateEntry[] {
  const plain = (name: string, shape: readonly number[], kind: StateKind, group?: 0 | 2): StateEntry => ({
    name: `${leaf.name}${name}`,
    shape,
    engineShape: shape,
    kind,
    group,
    layer,
  });
  switch (leaf.kind) {
    case 'conv': {
      const [kh, kw] = leaf.kernel;
      const weight: StateEntry = {
        name: `${leaf.name}.weight`,
        shape: [leaf.out, leaf.in, kh, kw],
        engineShape: [kh, kw, leaf.in, leaf.out],
        kind: 'convWeight',
        group: 1,
        layer,
      };
      return leaf.bias ? [weight, plain('.bias', [leaf.out], 'bias', 2)] : [weight];
    }
    case 'bn': {
      const shape = [leaf.channels];
      return [
        plain('.weight', shape, 'bnWeight', 0),
        plain('.bias', shape, 'bias', 2),
        plain('.running_mean', shape, 'bnMean'),
        plain('.running_var', shape, 'bnVariance'),
        plain('.num_batches_tracked', [], 'bnCounter'),
      ];
    }
    case 'anchors':
      return [plain('', [leaf.numLayers, leaf.numAnchors, 2], 'anchors')];
    case 'maxpool':
    case 'upsample':
    case 'zeropad':
      return [];
  }
}
