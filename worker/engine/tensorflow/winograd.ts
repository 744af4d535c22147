/**
 * 3×3 convolutions of stride 1 by Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, "Fast algorithms for convolutional
 * neural networks", 2015): 16 products for each 2×2 tile of the output where the definition takes 36. The tiles are
 * transformed by functions that XLA compiles, filters by a product with a small constant matrix, which needs no compiling and
 * runs on all threads; the products are 16 matrix products over all tiles, by TensorFlow's kernel. The transforms only add,
 * subtract and halve, so the result is as close to the exact one as the direct kernel's.
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
import { matMul, reshape } from './matrices.js';
import { FunctionWriter } from './xla-function.js';

/** Operations per second and thread: of the direct kernels, and of the 16 smaller products; measured on AVX-512. */
const DIRECT_FLOPS = 115e9;
const PRODUCT_FLOPS = 100e9;
/** Bytes per second that a transform of tiles moves. XLA runs it on one thread, beside another where there are two. */
const TILE_BYTES_PER_SECOND = 7e9;
const BESIDE = 1.5;
/** Bytes per second and thread that a transform of filters moves, and a direct kernel's reordering of them. */
const FILTER_BYTES_PER_SECOND = 12e9;
/** What the way round must save at least: both costs are estimates, and another kernel has to be compiled. */
const MIN_GAIN = 1.1;
const FLOAT_BYTES = 4;
const NUM_PRODUCTS = 16;
const NUM_TAPS = 9;

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

/** What is computed: y, dx or dw. */
export type ConvPass = 'forward' | 'inputGrad' | 'filterGrad';

/** Seconds that Winograd's way and the direct one are expected to take. */
export function estimateSeconds(
  sizes: ConvSizes,
  pass: ConvPass,
  numThreads: number,
): { winograd: number; direct: number } {
  const { batch, height, width, inChannels, outChannels } = sizes;
  const { numTiles } = tiling(sizes);
  const numFilters = inChannels * outChannels;
  // A tile is four elements on the plane, sixteen transformed.
  const tiles = numTiles * (inChannels + outChannels) * (4 + NUM_PRODUCTS) * FLOAT_BYTES;
  const restacked = pass === 'filterGrad' ? 2 * NUM_PRODUCTS * Math.min(...stackCosts(sizes)) : 0;
  const filters = (numFilters * (NUM_TAPS + NUM_PRODUCTS) + restacked) * FLOAT_BYTES;
  const reordered = 2 * numFilters * NUM_TAPS * FLOAT_BYTES;
  const tileSpeed = TILE_BYTES_PER_SECOND * (numThreads > 1 ? BESIDE : 1);
  const filterSpeed = FILTER_BYTES_PER_SECOND * numThreads;
  return {
    winograd:
      (2 * NUM_PRODUCTS * numTiles * numFilters) / (PRODUCT_FLOPS * numThreads) +
      tiles / tileSpeed +
      filters / filterSpeed,
    direct:
      (2 * NUM_TAPS * batch * height * width * numFilters) / (DIRECT_FLOPS * numThreads) + reordered / filterSpeed,
  };
}

/** Whether Winograd's way is expected to be clearly faster. */
export function winogradPays(sizes: ConvSizes, pass: ConvPass, numThreads: number): boolean {
  const { winograd, direct } = estimateSeconds(sizes, pass, numThreads);
  return direct > winograd * MIN_GAIN;
}

/** y from x and w. */
export function winogradForward(g: GraphWriter, x: Ref, w: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const v = g.call(tilesFunction(sizes, inChannels), [x]);
  const u = transformedFilter(g, w, sizes, x);
  const products = v.map((tile, k) => matMul(g, tile, u[k]!));
  return g.call(planeFunction(sizes, outChannels), products)[0];
}

/** dx from w and dy. */
export function winogradInputGrad(g: GraphWriter, w: Ref, dy: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const v = g.call(tilesFunction(sizes, outChannels), [dy]);
  const u = transformedFilter(g, w, sizes, dy);
  const turned = (k: number): Ref => u[TURNED[k >> 2]! * 4 + TURNED[k & 3]!]!;
  const products = v.map((tile, k) => matMul(g, tile, turned(k), 'b'));
  return g.call(planeFunction(sizes, inChannels), products)[0];
}

/** dw from x and dy. */
export function winogradFilterGrad(g: GraphWriter, x: Ref, dy: Ref, sizes: ConvSizes): Ref {
  const { inChannels, outChannels } = sizes;
  const [tilesCost, productsCost] = stackCosts(sizes);
  const stacked = tilesCost < productsCost;
  const v = g.call(tilesFunction(sizes, inChannels, stacked), [x], dy);
  const d = g.call(gradTilesFunction(sizes, outChannels, stacked), [dy]);
  const products = stacked
    ? g.node('BatchMatMulV2', [v[0], d[0]], { ...T_FLOAT, adj_x: attr.bool(true), adj_y: attr.bool(false) })
    : g.node(
        'Pack',
        v.map((tile, k) => matMul(g, tile, d[k]!, 'a')),
        {
          ...T_FLOAT,
          N: attr.int(NUM_PRODUCTS),
          axis: attr.int(0),
        },
      );
  const flat = reshape(g, products, [NUM_PRODUCTS, inChannels * outChannels]);
  return reshape(g, matMul(g, filterMatrix(g), flat, 'a'), [3, 3, inChannels, outChannels]);
}

/**
 * The filter's gradient is one product with the 16 that lie behind each other: elements to copy for this when the tiles are
 * put so by their transforms, and when the products are afterwards.
 */
function stackCosts(sizes: ConvSizes): readonly [tiles: number, products: number] {
  const { inChannels, outChannels } = sizes;
  return [tiling(sizes).numTiles * (inChannels + outChannels), inChannels * outChannels];
}

/** w [3,3,C,O] → the 16 elements of GgGᵀ, [C, O] each. */
function transformedFilter(g: GraphWriter, w: Ref, { inChannels, outChannels }: ConvSizes, after: Ref): Ref[] {
  // Not before x is there: the weights are from the start, and their transforms would fill the memory.
  const taps = reshape(g, w, [NUM_TAPS, inChannels * outChannels], after);
  const elements = reshape(g, matMul(g, filterMatrix(g), taps), [NUM_PRODUCTS, inChannels, outChannels]);
  // Parts of one buffer, no copies.
  const node = g.node('Unpack', [elements], { ...T_FLOAT, num: attr.int(NUM_PRODUCTS), axis: attr.int(0) });
  return PRODUCTS.map((_, k) => (k === 0 ? node : `${node}:${k}`));
}

/** G ⊗ G [16, 9]: from the taps of a filter, row by row, to the elements of its transform. */
function filterMatrix(g: GraphWriter): Ref {
  return g.constant(
    Float32Array.from(G.flatMap((a) => G.flatMap((b) => a.flatMap((left) => b.map((right) => left * right))))),
    [NUM_PRODUCTS, NUM_TAPS],
  );
}

const G = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];

/** Where a row of G goes when the filter is turned. */
const TURNED = [3, 1, 2, 0];

function tiling({ batch, height, width }: ConvSizes): { rows: number; columns: number; numTiles: number } {
  const rows = Math.ceil(height / 2);
  const columns = Math.ceil(width / 2);
  return { rows, columns, numTiles: batch * rows * columns };
}

function nameOf(kind: string, { batch, height, width }: ConvSizes, channels: number): string {
  return `winograd_${kind}_${batch}x${height}x${width}x${channels}`;
}

/** x [N,H,W,C] → the 16 elements of BᵀdB, [tiles, C] each, or [16, tiles, C] stacked. */
function tilesFunction(sizes: ConvSizes, channels: number, stacked = false): FunctionDef {
  const { batch, height, width } = sizes;
  const { rows, columns, numTiles } = tiling(sizes);
  const f = new FunctionWriter(nameOf(stacked ? 'stacked_tiles' : 'tiles', sizes, channels), ['x']);
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
  const transformed = bothWays(elements, (d) => [
    f.sub(d[0]!, d[2]!),
    f.add(d[1]!, d[2]!),
    f.sub(d[2]!, d[1]!),
    f.sub(d[1]!, d[3]!),
  ]).flat();
  return f.finish(stacked ? [stack(f, transformed, [numTiles, channels])] : transformed);
}

function stack(f: FunctionWriter, parts: readonly Ref[], shape: Shape): Ref {
  return f.concat(
    parts.map((part) => f.reshape(part, [1, ...shape])),
    0,
  );
}

/** dy [N,H,W,C] → the 16 elements of A·dY·Aᵀ, [tiles, C] each, or [16, tiles, C] stacked. */
function gradTilesFunction(sizes: ConvSizes, channels: number, stacked: boolean): FunctionDef {
  const { batch, height, width } = sizes;
  const { rows, columns, numTiles } = tiling(sizes);
  const f = new FunctionWriter(nameOf(stacked ? 'stacked_grad_tiles' : 'grad_tiles', sizes, channels), ['dy']);
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
  const transformed = bothWays(elements, (y) => [
    y[0]!,
    f.add(y[0]!, y[1]!),
    f.sub(y[0]!, y[1]!),
    f.sub(zero, y[1]!),
  ]).flat();
  return f.finish(stacked ? [stack(f, transformed, [numTiles, channels])] : transformed);
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

const TWO = [0, 1] as const;
const FOUR = [0, 1, 2, 3] as const;
const PRODUCTS = Array.from({ length: NUM_PRODUCTS }, (_, k) => `m${k}`);

/** Transforms the columns of a matrix, then its rows. */
function bothWays(matrix: readonly (readonly Ref[])[], transform: (line: readonly Ref[]) => Ref[]): Ref[][] {
  const columns = matrix[0]!.map((_, j) => transform(matrix.map((row) => row[j]!)));
  return columns[0]!.map((_, i) => transform(columns.map((column) => column[i]!)));
}
