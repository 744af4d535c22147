// Flat float32 vectors: sums. Pointers are byte offsets on the heap, multiples of 4; counts are elements.

/** target[i] ← target[i] + source[i]. */
export function addInto(target: usize, source: usize, count: i32): void {
  const bytes = (<usize>count) << 2;
  const end = target + bytes;
  const wideEnd = target + (bytes & ~(<usize>63));
  while (target < wideEnd) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    v128.store(target, f32x4.add(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, f32x4.add(v128.load(target, 32), v128.load(source, 32)), 32);
    v128.store(target, f32x4.add(v128.load(target, 48), v128.load(source, 48)), 48);
    target += 64;
    source += 64;
  }
  while (target < end) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    target += 4;
    source += 4;
  }
}

/** target[i] ← a[i] + b[i]. */
export function addBoth(target: usize, a: usize, b: usize, count: i32): void {
  const bytes = (<usize>count) << 2;
  const end = target + bytes;
  const wideEnd = target + (bytes & ~(<usize>31));
  while (target < wideEnd) {
    v128.store(target, f32x4.add(v128.load(a), v128.load(b)));
    v128.store(target, f32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
    target += 32;
    a += 32;
    b += 32;
  }
  while (target < end) {
    store<f32>(target, load<f32>(a) + load<f32>(b));
    target += 4;
    a += 4;
    b += 4;
  }
}
