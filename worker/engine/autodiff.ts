/**
 * Reverse-mode differentiation of a program: walks the nodes backwards and writes the gradient operators into the same
 * builder. Gradients become ready in the order in which this walk meets the parameters, last layer first; that order
 * is the order of the all-reduce buckets.
 */
import { EngineError } from '../../proto/errors.js';
import type { ProgramBuilder } from './builder.js';
import { type Node, numElements, type Value } from './program.js';

/** Receives the gradient of a parameter at the moment in which the last operator that uses it has been walked. */
export type GradientHandler = (parameter: Value, gradient: Value) => void;

/**
 * Writes the gradient of `loss` with respect to `parameters` into the builder.
 *
 * Conventions follow PyTorch's, which the reference uses: `max` and `min` give half to each side where both are equal;
 * `abs` gives 0 at 0; comparisons and masks give none.
 *
 * @param loss a scalar, shape []
 * @param parameters the values to differentiate by
 * @param onGradient called once per parameter, in backward order; parameters without influence on the loss get zeros, at the end
 * @returns the gradients in the order of `parameters`, each of its parameter's shape
 * @throws EngineError `ENGINE_NOT_DIFFERENTIABLE` where an operator has no gradient here
 */
export function gradients(
  b: ProgramBuilder,
  loss: Value,
  parameters: readonly Value[],
  onGradient: GradientHandler = () => {},
): Value[] {
  const nodes = [...b.nodes];
  const needed = valuesBetween(b, nodes, parameters);
  const wanted = new Map(parameters.map((parameter) => [parameter.id, parameter]));
  const firstUse = firstUses(nodes, wanted);
  const sums = new Map<number, Value>([[loss.id, b.constant(1)]]);

  const accumulate = (input: Value, gradient: Value): void => {
    if (!needed.has(input.id)) return;
    const sofar = sums.get(input.id);
    sums.set(input.id, sofar === undefined ? gradient : b.add(sofar, gradient));
  };

  const done = new Map<number, Value>();
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]!;
    const dys = node.outputs.map((id) => sums.get(id));
    const active = node.inputs.some((id) => needed.has(id)) && !node.outputs.some((id) => b.isStopped(id));
    if (active && dys.some((dy) => dy !== undefined)) backward(b, node, dys, needed, accumulate);
    // Activations' gradients are complete once their maker has been walked; let the map forget them.
    for (const id of node.outputs) if (!wanted.has(id)) sums.delete(id);
    for (const parameter of firstUse.get(index) ?? []) {
      const gradient = sums.get(parameter.id);
      if (gradient === undefined) continue;
      done.set(parameter.id, gradient);
      onGradient(parameter, gradient);
    }
  }
  return parameters.map((parameter) => {
    const gradient = done.get(parameter.id);
    if (gradient !== undefined) return gradient;
    // What no node reads has no gradient, except the loss itself.
    const rest = sums.get(parameter.id) ?? zerosLike(b, parameter);
    onGradient(parameter, rest);
    return rest;
  });
}

/** Ids of all values that depend on a parameter: the only ones whose gradient is of use. */
function valuesBetween(b: ProgramBuilder, nodes: readonly Node[], parameters: readonly Value[]): Set<number> {
  const reached = new Set(parameters.map((parameter) => parameter.id));
  for (const node of nodes) {
    if (!node.inputs.some((id) => reached.has(id))) continue;
    for (const id of node.outputs) if (b.value(id).dtype === 'float32' && !b.isStopped(id)) reached.add(id);
  }
  return reached;
}

/** For each node index: the parameters that no earlier node uses, so their gradient is complete after it. */
function firstUses(nodes: readonly Node[], wanted: ReadonlyMap<number, Value>): Map<number, Value[]> {
  const uses = new Map<number, Value[]>();
  const seen = new Set<number>();
  for (const [index, node] of nodes.entries()) {
    for (const id of node.inputs) {
      const parameter = wanted.get(id);
      if (parameter === undefined || seen.has(id)) continue;
      seen.add(id);
      uses.set(index, [...(uses.get(index) ?? []), parameter]);
    }
  }
  return uses;
}

/** Sums a gradient back to the shape that broadcasting had stretched. */
function unbroadcast(b: ProgramBuilder, gradient: Value, to: Value): Value {
  const extra = gradient.shape.length - to.shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < extra || (to.shape[axis - extra] === 1 && gradient.shape[axis] !== 1));
  if (axes.length === 0) return gradient;
  const summed = b.sum(gradient, axes, true);
  return extra === 0 ? summed : b.reshape(summed, to.shape);
}

function backward(
  b: ProgramBuilder,
  node: Node,
  dys: readonly (Value | undefined)[],
  needed: ReadonlySet<number>,
  accumulate: (input: Value, gradient: Value) => void,
): void {
  const { op } = node;
  const inputs = node.inputs.map((id) => b.value(id));
  const outputs = node.outputs.map((id) => b.value(id));
  const dy = dys[0];
  if (dy === undefined) {
    throw new EngineError('ENGINE_NOT_DIFFERENTIABLE', `${op.kind}: only its first output has a gradient`);
  }
  const [x, w] = inputs as [Value, Value];
  const wants = (value: Value): boolean => needed.has(value.id);
  switch (op.kind) {
    case 'input':
    case 'constant':
    case 'cast':
      return;
    case 'conv2d':
      if (wants(w)) accumulate(w, b.conv2dFilterGrad(x, dy, w.shape, op));
      if (wants(x)) accumulate(x, b.conv2dInputGrad(w, dy, x.shape, op));
      return;
    case 'batchNormTrain': {
      const [dx, dscale, doffset] = b.batchNormGrad(dy, x, w, outputs[3]!, outputs[4]!, op.epsilon);
      accumulate(w, dscale!);
      accumulate(inputs[2]!, doffset!);
      accumulate(x, dx!);
      return;
    }
    case 'silu':
      accumulate(x, b.siluGrad(x, dy));
      return;
    case 'maxPool':
      accumulate(x, b.maxPoolGrad(x, outputs[0]!, dy, op));
      return;
    case 'pad2d':
      accumulate(x, b.unpad2d(dy, op.padding));
      return;
    case 'unpad2d':
      accumulate(x, b.pad2d(dy, op.padding));
      return;
    case 'upsample2x':
      accumulate(x, b.upsample2xGrad(dy));
      return;
    case 'concat': {
      let offset = 0;
      for (const part of inputs) {
        if (offset < 0) {
          const reason = 'cannot tell where a part begins that follows one of unknown size';
          throw new EngineError('ENGINE_NOT_DIFFERENTIABLE', `concat along axis ${op.axis}: ${reason}`);
        }
        const size = part.shape[op.axis]!;
        const begin = part.shape.map((_, axis) => (axis === op.axis ? offset : 0));
        if (wants(part)) {
          accumulate(
            part,
            b.slice(
              dy,
              begin,
              part.shape.map((s, axis) => (axis === op.axis ? size : s)),
            ),
          );
        }
        offset = size < 0 ? -1 : offset + size;
      }
      return;
    }
    case 'slice':
      accumulate(x, sliceGrad(b, x, dy, op));
      return;
    case 'reshape':
      accumulate(x, b.reshape(dy, x.shape));
      return;
    case 'transpose':
      accumulate(
        x,
        b.transpose(
          dy,
          op.perm.map((_, axis) => op.perm.indexOf(axis)),
        ),
      );
      return;
    case 'unary':
      accumulate(x, unaryGrad(b, op.fn, x, outputs[0]!, dy));
      return;
    case 'binary': {
      if (op.fn === 'pow' && wants(w)) {
        throw new EngineError('ENGINE_NOT_DIFFERENTIABLE', 'pow has a gradient for its base only');
      }
      const [da, db] = binaryGrad(b, op.fn, x, w, dy);
      if (da !== undefined && wants(x)) accumulate(x, unbroadcast(b, da, x));
      if (db !== undefined && wants(w)) accumulate(w, unbroadcast(b, db, w));
      return;
    }
    case 'select': {
      const zero = zerosLike(b, dy);
      accumulate(inputs[1]!, b.select(x, dy, zero));
      accumulate(inputs[2]!, b.select(x, zero, dy));
      return;
    }
    case 'sum': {
      const kept = x.shape.map((size, axis) => (op.axes.includes(axis) ? 1 : size));
      const wide = op.keepDims || kept.length === dy.shape.length ? dy : b.reshape(dy, kept);
      // Adding zeros of the input's shape broadcasts without naming sizes that are known only at run time.
      accumulate(x, b.add(zerosLike(b, x), wide));
      return;
    }
    case 'gatherNd':
      if (!wants(x)) return;
      if (x.shape.includes(-1)) {
        throw new EngineError(
          'ENGINE_NOT_DIFFERENTIABLE',
          'gatherNd from an array whose size is known only at run time',
        );
      }
      accumulate(x, b.scatterNd(w, dy, x.shape));
      return;
    case 'scatterNd':
      accumulate(w, b.gatherNd(dy, x));
      return;
    case 'conv2dInputGrad':
    case 'conv2dFilterGrad':
    case 'batchNormGrad':
    case 'batchNormInfer':
    case 'siluGrad':
    case 'maxPoolGrad':
    case 'upsample2xGrad':
      throw new EngineError(
        'ENGINE_NOT_DIFFERENTIABLE',
        `${op.kind} has no gradient: it appears only in gradients and inference`,
      );
  }
}

/** Zeros of the shape of `x`, also where that is known only at run time and where `x` holds NaN or infinities. */
function zerosLike(b: ProgramBuilder, x: Value): Value {
  return b.binary('greater', x, x);
}

/** Zeros with `dy` put where the slice was taken, by concatenation along each cut axis. */
function sliceGrad(
  b: ProgramBuilder,
  x: Value,
  dy: Value,
  { begin, size }: { readonly begin: readonly number[]; readonly size: readonly number[] },
): Value {
  let grown = dy;
  for (const [axis, full] of x.shape.entries()) {
    const first = begin[axis]!;
    const end = size[axis]! < 0 ? full : first + size[axis]!;
    if (first === 0 && end === full) continue;
    // Before this axis all is grown, after it all is still cut.
    const zeros = (from: number, to: number): Value => {
      const shape = grown.shape.map((length, i) => (i === axis ? to - from : length));
      const known = shape.every((length, i) => length >= 0 && (i !== axis || to >= 0));
      if (known) return b.constant(new Float32Array(numElements(shape)), shape);
      const start = x.shape.map((_, i) => (i === axis ? from : i < axis ? 0 : begin[i]!));
      const lengths = x.shape.map((_, i) => (i === axis ? (to < 0 ? -1 : to - from) : i < axis ? -1 : size[i]!));
      return zerosLike(b, b.slice(x, start, lengths));
    };
    const parts = [...(first > 0 ? [zeros(0, first)] : []), grown, ...(end === full ? [] : [zeros(end, full)])];
    grown = b.concat(parts, axis);
  }
  return grown;
}

function unaryGrad(b: ProgramBuilder, fn: string, x: Value, y: Value, dy: Value): Value {
  switch (fn) {
    case 'neg':
      return b.unary('neg', dy);
    case 'sqrt':
      return b.div(b.mul(dy, 0.5), y);
    case 'square':
      return b.mul(dy, b.mul(x, 2));
    case 'exp':
      return b.mul(dy, y);
    case 'log':
      return b.div(dy, x);
    case 'sigmoid':
      return b.mul(dy, b.mul(y, b.sub(1, y)));
    case 'softplus':
      return b.mul(dy, b.unary('sigmoid', x));
    case 'atan':
      return b.div(dy, b.add(1, b.unary('square', x)));
    case 'abs':
      return b.mul(dy, b.sub(b.binary('greater', x, 0), b.binary('greater', 0, x)));
    case 'reciprocal':
      return b.unary('neg', b.mul(dy, b.unary('square', y)));
    default:
      throw new EngineError('ENGINE_NOT_DIFFERENTIABLE', `unary ${fn} has no gradient`);
  }
}

function binaryGrad(
  b: ProgramBuilder,
  fn: string,
  x: Value,
  w: Value,
  dy: Value,
): [Value | undefined, Value | undefined] {
  switch (fn) {
    case 'add':
      return [dy, dy];
    case 'sub':
      return [dy, b.unary('neg', dy)];
    case 'mul':
      return [b.mul(dy, w), b.mul(dy, x)];
    case 'div':
      return [b.div(dy, w), b.unary('neg', b.div(b.mul(dy, b.div(x, w)), w))];
    case 'max':
    case 'min': {
      const [winner, loser] = fn === 'max' ? [x, w] : [w, x];
      const tie = b.mul(b.binary('equal', x, w), 0.5);
      const first = b.add(b.binary('greater', winner, loser), tie);
      return [b.mul(dy, first), b.mul(dy, b.sub(1, first))];
    }
    case 'pow':
      // The exponent is a constant wherever we use it (focal loss).
      return [b.mul(dy, b.mul(w, b.binary('pow', x, b.sub(w, 1)))), undefined];
    default:
      return [undefined, undefined];
  }
}
