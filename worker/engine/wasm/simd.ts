/** Our SIMD kernels on the memory of tfjs. All arguments are addresses in bytes and counts; kernels trust them. */
import { openSimd } from '../../simd/module.js';

/** `worker/simd/assembly/unshared/convolution.ts`. */
export interface ConvolutionKernels {
  padPlanes(
    from: number,
    to: number,
    numImages: number,
    height: number,
    rowBytes: number,
    top: number,
    bottom: number,
    leftBytes: number,
    rightBytes: number,
  ): void;
  pixelOffsets(
    table: number,
    numImages: number,
    height: number,
    width: number,
    imageBytes: number,
    rowBytes: number,
    pixelBytes: number,
  ): void;
  packPanels(from: number, to: number, numRows: number, rowBytes: number, columns: number): void;
  packPanelTransposed(from: number, to: number, length: number, rowBytes: number, columns: number): void;
  packChannels(
    from: number,
    to: number,
    numImages: number,
    height: number,
    width: number,
    channels: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
  ): void;
  multiplyWindows(
    x: number,
    xOffsets: number,
    y: number,
    yOffsets: number,
    numPixels: number,
    panel: number,
    runLength: number,
    numRuns: number,
    runBytes: number,
    columns: number,
  ): void;
  multiplyPixels(
    x: number,
    panelBytes: number,
    channels: number,
    rows: number,
    numRows: number,
    rowLength: number,
    stepBytes: number,
    kernelHeight: number,
    kernelWidth: number,
    rowBytes: number,
    dy: number,
    dw: number,
    dwRowBytes: number,
    columns: number,
    add: boolean,
  ): void;
}

/** `worker/simd/assembly/unshared/winograd.ts`. */
export interface WinogradKernels extends Pick<ConvolutionKernels, 'pixelOffsets'> {
  transformWindows(
    x: number,
    v: number,
    height: number,
    width: number,
    channels: number,
    rows: number,
    columns: number,
    top: number,
    left: number,
    first: number,
    numWindows: number,
    planeBytes: number,
    windowBytes: number,
    pairBytes: number,
    halfBytes: number,
    window: number,
  ): void;
  transformGradients(
    dy: number,
    z: number,
    height: number,
    width: number,
    channels: number,
    rows: number,
    columns: number,
    first: number,
    numWindows: number,
    planeBytes: number,
    window: number,
  ): void;
  transformOutputs(
    m: number,
    planeBytes: number,
    y: number,
    height: number,
    width: number,
    channels: number,
    rows: number,
    columns: number,
    first: number,
    numWindows: number,
    numPanels: number,
  ): void;
  transformFilters(w: number, u: number, inputs: number, outputs: number, numPanels: number, planeBytes: number): void;
  transformFiltersBack(
    w: number,
    u: number,
    inputs: number,
    outputs: number,
    numPanels: number,
    planeBytes: number,
    taps: number,
  ): void;
  transformFilterGradients(
    du: number,
    planeBytes: number,
    dw: number,
    tapBytes: number,
    rowBytes: number,
    channels: number,
    columns: number,
    add: boolean,
  ): void;
  multiplyPlanes(
    v: number,
    vPlaneBytes: number,
    vOffsets: number,
    u: number,
    uPlaneBytes: number,
    m: number,
    mPlaneBytes: number,
    mOffsets: number,
    numWindows: number,
    channels: number,
    numPanels: number,
  ): void;
  multiplyPlanesTransposed(
    v: number,
    vPlaneBytes: number,
    panelBytes: number,
    z: number,
    zPlaneBytes: number,
    du: number,
    duPlaneBytes: number,
    numWindows: number,
    channels: number,
    columns: number,
  ): void;
}

/** `worker/simd/assembly/unshared/layers.ts`. */
export interface LayerKernels {
  moments(x: number, numRows: number, channels: number, pivots: number, sums: number): void;
  normalize(x: number, y: number, numRows: number, channels: number, factor: number, shift: number): void;
  normalizeSilu(x: number, y: number, numRows: number, channels: number, factor: number, shift: number): void;
  gradientSums(dy: number, x: number, numRows: number, channels: number, mean: number, sums: number): void;
  normalizedSiluGrad(
    dy: number,
    x: number,
    dt: number,
    numRows: number,
    channels: number,
    factor: number,
    shift: number,
    mean: number,
    sums: number,
  ): void;
  normalizeGrad(
    dy: number,
    x: number,
    dx: number,
    numRows: number,
    channels: number,
    mean: number,
    coefficients: number,
  ): void;
  sigmoid(x: number, y: number, count: number): void;
  silu(x: number, y: number, count: number): void;
  siluGrad(x: number, dy: number, dx: number, count: number): void;
  exp(x: number, y: number, count: number): void;
}

/** `worker/simd/assembly/unshared/pooling.ts`. */
export interface PoolingKernels {
  maxPool(
    x: number,
    y: number,
    numImages: number,
    height: number,
    width: number,
    channels: number,
    outputHeight: number,
    outputWidth: number,
    sizeY: number,
    sizeX: number,
    strideY: number,
    strideX: number,
    top: number,
    left: number,
  ): void;
  maxPoolGrad(
    x: number,
    y: number,
    dy: number,
    dx: number,
    numImages: number,
    height: number,
    width: number,
    channels: number,
    outputHeight: number,
    outputWidth: number,
    sizeY: number,
    sizeX: number,
    strideY: number,
    strideX: number,
    top: number,
    left: number,
  ): void;
}

/** The modules, opened on one memory. */
export interface SimdKernels {
  readonly convolution: ConvolutionKernels;
  readonly winograd: WinogradKernels;
  readonly layers: LayerKernels;
  readonly pooling: PoolingKernels;
}

/** Opens all modules on the memory of another WebAssembly program; they follow when it grows. */
export function openKernels(memory: object): SimdKernels {
  return {
    convolution: openSimd<ConvolutionKernels>('unshared/convolution', { memory }),
    winograd: openSimd<WinogradKernels>('unshared/winograd', { memory }),
    layers: openSimd<LayerKernels>('unshared/layers', { memory }),
    pooling: openSimd<PoolingKernels>('unshared/pooling', { memory }),
  };
}
