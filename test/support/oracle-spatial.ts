/** The operators on image planes, for the oracle: plain loops over NHWC float64 arrays, naive on purpose. */
import { type ConvAttrs, numElements, type Padding, type PoolAttrs, type Shape } from '../../worker/engine/program.js';

/** An array with its shape, all sizes known. */
export interface NdArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export function zeros(shape: Shape): NdArray {
  return { shape, data: new Float64Array(numElements(shape)) };
}

type Shape4 = readonly [number, number, number, number];

function planes(x: { readonly shape: Shape }): Shape4 {
  const [b, h, w, c] = x.shape;
  return [b!, h!, w!, c!];
}

/** Calls `visit` for each pair (input pixel, output pixel) that a filter tap joins, with offsets in units of pixels. */
function eachTap(
  input: Shape4,
  output: Shape4,
  [kernelHeight, kernelWidth]: readonly [number, number],
  { strides, padding }: ConvAttrs,
  visit: (inputPixel: number, outputPixel: number, tap: number) => void,
): void {
  const [batch, height, width] = input;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < output[1]; oy++) {
      for (let ox = 0; ox < output[2]; ox++) {
        const outputPixel = (n * output[1] + oy) * output[2] + ox;
        for (let ky = 0; ky < kernelHeight; ky++) {
          const iy = oy * strides[0] + ky - padding.top;
          if (iy < 0 || iy >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const ix = ox * strides[1] + kx - padding.left;
            if (ix < 0 || ix >= width) continue;
            visit((n * height + iy) * width + ix, outputPixel, ky * kernelWidth + kx);
          }
        }
      }
    }
  }
}

export function conv2d(x: NdArray, w: NdArray, outputShape: Shape, attrs: ConvAttrs): NdArray {
  const y = zeros(outputShape);
  const [kh, kw, inputs, outputs] = planes(w);
  eachTap(planes(x), planes(y), [kh, kw], attrs, (from, to, tap) => {
    for (let i = 0; i < inputs; i++) {
      const value = x.data[from * inputs + i]!;
      for (let o = 0; o < outputs; o++) {
        y.data[to * outputs + o]! += value * w.data[(tap * inputs + i) * outputs + o]!;
      }
    }
  });
  return y;
}

export function conv2dInputGrad(w: NdArray, dy: NdArray, inputShape: Shape, attrs: ConvAttrs): NdArray {
  const dx = zeros(inputShape);
  const [kh, kw, inputs, outputs] = planes(w);
  eachTap(planes(dx), planes(dy), [kh, kw], attrs, (from, to, tap) => {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let o = 0; o < outputs; o++) {
        sum += dy.data[to * outputs + o]! * w.data[(tap * inputs + i) * outputs + o]!;
      }
      dx.data[from * inputs + i]! += sum;
    }
  });
  return dx;
}

export function conv2dFilterGrad(x: NdArray, dy: NdArray, filterShape: Shape, attrs: ConvAttrs): NdArray {
  const dw = zeros(filterShape);
  const [kh, kw, inputs, outputs] = planes(dw);
  eachTap(planes(x), planes(dy), [kh, kw], attrs, (from, to, tap) => {
    for (let i = 0; i < inputs; i++) {
      const value = x.data[from * inputs + i]!;
      for (let o = 0; o < outputs; o++) {
        dw.data[(tap * inputs + i) * outputs + o]! += value * dy.data[to * outputs + o]!;
      }
    }
  });
  return dw;
}

/** For each output element the index of the input element that wins its window: the first maximum in row-major order. */
function winners(x: NdArray, outputShape: Shape, { size, strides, padding }: PoolAttrs): Int32Array {
  const channels = x.shape[3]!;
  const best = new Int32Array(numElements(outputShape)).fill(-1);
  eachTap(planes(x), planes({ shape: outputShape }), size, { strides, padding }, (from, to) => {
    for (let c = 0; c < channels; c++) {
      const sofar = best[to * channels + c]!;
      const candidate = from * channels + c;
      if (sofar < 0 || x.data[candidate]! > x.data[sofar]!) best[to * channels + c] = candidate;
    }
  });
  return best;
}

export function maxPool(x: NdArray, outputShape: Shape, attrs: PoolAttrs): NdArray {
  const best = winners(x, outputShape, attrs);
  // A window that lies wholly in the padding has no winner: −∞.
  return { shape: outputShape, data: Float64Array.from(best, (from) => x.data[from] ?? Number.NEGATIVE_INFINITY) };
}

export function maxPoolGrad(x: NdArray, dy: NdArray, attrs: PoolAttrs): NdArray {
  const dx = zeros(x.shape);
  for (const [to, from] of winners(x, dy.shape, attrs).entries()) {
    if (from >= 0) dx.data[from]! += dy.data[to]!;
  }
  return dx;
}

/** Copies a plane into a larger one (`sign` 1: zeros around it) or cuts a border off (`sign` −1). */
export function pad2d(x: NdArray, padding: Padding, sign: 1 | -1): NdArray {
  const [b, h, w, c] = planes(x);
  const y = zeros([b, h + sign * (padding.top + padding.bottom), w + sign * (padding.left + padding.right), c]);
  const [, outputHeight, outputWidth] = planes(y);
  for (let n = 0; n < b; n++) {
    for (let oy = 0; oy < outputHeight; oy++) {
      for (let ox = 0; ox < outputWidth; ox++) {
        const iy = oy - sign * padding.top;
        const ix = ox - sign * padding.left;
        if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
        for (let ch = 0; ch < c; ch++) {
          y.data[((n * outputHeight + oy) * outputWidth + ox) * c + ch] = x.data[((n * h + iy) * w + ix) * c + ch]!;
        }
      }
    }
  }
  return y;
}

/** Calls `visit` with each element of the small plane and the four of the doubled plane that lie over it. */
function eachDoubled(small: Shape, visit: (small: number, doubled: number) => void): void {
  const [b, h, w, c] = planes({ shape: small });
  for (let row = 0; row < b * h * 2; row++) {
    for (let ox = 0; ox < w * 2; ox++) {
      for (let ch = 0; ch < c; ch++) {
        visit(((row >> 1) * w + (ox >> 1)) * c + ch, (row * w * 2 + ox) * c + ch);
      }
    }
  }
}

export function upsample2x(x: NdArray): NdArray {
  const [b, h, w, c] = planes(x);
  const y = zeros([b, h * 2, w * 2, c]);
  eachDoubled(x.shape, (from, to) => {
    y.data[to] = x.data[from]!;
  });
  return y;
}

export function upsample2xGrad(dy: NdArray): NdArray {
  const [b, h, w, c] = planes(dy);
  const dx = zeros([b, h / 2, w / 2, c]);
  eachDoubled(dx.shape, (to, from) => {
    dx.data[to]! += dy.data[from]!;
  });
  return dx;
}

/** Mean and biased variance (÷ n) of each channel, the last axis. */
export function channelMoments(x: NdArray): { mean: NdArray; variance: NdArray; count: number } {
  const channels = x.shape.at(-1)!;
  const count = x.data.length / channels;
  const mean = zeros([channels]);
  const variance = zeros([channels]);
  for (const [i, value] of x.data.entries()) mean.data[i % channels]! += value / count;
  for (const [i, value] of x.data.entries()) {
    variance.data[i % channels]! += (value - mean.data[i % channels]!) ** 2 / count;
  }
  return { mean, variance, count };
}

/** (x − mean) / √(variance + ε) · scale + offset, per channel. */
export function normalize(
  x: NdArray,
  scale: NdArray,
  offset: NdArray,
  mean: NdArray,
  variance: NdArray,
  epsilon: number,
): NdArray {
  const channels = x.shape.at(-1)!;
  return {
    shape: x.shape,
    data: x.data.map((value, i) => {
      const c = i % channels;
      return ((value - mean.data[c]!) / Math.sqrt(variance.data[c]! + epsilon)) * scale.data[c]! + offset.data[c]!;
    }),
  };
}

/**
 * Gradient of batch normalisation with x̂ = (x − mean)/σ: doffset = Σ dy, dscale = Σ dy·x̂,
 * dx = scale/σ · (dy − doffset/n − x̂·dscale/n).
 */
export function batchNormGrad(dy: NdArray, x: NdArray, scale: NdArray, epsilon: number): [NdArray, NdArray, NdArray] {
  const { mean, variance, count } = channelMoments(x);
  const channels = mean.data.length;
  const normalized = x.data.map(
    (value, i) => (value - mean.data[i % channels]!) / Math.sqrt(variance.data[i % channels]! + epsilon),
  );
  const dscale = zeros([channels]);
  const doffset = zeros([channels]);
  for (const [i, gradient] of dy.data.entries()) {
    dscale.data[i % channels]! += gradient * normalized[i]!;
    doffset.data[i % channels]! += gradient;
  }
  const dx = dy.data.map((gradient, i) => {
    const c = i % channels;
    const centred = gradient - doffset.data[c]! / count - (normalized[i]! * dscale.data[c]!) / count;
    return (scale.data[c]! / Math.sqrt(variance.data[c]! + epsilon)) * centred;
  });
  return [{ shape: x.shape, data: dx }, dscale, doffset];
}
