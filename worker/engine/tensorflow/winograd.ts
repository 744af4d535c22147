/**
 * 3×3 convolutions of stride 1 by Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, "Fast algorithms for convolutional
 * neural networks", 2015): 16 products for each 2×2 tile of the output where the definition takes 36. The tiles are
 * transformed by functions that XLA compiles; the products are 16 matrix products over all tiles, by TensorFlow's kernel.
 * The transforms only add, subtract and halve, so the result is as close to the exact one as the direct kernel's.
 *
 * With tiles d (4×4, every second row and column), a filter g and output tiles Y:
 *
 *     V = BᵀdB   U = GgGᵀ   Y = Aᵀ(U ⊙ V)A   and back from the output's gradient:   dg = Gᵀ(V ⊙ (A dY Aᵀ))G
 *
 *          1  0 −1  0          1   0   0
 *     Bᵀ = 0  1  1  0     G =  ½   ½   ½      Aᵀ = 1  1  1  0
 *          0 −1  1  0          ½  −½   ½           0  1 −1 −1
 *          0  1  0 −1          0   0   1
 *
 * The gradient of the input is a convolution of the output's with the filter turned by 180° and its channels swapped; turning
 * exchanges the first and the last row of G, so U serves again, in another order.
 */
import type { ConvAttrs, Shape } from '../program.js';
import { attr, type GraphWriter, type Ref, T_FLOAT } from './graph.js';
import type { FunctionDef } from './graphdef.js';
import { FunctionWriter } from './xla-function.js';

/** Matrix products per second and thread, and bytes per second that a transform (one thread) moves; measured on AVX-512. */
const FLOPS_PER_THREAD = 115e9;
const TRANSFORM_BYTES_PER_SECOND = 9e9;
/** What the way round must save at least: both costs are estimates, and another kernel has to be compiled. */
const MIN_GAIN = 1.15;
const FLOAT_BYTES = 4;
const NUM_PRODUCTS = 16;

/** Sizes of a convolution. */
export interface ConvSizes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** The sizes if this is a 3×3 convolution of stride 1 that keeps the plane's size, all sizes known; else undefined. */
export function winogradSizes(op: ConvAttrs, input: Shape, filter: Shape): ConvSizes | undefined {
  const [batch, height, width, inChannels] = input as [number, number, number, number];
  const { top, bottom, left, right } = op.padding;
  const fits =
    filter[0] === 3 &&
    filter[1] === 3 &&
    op.strides.every((stride) => stride === 1) &&
    !input.includes(-1) &&
    [top, bottom, left, right].every((width) => width === 1);
  return fits ? { batch, height, width, inChannels, outChannels: filter[3]! } : undefined;
}

/**
 * Seconds that Winograd's way and the direct one are expected to take; about the same for a convolution, the gradient of
 * its input, and that of its filter.
 */
export function estimateSeconds(sizes: ConvSizes, numThreads: number): { winograd: number; direct: number } {
  const { batch, height, width, inChannels, outChannels } = sizes;
  const { numTiles } = tiling(sizes);
  const flops = FLOPS_PER_THREAD * numThreads;
  const tiles = { x: numTiles * inChannels, y: numTiles * outChannels };
  // A tile is four elements on the plane, sixteen transformed.
  const planes = tiles.x + tiles.y;
  const filters = inChannels * outChannels * (9 + NUM_PRODUCTS);
  const moved = (planes * (4 + NUM_PRODUCTS) + filters) * FLOAT_BYTES;
  const products = 2 * NUM_PRODUCTS * numTiles * inChannels * outChannels;
  return {
    winograd: products / flops + moved / TRANSFORM_BYTES_PER_SECOND,
    direct: (2 * 9 * batch * height * width * inChannels * outChannels) / flops,
  };
}

/** Whether Winograd's way is expected to be clearly faster. */
export function winogradPays(sizes: ConvSizes, numThreads: number): boolean {
  const { winograd, direct } = estimateSeconds(sizes, numThreads);
  return direct > winograd * MIN_GAIN;
}

/** y from x and w. */
export function winogradForward(g: GraphWriter, x: Ref, w: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const v = g.call(tilesFunction(sizes, inChannels), [x]);
  // Not before x is there: the weights are from the start, and their transforms would fill the memory.
  const u = g.call(filterFunction(inChannels, outChannels), [w], x);
  const products = v.map((tile, k) => matMul(g, tile, u[k]!));
  return g.call(planeFunction(sizes, outChannels), products)[0];
}

/** dx from w and dy. */
export function winogradInputGrad(g: GraphWriter, w: Ref, dy: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const v = g.call(tilesFunction(sizes, outChannels), [dy]);
  const u = g.call(filterFunction(inChannels, outChannels), [w], dy);
  const turned = (k: number): Ref => u[TURNED[k >> 2]! * 4 + TURNED[k & 3]!]!;
  const products = v.map((tile, k) => matMul(g, tile, turned(k), 'b'));
  return g.call(planeFunction(sizes, inChannels), products)[0];
}

/** dw from x and dy. */
export function winogradFilterGrad(g: GraphWriter, x: Ref, dy: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const v = g.call(tilesFunction(sizes, inChannels), [x], dy);
  const d = g.call(gradTilesFunction(sizes, outChannels), [dy]);
  const products = v.map((tile, k) => matMul(g, tile, d[k]!, 'a'));
  return g.call(filterGradFunction(inChannels, outChannels), products)[0];
}

/** Where a row of G goes when the filter is turned. */
const TURNED = [3, 1, 2, 0];

function matMul(g: GraphWriter, a: Ref, b: Ref, transposed?: 'a' | 'b'): Ref {
  return g.node('MatMul', [a, b], {
    ...T_FLOAT,
    transpose_a: attr.bool(transposed === 'a'),
    transpose_b: attr.bool(transposed === 'b'),
  });
}

function tiling({ batch, height, width }: ConvSizes): { rows: number; columns: number; numTiles: number } {
  const rows = Math.ceil(height / 2);
  const columns = Math.ceil(width / 2);
  return { rows, columns, numTiles: batch * rows * columns };
}

function nameOf(kind: string, { batch, height, width }: ConvSizes, channels: number): string {
  return `winograd_${kind}_${batch}x${height}x${width}x${channels}`;
}

/** x [N,H,W,C] → the 16 elements of BᵀdB, [tiles, C] each. */
function tilesFunction(sizes: ConvSizes, channels: number): FunctionDef {
  const { batch, height, width } = sizes;
  const { rows, columns, numTiles } = tiling(sizes);
  const f = new FunctionWriter(nameOf('tiles', sizes, channels), ['x']);
  const padded = f.pad('x', [
    [0, 0],
    [1, 2 * rows + 1 - height],
    [1, 2 * columns + 1 - width],
    [0, 0],
  ]);
  // Element (i, j) of all tiles: rows i, i + 2, …, which is one parity of the rows, a tile further for i ≥ 2.
  const byParity = f.reshape(padded, [batch, rows + 1, 2, columns + 1, 2, channels]);
  const element = (i: number, j: number): Ref => {
    const begin = [0, i >> 1, i & 1, j >> 1, j & 1, 0];
    return f.reshape(f.slice(byParity, begin, [batch, rows, 1, columns, 1, channels]), [numTiles, channels]);
  };
  const elements = FOUR.map((i) => FOUR.map((j) => element(i, j)));
  return f.finish(
    bothWays(elements, (d) => [
      f.sub(d[0]!, d[2]!),
      f.add(d[1]!, d[2]!),
      f.sub(d[2]!, d[1]!),
      f.sub(d[1]!, d[3]!),
    ]).flat(),
  );
}

/** dy [N,H,W,C] → the 16 elements of A·dY·Aᵀ, [tiles, C] each. */
function gradTilesFunction(sizes: ConvSizes, channels: number): FunctionDef {
  const { batch, height, width } = sizes;
  const { rows, columns, numTiles } = tiling(sizes);
  const f = new FunctionWriter(nameOf('grad_tiles', sizes, channels), ['dy']);
  const padded = f.pad('dy', [
    [0, 0],
    [0, 2 * rows - height],
    [0, 2 * columns - width],
    [0, 0],
  ]);
  const byParity = f.reshape(padded, [batch, rows, 2, columns, 2, channels]);
  const elements = TWO.map((i) =>
    TWO.map((j) =>
      f.reshape(f.slice(byParity, [0, 0, i, 0, j, 0], [batch, rows, 1, columns, 1, channels]), [numTiles, channels]),
    ),
  );
  const zero = f.scalar(0);
  return f.finish(
    bothWays(elements, (y) => [y[0]!, f.add(y[0]!, y[1]!), f.sub(y[0]!, y[1]!), f.sub(zero, y[1]!)]).flat(),
  );
}

/** w [3,3,C,O] → the 16 elements of GgGᵀ, [C, O] each. */
function filterFunction(inChannels: number, outChannels: number): FunctionDef {
  const f = new FunctionWriter(`winograd_filter_${inChannels}x${outChannels}`, ['w']);
  const half = f.scalar(0.5);
  const elements = THREE.map((i) =>
    THREE.map((j) => f.reshape(f.slice('w', [i, j, 0, 0], [1, 1, inChannels, outChannels]), [inChannels, outChannels])),
  );
  const transform = (g: readonly Ref[]): Ref[] => {
    const outer = f.add(g[0]!, g[2]!);
    return [g[0]!, f.mul(half, f.add(outer, g[1]!)), f.mul(half, f.sub(outer, g[1]!)), g[2]!];
  };
  return f.finish(bothWays(elements, transform).flat());
}

/** The 16 products [tiles, C] → Aᵀ(…)A put together, [N,H,W,C]. */
function planeFunction(sizes: ConvSizes, channels: number): FunctionDef {
  const { batch, height, width } = sizes;
  const { rows, columns } = tiling(sizes);
  const f = new FunctionWriter(nameOf('plane', sizes, channels), PRODUCTS);
  const elements = FOUR.map((i) => FOUR.map((j) => PRODUCTS[i * 4 + j]!));
  const tiles = bothWays(elements, (m) => [f.add(m[0]!, f.add(m[1]!, m[2]!)), f.sub(f.sub(m[1]!, m[2]!), m[3]!)]);
  const lines = tiles.map((row) => f.reshape(f.concat(row, 1), [batch, rows, 1, columns * 2 * channels]));
  const plane = f.reshape(f.concat(lines, 2), [batch, 2 * rows, 2 * columns, channels]);
  return f.finish([f.slice(plane, [0, 0, 0, 0], [batch, height, width, channels])]);
}

/** The 16 products [C, O] → Gᵀ(…)G, [3,3,C,O]. */
function filterGradFunction(inChannels: number, outChannels: number): FunctionDef {
  const f = new FunctionWriter(`winograd_filter_grad_${inChannels}x${outChannels}`, PRODUCTS);
  const half = f.scalar(0.5);
  const elements = FOUR.map((i) => FOUR.map((j) => PRODUCTS[i * 4 + j]!));
  const transform = (m: readonly Ref[]): Ref[] => {
    const sum = f.mul(half, f.add(m[1]!, m[2]!));
    return [f.add(m[0]!, sum), f.mul(half, f.sub(m[1]!, m[2]!)), f.add(sum, m[3]!)];
  };
  const parts = bothWays(elements, transform)
    .flat()
    .map((part) => f.reshape(part, [1, inChannels, outChannels]));
  return f.finish([f.reshape(f.concat(parts, 0), [3, 3, inChannels, outChannels])]);
}

const TWO = [0, 1] as const;
const THREE = [0, 1, 2] as const;
const FOUR = [0, 1, 2, 3] as const;
const PRODUCTS = Array.from({ length: NUM_PRODUCTS }, (_, k) => `m${k}`);

/** Transforms the columns of a matrix, then its rows. */
function bothWays(matrix: readonly (readonly Ref[])[], transform: (line: readonly Ref[]) => Ref[]): Ref[][] {
  const columns = matrix[0]!.map((_, j) => transform(matrix.map((row) => row[j]!)));
  return columns[0]!.map((_, i) => transform(columns.map((column) => column[i]!)));
}
