// The bits of a scan. Bytes lie in reverse, from `top` downwards, so that a 64-bit load has the next bit as its highest.

/** Bits of which {@link windowAt} is sure. */
export const WINDOW_BITS: i32 = 57;

/** The bits from `position` on, the first one highest. */
@inline
export function windowAt(top: usize, position: i32): u64 {
  return load<u64>(top - 8 - <usize>(position >> 3)) << (position & 7);
}

/** The value of the `size` bits (1 to 16) that follow `skipped` bits: the upper half counts up, the lower one is negative. */
@inline
export function signedBits(window: u64, skipped: i32, size: i32): i32 {
  const bits = <i32>((window << skipped) >> (64 - size));
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/**
 * Copies the entropy-coded bytes of a scan from `source` to below `top`, without stuffing, up to the first marker that is not
 * a restart. Needs length + 32 bytes below `top`.
 * @param restarts gets the byte at which each restarted interval begins, `maxRestarts` at most
 * @param info gets [bytes written, restarts met]
 */
export function unstuff(source: usize, length: i32, top: usize, restarts: usize, maxRestarts: i32, info: usize): void {
  const end = source + length;
  const ones = i8x16.splat(-1);
  let target = top;
  let numRestarts = 0;
  while (source < end) {
    while (source + 16 <= end) {
      const bytes = v128.load(source);
      v128.store(target - 16, i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
      const marks = i8x16.bitmask(i8x16.eq(bytes, ones));
      const clean = marks == 0 ? 16 : ctz(marks);
      source += clean;
      target -= clean;
      if (marks != 0) break;
    }
    if (source >= end) break;
    const byte = load<u8>(source);
    if (byte != 0xff) {
      target--;
      store<u8>(target, byte);
      source++;
      continue;
    }
    if (source + 1 >= end) break;
    const next = load<u8>(source, 1);
    if (next == 0) {
      target--;
      store<u8>(target, 0xff);
      source += 2;
    } else if (next >= 0xd0 && next <= 0xd7) {
      if (numRestarts < maxRestarts) store<i32>(restarts + (<usize>numRestarts << 2), <i32>(top - target));
      numRestarts++;
      source += 2;
    } else if (next == 0xff) {
      source++;
    } else {
      break;
    }
  }
  store<i32>(info, <i32>(top - target));
  store<i32>(info, numRestarts, 4);
  // A reader past the end sees zeros.
  v128.store(target - 16, i8x16.splat(0));
  v128.store(target - 32, i8x16.splat(0));
}
