// Colour jitter in 8-bit HSV, 256 pixels at a time: to planes of hue, saturation and value, through the tables, and back.
import { blueOf, greenOf, redOf, storeInterleaved } from './rgb';

const CHUNK: i32 = 256;
/** Adding it to a float32 below 2²² leaves no room for a fraction: rounds half to even, the integer in the low bits. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS: i32 = 0x4b400000;
const SHIFT: i32 = 12;
const HALF: i32 = 1 << (SHIFT - 1);
/** 255 and 30 (a sector of hue) in fixed point, divided by value and by chroma. */
const SATURATION_ONE: f32 = <f32>(255 << SHIFT);
const HUE_SECTOR: f32 = <f32>(30 << SHIFT);

/** round(one / divisor); where the divisor is 0 any number. */
@inline
function reciprocal(one: f32, divisor: v128): v128 {
  const quotient = f32x4.div(f32x4.splat(one), f32x4.convert_i32x4_u(divisor));
  return i32x4.sub(f32x4.add(quotient, f32x4.splat(ROUNDER)), i32x4.splat(ROUNDER_BITS));
}

/** (factor · reciprocal + ½) in whole numbers. */
@inline
function scaled(factor: v128, reciprocals: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.mul(factor, reciprocals), i32x4.splat(HALF)), SHIFT);
}

/** Saturation of eight pixels. */
@inline
function saturationOf(chroma: v128, value: v128): v128 {
  const low = scaled(
    i32x4.extend_low_i16x8_u(chroma),
    reciprocal(SATURATION_ONE, i32x4.extend_low_i16x8_u(value)),
  );
  const high = scaled(
    i32x4.extend_high_i16x8_u(chroma),
    reciprocal(SATURATION_ONE, i32x4.extend_high_i16x8_u(value)),
  );
  return i16x8.narrow_i32x4_s(low, high);
}

/** Hue of eight pixels, from how far they are within and which sixths of the circle. */
@inline
function hueOf(sector: v128, chroma: v128): v128 {
  const low = scaled(
    i32x4.extend_low_i16x8_s(sector),
    reciprocal(HUE_SECTOR, i32x4.extend_low_i16x8_u(chroma)),
  );
  const high = scaled(
    i32x4.extend_high_i16x8_s(sector),
    reciprocal(HUE_SECTOR, i32x4.extend_high_i16x8_u(chroma)),
  );
  const hue = i16x8.narrow_i32x4_s(low, high);
  return i16x8.add(hue, v128.and(i16x8.shr_s(hue, 15), i16x8.splat(180)));
}

/** The position on the hue circle in multiples of chroma: as the largest component is red, green or blue. */
@inline
function sectorOf(r: v128, g: v128, b: v128, chroma: v128, isRed: v128, isGreen: v128): v128 {
  const two = i16x8.shl(chroma, 1);
  const fromBlue = i16x8.add(i16x8.sub(r, g), i16x8.shl(chroma, 2));
  const fromGreen = i16x8.add(i16x8.sub(b, r), two);
  return v128.bitselect(i16x8.sub(g, b), v128.bitselect(fromGreen, fromBlue, isGreen), isRed);
}

/** 16 pixels to planes that are CHUNK bytes apart. */
@inline
function toHsv(pixels: usize, planes: usize): void {
  const a = v128.load(pixels);
  const b = v128.load(pixels, 16);
  const c = v128.load(pixels, 32);
  const red = redOf(a, b, c);
  const green = greenOf(a, b, c);
  const blue = blueOf(a, b, c);
  const value = i8x16.max_u(i8x16.max_u(red, green), blue);
  const chroma = i8x16.sub(value, i8x16.min_u(i8x16.min_u(red, green), blue));
  const isRed = i8x16.eq(value, red);
  const isGreen = i8x16.eq(value, green);
  const chromaLow = i16x8.extend_low_i8x16_u(chroma);
  const chromaHigh = i16x8.extend_high_i8x16_u(chroma);
  const saturation = i8x16.narrow_i16x8_u(
    saturationOf(chromaLow, i16x8.extend_low_i8x16_u(value)),
    saturationOf(chromaHigh, i16x8.extend_high_i8x16_u(value)),
  );
  const sectorLow = sectorOf(
    i16x8.extend_low_i8x16_u(red),
    i16x8.extend_low_i8x16_u(green),
    i16x8.extend_low_i8x16_u(blue),
    chromaLow,
    i16x8.extend_low_i8x16_s(isRed),
    i16x8.extend_low_i8x16_s(isGreen),
  );
  const sectorHigh = sectorOf(
    i16x8.extend_high_i8x16_u(red),
    i16x8.extend_high_i8x16_u(green),
    i16x8.extend_high_i8x16_u(blue),
    chromaHigh,
    i16x8.extend_high_i8x16_s(isRed),
    i16x8.extend_high_i8x16_s(isGreen),
  );
  v128.store(planes, i8x16.narrow_i16x8_u(hueOf(sectorLow, chromaLow), hueOf(sectorHigh, chromaHigh)));
  v128.store(planes + CHUNK, saturation);
  v128.store(planes + 2 * CHUNK, value);
}

/** A fraction of 255 as an integer, rounded as float32 arithmetic does. */
@inline
function toLevel(fraction: v128): v128 {
  return i32x4.sub(
    f32x4.add(f32x4.mul(fraction, f32x4.splat(255)), f32x4.splat(ROUNDER)),
    i32x4.splat(ROUNDER_BITS),
  );
}

/** Which sixth of the circle a hue lies in; the position within it is hue · (6 / 180) − sector. */
@inline
function positionOf(hue: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(hue), f32x4.splat(<f32>(6.0 / 180.0)));
}

@inline
function unitOf(level: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(level), f32x4.splat(<f32>(1.0 / 255.0)));
}

/** The smallest component of four pixels. */
@inline
function lowOf(s: v128, v: v128): v128 {
  return toLevel(f32x4.mul(v, f32x4.sub(f32x4.splat(1), s)));
}

/** The component between: even sectors rise from low to high, odd ones fall. */
@inline
function middleOf(position: v128, s: v128, v: v128): v128 {
  const sector = f32x4.floor(position);
  const fraction = f32x4.sub(position, sector);
  const one = f32x4.splat(1);
  const isOdd = i32x4.shl(f32x4.add(sector, f32x4.splat(ROUNDER)), 31);
  const slope = v128.bitselect(fraction, f32x4.sub(one, fraction), i32x4.shr_s(isOdd, 31));
  return toLevel(f32x4.mul(v, f32x4.sub(one, f32x4.mul(s, slope))));
}

@inline
function sectorNumber(position: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.floor(position), f32x4.splat(ROUNDER)), i32x4.splat(ROUNDER_BITS));
}

@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** 16 pixels from planes. */
@inline
function fromHsv(planes: usize, pixels: usize): void {
  const hue = v128.load(planes);
  const saturation = v128.load(planes + CHUNK);
  const high = v128.load(planes + 2 * CHUNK);
  const h0 = i16x8.extend_low_i8x16_u(hue);
  const h1 = i16x8.extend_high_i8x16_u(hue);
  const s0 = i16x8.extend_low_i8x16_u(saturation);
  const s1 = i16x8.extend_high_i8x16_u(saturation);
  const v0 = i16x8.extend_low_i8x16_u(high);
  const v1 = i16x8.extend_high_i8x16_u(high);
  const pa = positionOf(i32x4.extend_low_i16x8_u(h0));
  const pb = positionOf(i32x4.extend_high_i16x8_u(h0));
  const pc = positionOf(i32x4.extend_low_i16x8_u(h1));
  const pd = positionOf(i32x4.extend_high_i16x8_u(h1));
  const sa = unitOf(i32x4.extend_low_i16x8_u(s0));
  const sb = unitOf(i32x4.extend_high_i16x8_u(s0));
  const sc = unitOf(i32x4.extend_low_i16x8_u(s1));
  const sd = unitOf(i32x4.extend_high_i16x8_u(s1));
  const va = unitOf(i32x4.extend_low_i16x8_u(v0));
  const vb = unitOf(i32x4.extend_high_i16x8_u(v0));
  const vc = unitOf(i32x4.extend_low_i16x8_u(v1));
  const vd = unitOf(i32x4.extend_high_i16x8_u(v1));
  const low = bytesOf(lowOf(sa, va), lowOf(sb, vb), lowOf(sc, vc), lowOf(sd, vd));
  const middle = bytesOf(middleOf(pa, sa, va), middleOf(pb, sb, vb), middleOf(pc, sc, vc), middleOf(pd, sd, vd));
  const sector = bytesOf(sectorNumber(pa), sectorNumber(pb), sectorNumber(pc), sectorNumber(pd));
  const is0 = i8x16.eq(sector, i8x16.splat(0));
  const is1 = i8x16.eq(sector, i8x16.splat(1));
  const is2 = i8x16.eq(sector, i8x16.splat(2));
  const is3 = i8x16.eq(sector, i8x16.splat(3));
  const is4 = i8x16.eq(sector, i8x16.splat(4));
  const is5 = i8x16.eq(sector, i8x16.splat(5));
  // 0: high middle low, 1: middle high low, 2: low high middle, 3: low middle high, 4: middle low high, 5: high low middle
  storeInterleaved(
    v128.bitselect(high, v128.bitselect(middle, low, v128.or(is1, is4)), v128.or(is0, is5)),
    v128.bitselect(high, v128.bitselect(middle, low, v128.or(is0, is3)), v128.or(is1, is2)),
    v128.bitselect(high, v128.bitselect(middle, low, v128.or(is2, is5)), v128.or(is3, is4)),
    pixels,
  );
}

@inline
function mapBytes(bytes: usize, table: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    const at = bytes + i;
    const a = load<u8>(table + load<u8>(at));
    const b = load<u8>(table + load<u8>(at, 1));
    const c = load<u8>(table + load<u8>(at, 2));
    const d = load<u8>(table + load<u8>(at, 3));
    store<u32>(at, <u32>a | (<u32>b << 8) | (<u32>c << 16) | (<u32>d << 24));
  }
}

function jitterChunk(pixels: usize, count: i32, tables: usize, planes: usize): void {
  for (let i = 0; i < count; i += 16) toHsv(pixels + 3 * i, planes + i);
  mapBytes(planes, tables, count);
  mapBytes(planes + CHUNK, tables + 256, count);
  mapBytes(planes + 2 * CHUNK, tables + 512, count);
  for (let i = 0; i < count; i += 16) fromHsv(planes + i, pixels + 3 * i);
}

/**
 * Sends pixels through tables of hue, saturation and value, in place.
 * @param tables 3 × 256 bytes
 * @param work 1,536 bytes
 */
export function jitter(pixels: usize, count: i32, tables: usize, work: usize): void {
  let left = count;
  for (; left >= CHUNK; left -= CHUNK) {
    jitterChunk(pixels, CHUNK, tables, work);
    pixels += 3 * CHUNK;
  }
  if (left == 0) return;
  // The rest has no room for whole vectors where it is.
  const spare = work + 3 * CHUNK;
  memory.copy(spare, pixels, 3 * left);
  jitterChunk(spare, (left + 15) & ~15, tables, work);
  memory.copy(pixels, spare, 3 * left);
}
