/** The lightness of CIE L*a*b* (D65) of 8-bit sRGB pictures, scaled to 0 … 255, and pictures with another lightness. */

import type { RgbImage } from '../images/image.js';
import type { Plane } from './clahe.js';

/** sRGB's transfer function (IEC 61966-2-1), byte to linear light. */
const LINEAR = Float64Array.from({ length: 256 }, (_, i) => {
  const v = i / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});
/** The way back from linear light in steps of 1/4095. */
const STEPS = 4095;
const ENCODED = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const v = i / STEPS;
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
});

/** CIE's constants: below EPSILON the cube root is replaced by a line. */
const EPSILON = 216 / 24389;
const KAPPA = 24389 / 27;

function f(t: number): number {
  return t > EPSILON ? Math.cbrt(t) : (KAPPA * t + 16) / 116;
}

function inverseF(t: number): number {
  const cube = t * t * t;
  return cube > EPSILON ? cube : (116 * t - 16) / KAPPA;
}

function encode(linear: number): number {
  return ENCODED[Math.round(Math.min(Math.max(linear, 0), 1) * STEPS)]!;
}

/** Weights of linear red, green and blue in X, Y and Z, each divided by D65 white. */
const [WHITE_X, WHITE_Z] = [0.950456, 1.088754];
const X = [0.412453 / WHITE_X, 0.35758 / WHITE_X, 0.180423 / WHITE_X] as const;
const Y = [0.212671, 0.71516, 0.072169] as const;
const Z = [0.019334 / WHITE_Z, 0.119193 / WHITE_Z, 0.950227 / WHITE_Z] as const;

/** Changes a picture's lightness by a function of the lightness plane, in place; a* and b* stay. */
export function changeLightness(image: RgbImage, change: (plane: Plane) => void): void {
  const { data, width, height } = image;
  const plane = { data: new Uint8Array(width * height), width, height };
  const linear = (at: number): [number, number, number] => [
    LINEAR[data[at]!]!,
    LINEAR[data[at + 1]!]!,
    LINEAR[data[at + 2]!]!,
  ];
  for (let i = 0; i < plane.data.length; i++) {
    const [r, g, b] = linear(3 * i);
    plane.data[i] = Math.round((116 * f(Y[0] * r + Y[1] * g + Y[2] * b) - 16) * 2.55);
  }
  const before = plane.data.slice();
  change(plane);
  for (let i = 0; i < plane.data.length; i++) {
    if (plane.data[i] === before[i]) continue;
    const [r, g, b] = linear(3 * i);
    const fy = f(Y[0] * r + Y[1] * g + Y[2] * b);
    const a = f(X[0] * r + X[1] * g + X[2] * b) - fy;
    const c = fy - f(Z[0] * r + Z[1] * g + Z[2] * b);
    const newFy = (plane.data[i]! / 2.55 + 16) / 116;
    const x = inverseF(newFy + a) * WHITE_X;
    const y = inverseF(newFy);
    const z = inverseF(newFy - c) * WHITE_Z;
    data[3 * i] = encode(3.240479 * x - 1.53715 * y - 0.498535 * z);
    data[3 * i + 1] = encode(-0.969256 * x + 1.875991 * y + 0.041556 * z);
    data[3 * i + 2] = encode(0.055648 * x - 0.204043 * y + 1.057311 * z);
  }
}
