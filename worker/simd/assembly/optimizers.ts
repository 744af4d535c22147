// Optimizer steps and moving averages on flat float32 vectors. Pointers are byte offsets, multiples of 4; counts are elements.

export { addInto } from './parts/vectors';

// @ts-ignore: decorator
@inline
function axpy(a: v128, x: v128, y: v128): v128 {
  return f32x4.add(f32x4.mul(a, x), y);
}

/** g ← g + decay·p; buf ← momentum·buf + g; p ← p − rate·(g + momentum·buf). */
export function sgd(p: usize, g: usize, buf: usize, count: i32, rate: f32, momentum: f32, decay: f32): void {
  const rates = f32x4.splat(rate);
  const momenta = f32x4.splat(momentum);
  const decays = f32x4.splat(decay);
  const bytes = (<usize>count) << 2;
  const wide = bytes & ~(<usize>31);
  let i: usize = 0;
  for (; i < wide; i += 32) {
    const p0 = v128.load(p + i);
    const p1 = v128.load(p + i, 16);
    const g0 = axpy(decays, p0, v128.load(g + i));
    const g1 = axpy(decays, p1, v128.load(g + i, 16));
    const b0 = axpy(momenta, v128.load(buf + i), g0);
    const b1 = axpy(momenta, v128.load(buf + i, 16), g1);
    v128.store(buf + i, b0);
    v128.store(buf + i, b1, 16);
    v128.store(p + i, f32x4.sub(p0, f32x4.mul(rates, axpy(momenta, b0, g0))));
    v128.store(p + i, f32x4.sub(p1, f32x4.mul(rates, axpy(momenta, b1, g1))), 16);
  }
  for (; i < bytes; i += 4) {
    const value = load<f32>(p + i);
    const gradient: f32 = decay * value + load<f32>(g + i);
    const moment: f32 = momentum * load<f32>(buf + i) + gradient;
    store<f32>(buf + i, moment);
    store<f32>(p + i, value - rate * (momentum * moment + gradient));
  }
}

/** g ← g + decay·p; m ← m + (1 − β₁)(g − m); v ← β₂·v + (1 − β₂)·g²; p ← p − rate·m / (√v / rootCorrection + ε). */
export function adam(
  p: usize,
  g: usize,
  first: usize,
  second: usize,
  count: i32,
  rate: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  rootCorrection: f32,
  epsilon: f32,
  decay: f32,
): void {
  const bytes = (<usize>count) << 2;
  const wide = bytes & ~(<usize>15);
  const decays = f32x4.splat(decay);
  let i: usize = 0;
  for (; i < wide; i += 16) {
    const p0 = v128.load(p + i);
    const g0 = axpy(decays, p0, v128.load(g + i));
    const m0 = v128.load(first + i);
    const m = axpy(f32x4.splat(rest1), f32x4.sub(g0, m0), m0);
    const v = axpy(f32x4.splat(rest2), f32x4.mul(g0, g0), f32x4.mul(f32x4.splat(beta2), v128.load(second + i)));
    v128.store(first + i, m);
    v128.store(second + i, v);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(rootCorrection)), f32x4.splat(epsilon));
    v128.store(p + i, f32x4.sub(p0, f32x4.div(f32x4.mul(f32x4.splat(rate), m), root)));
  }
  for (; i < bytes; i += 4) {
    const value = load<f32>(p + i);
    const gradient: f32 = decay * value + load<f32>(g + i);
    const m0 = load<f32>(first + i);
    const m: f32 = rest1 * (gradient - m0) + m0;
    const v: f32 = rest2 * (gradient * gradient) + beta2 * load<f32>(second + i);
    store<f32>(first + i, m);
    store<f32>(second + i, v);
    store<f32>(p + i, value - (rate * m) / (sqrt<f32>(v) / rootCorrection + epsilon));
  }
}

/** average ← average + rest·(state − average). */
export function moveAverage(average: usize, state: usize, count: i32, rest: f32): void {
  const rests = f32x4.splat(rest);
  const bytes = (<usize>count) << 2;
  const wide = bytes & ~(<usize>31);
  let i: usize = 0;
  for (; i < wide; i += 32) {
    const a0 = v128.load(average + i);
    const a1 = v128.load(average + i, 16);
    v128.store(average + i, axpy(rests, f32x4.sub(v128.load(state + i), a0), a0));
    v128.store(average + i, axpy(rests, f32x4.sub(v128.load(state + i, 16), a1), a1), 16);
  }
  for (; i < bytes; i += 4) {
    const a0 = load<f32>(average + i);
    store<f32>(average + i, rest * (load<f32>(state + i) - a0) + a0);
  }
}
