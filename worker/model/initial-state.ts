/** The state of a fresh model. The same seed gives the same weights on every machine and in any order of drawing. */
import { numElements } from '../engine/program.js';
import { anchorsGrid, type Model } from './model.js';
import type { StateEntry } from './state.js';
import { UniformFill } from './uniform-fill.js';

/**
 * Running variance of a fresh model. The reference finds its strides by a pass of a black image in training mode while
 * batch norm still has PyTorch's momentum of 0.1: variance 1 becomes 0.9·1 + 0.1·0, and the counter becomes 1.
 */
const FRESH_RUNNING_VARIANCE = 0.9;
const FRESH_BATCH_COUNTER = 1;

/** Constants that are added to the head's biases, per detection layer. */
export interface HeadBias {
  readonly objectness: number;
  /** One per class. */
  readonly classes: readonly number[];
}

/**
 * Prior of the head: about 8 objects in a 640 px image, classes equally likely at 0.6 together, or as counted
 * ("Focal loss for dense object detection", section 3.3, for the idea).
 * @param classCounts objects per class in the training set, if they shall set the prior
 */
export function headBias(stride: number, nc: number, classCounts?: readonly number[]): HeadBias {
  const total = classCounts?.reduce((sum, count) => sum + count, 0) ?? 0;
  return {
    objectness: Math.log(8 / (640 / stride) ** 2),
    classes: Array.from({ length: nc }, (_, c) =>
      classCounts === undefined ? Math.log(0.6 / (nc - 0.999999)) : Math.log(classCounts[c]! / total),
    ),
  };
}

/**
 * Returns a fresh state in PyTorch's layout, float32, by name; the counters as one float.
 * Convolution weights and biases are uniform in ±1/√fan_in, batch norms 1 and 0, anchors in grid units.
 */
export function initialState(model: Model, seed: number): Map<string, Float32Array> {
  const state = new Map<string, Float32Array>();
  const shapes = new Map(model.state.map((entry) => [entry.name, entry.shape]));
  const random = new UniformFill();
  for (const entry of model.state) state.set(entry.name, initialValue(model, entry, shapes, seed, random));
  const perAnchor = 5 + model.nc;
  for (const [layer, stride] of model.strides.entries()) {
    const bias = state.get(`model.${model.detectIndex}.m.${layer}.bias`)!;
    const { objectness, classes } = headBias(stride, model.nc);
    for (let anchor = 0; anchor < model.numAnchors; anchor++) {
      const at = anchor * perAnchor;
      bias[at + 4]! += objectness;
      for (const [c, constant] of classes.entries()) bias[at + 5 + c]! += constant;
    }
  }
  return state;
}

function initialValue(
  model: Model,
  { name, shape, kind }: StateEntry,
  shapes: ReadonlyMap<string, readonly number[]>,
  seed: number,
  random: UniformFill,
): Float32Array {
  const array = new Float32Array(numElements(shape));
  const uniform = (weightShape: readonly number[]): Float32Array => {
    const bound = 1 / Math.sqrt(numElements(weightShape.slice(1)));
    return random.fill(array, [seed, 'initial-state', name], -bound, bound);
  };
  switch (kind) {
    case 'convWeight':
      return uniform(shape);
    case 'bias': {
      // Batch-norm biases stand beside a vector; those of a convolution beside its filters, which set their range.
      const weightShape = shapes.get(name.replace(/bias$/, 'weight'))!;
      return weightShape.length === 4 ? uniform(weightShape) : array;
    }
    case 'bnWeight':
      return array.fill(1);
    case 'bnMean':
      return array;
    case 'bnVariance':
      return array.fill(FRESH_RUNNING_VARIANCE);
    case 'bnCounter':
      return array.fill(FRESH_BATCH_COUNTER);
    case 'anchors':
      return anchorsGrid(model);
  }
}
