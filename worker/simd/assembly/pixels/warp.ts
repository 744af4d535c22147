// Bilinear look-ups in a rectangle of a picture, four output pixels at a time. Positions are in 1/32 px, blends in integers.

const WEIGHT_BITS: i32 = 5;
const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;
const WEIGHT_MASK: i32 = WEIGHT_ONE - 1;
const SHIFT: i32 = 2 * WEIGHT_BITS;
const HALF: i32 = 1 << (SHIFT - 1);
const GREY: i32 = 114;
/** Positions beyond it are outside of any picture. */
const MAX_POSITION: f64 = 1073741824;
const OUTSIDE: i32 = -1073741824;

/** The rectangle that pixels are looked up in; around it all is grey. */
@unmanaged
export class Source {
  address: usize;
  stride: i32;
  /** Upper left corner in the picture, and size. */
  left: i32;
  top: i32;
  width: i32;
  height: i32;
}

/** Positions of a row under an affine transformation: sums of parts of 1/1024 px, rounded to 1/32. */
export function affinePositions(columns: usize, part: i32, count: i32, positions: usize): void {
  const parts = i32x4.splat(part);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    v128.store(positions + at, i32x4.shr_s(i32x4.add(v128.load(columns + at), parts), 5));
  }
}

/** A number of 1/32 px, rounded; NaN (a division of zero by zero) is outside as well. */
@inline
function roundedPosition(position: f64): i32 {
  const rounded = floor(position * WEIGHT_ONE + 0.5);
  return abs(rounded) < MAX_POSITION ? <i32>rounded : OUTSIDE;
}

/** Positions of a row under a perspective: (a·x + rowX) / (g·x + rowW), and the same of y. */
export function perspectivePositions(
  a: f64,
  d: f64,
  g: f64,
  rowX: f64,
  rowY: f64,
  rowW: f64,
  count: i32,
  positionsX: usize,
  positionsY: usize,
): void {
  for (let x = 0; x < count; x++) {
    const w = g * x + rowW;
    const fixedX = roundedPosition((a * x + rowX) / w);
    const fixedY = roundedPosition((d * x + rowY) / w);
    // Outside in one direction is outside.
    store<i32>(positionsX + (<usize>x << 2), fixedY == OUTSIDE ? OUTSIDE : fixedX);
    store<i32>(positionsY + (<usize>x << 2), fixedY);
  }
}

/** Red, green and blue of a pixel as four 32-bit lanes: its two neighbours above and the two below, by pairs of weights. */
@inline
function blend(at: usize, stride: usize, above: v128, below: v128): v128 {
  const order = i8x16(0, -128, 3, -128, 1, -128, 4, -128, 2, -128, 5, -128, -128, -128, -128, -128);
  const upper = i8x16.swizzle(v128.load64_zero(at), order);
  const lower = i8x16.swizzle(v128.load64_zero(at + stride), order);
  const sum = i32x4.add(i32x4.dot_i16x8_s(upper, above), i32x4.dot_i16x8_s(lower, below));
  return i32x4.shr_u(i32x4.add(sum, i32x4.splat(HALF)), SHIFT);
}

/** One output row. Positions are rounded up to a multiple of four; up to 4 bytes behind the row are written as well. */
export function warpRow(source: Source, positionsX: usize, positionsY: usize, count: i32, target: usize): void {
  const address = source.address;
  const stride = source.stride;
  const origin = i32x4.splat(source.left);
  const originY = i32x4.splat(source.top);
  const innerWidth = i32x4.splat(source.width - 1);
  const innerHeight = i32x4.splat(source.height - 1);
  const outerWidth = i32x4.splat(source.width + 1);
  const outerHeight = i32x4.splat(source.height + 1);
  const strides = i32x4.splat(stride);
  const one = i32x4.splat(1);
  const mask = i32x4.splat(WEIGHT_MASK);
  const pack = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -128, -128, -128, -128);
  const grey = i8x16.splat(<i8>GREY);
  let i = 0;
  for (; i + 4 <= count; i += 4, target += 12) {
    const at = <usize>i << 2;
    const fixedX = v128.load(positionsX + at);
    const fixedY = v128.load(positionsY + at);
    const left = i32x4.sub(i32x4.shr_s(fixedX, WEIGHT_BITS), origin);
    const top = i32x4.sub(i32x4.shr_s(fixedY, WEIGHT_BITS), originY);
    const isInside = v128.and(i32x4.lt_u(left, innerWidth), i32x4.lt_u(top, innerHeight));
    if (!i32x4.all_true(isInside)) {
      const isNear = v128.and(
        i32x4.lt_u(i32x4.add(left, one), outerWidth),
        i32x4.lt_u(i32x4.add(top, one), outerHeight),
      );
      if (!v128.any_true(isNear)) {
        v128.store(target, grey);
      } else {
        for (let k = 0; k < 4; k++) edgePixel(source, positionsX + at, positionsY + at, k, target + 3 * k);
      }
      continue;
    }
    const x = v128.and(fixedX, mask);
    const y = v128.and(fixedY, mask);
    // Weights of the four neighbours add up to 1024.
    const w11 = i32x4.mul(x, y);
    const w01 = i32x4.sub(i32x4.shl(x, WEIGHT_BITS), w11);
    const w10 = i32x4.sub(i32x4.shl(y, WEIGHT_BITS), w11);
    const w00 = i32x4.sub(i32x4.sub(i32x4.splat(1 << SHIFT), w01), i32x4.shl(y, WEIGHT_BITS));
    const above = v128.or(w00, i32x4.shl(w01, 16));
    const below = v128.or(w10, i32x4.shl(w11, 16));
    const offsets = i32x4.add(i32x4.mul(top, strides), i32x4.add(i32x4.shl(left, 1), left));
    const p0 = blend(
      address + i32x4.extract_lane(offsets, 0),
      stride,
      i32x4.shuffle(above, above, 0, 0, 0, 0),
      i32x4.shuffle(below, below, 0, 0, 0, 0),
    );
    const p1 = blend(
      address + i32x4.extract_lane(offsets, 1),
      stride,
      i32x4.shuffle(above, above, 1, 1, 1, 1),
      i32x4.shuffle(below, below, 1, 1, 1, 1),
    );
    const p2 = blend(
      address + i32x4.extract_lane(offsets, 2),
      stride,
      i32x4.shuffle(above, above, 2, 2, 2, 2),
      i32x4.shuffle(below, below, 2, 2, 2, 2),
    );
    const p3 = blend(
      address + i32x4.extract_lane(offsets, 3),
      stride,
      i32x4.shuffle(above, above, 3, 3, 3, 3),
      i32x4.shuffle(below, below, 3, 3, 3, 3),
    );
    const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p0, p1), i16x8.narrow_i32x4_s(p2, p3));
    v128.store(target, i8x16.swizzle(bytes, pack));
  }
  for (; i < count; i++, target += 3) edgePixel(source, positionsX + (<usize>i << 2), positionsY + (<usize>i << 2), 0, target);
}

/** A channel of a pixel, or grey outside. */
@inline
function channelAt(source: Source, x: i32, y: i32, channel: i32): i32 {
  return <u32>x < <u32>source.width && <u32>y < <u32>source.height
    ? <i32>load<u8>(source.address + y * source.stride + 3 * x + channel)
    : GREY;
}

/** A pixel some of whose neighbours may lie outside. */
function edgePixel(source: Source, positionsX: usize, positionsY: usize, index: i32, target: usize): void {
  const fixedX = load<i32>(positionsX + (<usize>index << 2));
  const fixedY = load<i32>(positionsY + (<usize>index << 2));
  const left = (fixedX >> WEIGHT_BITS) - source.left;
  const top = (fixedY >> WEIGHT_BITS) - source.top;
  const x = fixedX & WEIGHT_MASK;
  const y = fixedY & WEIGHT_MASK;
  for (let channel = 0; channel < 3; channel++) {
    const upper =
      channelAt(source, left, top, channel) * (WEIGHT_ONE - x) + channelAt(source, left + 1, top, channel) * x;
    const lower =
      channelAt(source, left, top + 1, channel) * (WEIGHT_ONE - x) + channelAt(source, left + 1, top + 1, channel) * x;
    store<u8>(target + channel, <u8>((upper * (WEIGHT_ONE - y) + lower * y + HALF) >> SHIFT));
  }
}
