/**
 * Rewrites a training program so that its batch norms stop where other virtual ranks have a say. What the engine computes
 * lies in segments; between two segments there is one {@link SyncPoint}, at which the host merges two rows of numbers per channel.
 *
 * Forward, with x [B,H,W,C] and n = B·H·W values per channel:
 *   segment k      mean and variance of x on this virtual rank
 *   point          mean μ, variance σ² over all virtual ranks
 *   segment k + 1  y = (x − μ) / √(σ² + ε) · scale + offset
 * Backward, with r = 1 / √(σ² + ε):
 *   segment k      Σ dy, Σ dy·(x − μ); dscale = r · Σ dy·(x − μ) and doffset = Σ dy, to be summed over virtual ranks like any gradient
 *   point          both sums divided by n over all virtual ranks: m₁, m₂
 *   segment k + 1  dx = scale · r · (dy − m₁ − (x − μ) · r² · m₂)
 * (Ioffe and Szegedy, "Batch Normalization", 2015, section 3, with the batch taken over all virtual ranks.)
 */
import { EngineError } from '../../proto/errors.js';
import { type BinaryFunction, type Node, numElements, type Op, type Program, type Value } from '../engine/program.js';

/** A place where virtual ranks wait for each other. */
export interface SyncPoint {
  /** `moments`: local mean and variance (n − 1) become global mean, variance (n) and variance (n − 1). `sums`: two local sums become means. */
  readonly kind: 'moments' | 'sums';
  readonly channels: number;
  /** Values per channel on this virtual rank: B·H·W. */
  readonly count: number;
  /** The two local values, [C] each. */
  readonly local: readonly [number, number];
  /** The values that the host feeds in return, [C] each, in the order of the merged row. */
  readonly merged: readonly number[];
}

/** A program as segments: nodes of segment k run before point k, those of segment k + 1 after it. */
export interface RewrittenProgram {
  readonly values: readonly Value[];
  /** One more than there are points; without inputs and constants. */
  readonly segments: readonly (readonly Node[])[];
  /** Constants, old and new; they belong to every segment that uses them. */
  readonly constants: readonly Node[];
  readonly points: readonly SyncPoint[];
}

/** What the backward half of a layer takes from its forward half. */
interface Forward {
  readonly mean: number;
  /** Divided by n. */
  readonly variance: number;
  readonly epsilon: number;
}

/**
 * Returns the rewritten program, dead nodes left out. Segments follow the order of the program, in which a gradient is made as soon as
 * it can be, so that activations are let go as early as in one piece.
 *
 * @throws EngineError `ENGINE_UNSUPPORTED` where the size of a normalised map is not known
 */
export function rewriteBatchNorms(program: Program): RewrittenProgram {
  const needed = neededValues(program);
  const rewriter = new Rewriter(program, needed);
  for (const node of program.nodes) if (node.outputs.some((id) => needed.has(id))) rewriter.add(node);
  return rewriter.finish();
}

class Rewriter {
  readonly #needed: ReadonlySet<number>;
  readonly #values: Value[];
  readonly #segments: Node[][] = [[]];
  readonly #constants: Node[] = [];
  readonly #points: SyncPoint[] = [];
  /** By the first reserve of a batch norm, which only its gradient takes. */
  readonly #forwards = new Map<number, Forward>();

  constructor(program: Program, needed: ReadonlySet<number>) {
    this.#values = [...program.values];
    this.#needed = needed;
  }

  add(node: Node): void {
    if (node.op.kind === 'input') return;
    if (node.op.kind === 'constant') this.#constants.push(node);
    else if (node.op.kind === 'batchNormTrain') this.#addForward(node, node.op.epsilon);
    else if (node.op.kind === 'batchNormGrad') this.#addBackward(node);
    else this.#push(node);
  }

  finish(): RewrittenProgram {
    return { values: this.#values, segments: this.#segments, constants: this.#constants, points: this.#points };
  }

  #addForward({ inputs, outputs }: Node, epsilon: number): void {
    const [x, scale, offset] = inputs as [number, number, number];
    const [y, mean, unbiased, reserve] = outputs as [number, number, number, number];
    const channels = this.#values[mean]!.shape;
    // The engine's own batch norm is its quickest and most exact way to the moments; nobody reads its other outputs.
    const local = outputs.map((id) => this.#value(this.#values[id]!.shape));
    this.#push({ op: { kind: 'batchNormTrain', epsilon }, inputs, outputs: local });
    const variance = this.#value(channels);
    this.#stop('moments', x, [local[1]!, local[2]!], [mean, variance, unbiased]);
    this.#push({ op: { kind: 'batchNormInfer', epsilon }, inputs: [x, scale, offset, mean, variance], outputs: [y] });
    this.#forwards.set(reserve, { mean, variance, epsilon });
  }

  #addBackward({ inputs, outputs }: Node): void {
    const [dy, x, scale, reserve] = inputs as [number, number, number, number];
    const [dx, dscale, doffset] = outputs as [number, number, number];
    const { mean, variance, epsilon } = this.#forwards.get(reserve)!;
    const shifted = this.#binary('add', variance, this.#scalar(epsilon));
    const inverse = this.#unary('reciprocal', this.#unary('sqrt', shifted));
    const sumDy = this.#sumOverMap(dy, this.#needed.has(doffset) ? doffset : undefined);
    const sumDyX = this.#sumOverMap(this.#binary('mul', dy, this.#binary('sub', x, mean)));
    if (this.#needed.has(dscale)) this.#binary('mul', sumDyX, inverse, dscale);
    // Below the last trained layer nobody asks for dx, and nobody needs to wait.
    if (!this.#needed.has(dx)) return;
    const channels = this.#values[mean]!.shape;
    const [meanDy, meanDyX] = [this.#value(channels), this.#value(channels)];
    this.#stop('sums', x, [sumDy, sumDyX], [meanDy, meanDyX]);
    const slope = this.#binary('mul', meanDyX, this.#unary('square', inverse));
    // x − μ is made anew: it would be one more map to keep while the others are waited for.
    const along = this.#binary('mul', this.#binary('sub', x, mean), slope);
    const rest = this.#binary('sub', this.#binary('sub', dy, meanDy), along);
    this.#binary('mul', rest, this.#binary('mul', scale, inverse), dx);
  }

  #stop(kind: SyncPoint['kind'], x: number, local: readonly [number, number], merged: readonly number[]): void {
    const { shape } = this.#values[x]!;
    if (shape.includes(-1)) {
      throw new EngineError('ENGINE_UNSUPPORTED', `batch norm over ranks needs a known shape, got [${shape.join()}]`, {
        hint: 'give the program fixed sizes',
      });
    }
    const channels = shape.at(-1)!;
    this.#points.push({ kind, channels, count: numElements(shape) / channels, local, merged });
    this.#segments.push([]);
  }

  /** Adds up rows before columns and images: short float32 sums of short sums lose less than one long one. */
  #sumOverMap(x: number, output?: number): number {
    const { shape } = this.#values[x]!;
    const rows = this.#value([shape[0]!, shape[1]!, shape[3]!]);
    this.#push({ op: { kind: 'sum', axes: [2], keepDims: false }, inputs: [x], outputs: [rows] });
    const sum = output ?? this.#value([shape[3]!]);
    this.#push({ op: { kind: 'sum', axes: [0, 1], keepDims: false }, inputs: [rows], outputs: [sum] });
    return sum;
  }

  /** The result has the shape of `a`; `b` is broadcast to it. */
  #binary(fn: BinaryFunction, a: number, b: number, output = this.#value(this.#values[a]!.shape)): number {
    this.#push({ op: { kind: 'binary', fn }, inputs: [a, b], outputs: [output] });
    return output;
  }

  #unary(fn: (Op & { kind: 'unary' })['fn'], x: number): number {
    const output = this.#value(this.#values[x]!.shape);
    this.#push({ op: { kind: 'unary', fn }, inputs: [x], outputs: [output] });
    return output;
  }

  #scalar(value: number): number {
    const output = this.#value([]);
    this.#constants.push({ op: { kind: 'constant', data: Float32Array.of(value) }, inputs: [], outputs: [output] });
    return output;
  }

  #value(shape: readonly number[]): number {
    const id = this.#values.length;
    this.#values.push({ id, shape, dtype: 'float32' });
    return id;
  }

  #push(node: Node): void {
    this.#segments.at(-1)!.push(node);
  }
}

function neededValues(program: Program): Set<number> {
  const needed = new Set(program.outputs.map((port) => port.value));
  for (const node of [...program.nodes].reverse()) {
    if (node.outputs.some((id) => needed.has(id))) for (const id of node.inputs) needed.add(id);
  }
  return needed;
}
