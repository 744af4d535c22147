/** Orthonormal bases, the same on every machine. */

/** Of a vector's length, what must be left after taking away its parts along the others; below it is rounding noise. */
const INDEPENDENT = 1e-6;

/**
 * Makes vectors orthonormal in place, by Gram-Schmidt in its modified form, in float64 and in a fixed order. A vector that depends on
 * those before it, or is not finite, becomes zeros.
 * @param vectors one after the other, each of `length` elements
 */
export function orthonormalise(vectors: Float32Array, length: number): void {
  const count = vectors.length / length;
  const basis = Array.from({ length: count }, (_, k) =>
    Float64Array.from(vectors.subarray(k * length, (k + 1) * length)),
  );
  for (const [k, vector] of basis.entries()) {
    const before = Math.sqrt(dot(vector, vector));
    for (const other of basis.slice(0, k)) subtract(vector, other, dot(vector, other));
    const left = Math.sqrt(dot(vector, vector));
    // Also where the length is no number.
    const scale = left > INDEPENDENT * before ? 1 / left : 0;
    for (let i = 0; i < length; i++) vector[i] = scale === 0 ? 0 : vector[i]! * scale;
    vectors.set(vector, k * length);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(target: Float64Array, direction: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! -= factor * direction[i]!;
}
