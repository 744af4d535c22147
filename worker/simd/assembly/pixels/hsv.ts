// Colour jitter in 8-bit HSV: 16 pixels at a time to hue, saturation and value, through factors or tables, and back.
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
  const quotient = f32x4.div(f32x4.splat(one), f32x4.convert_i32x4_s(divisor));
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

/** Saturation of 16 pixels. */
@inline
function saturations(value: v128, chroma: v128): v128 {
  return i8x16.narrow_i16x8_u(
    saturationOf(i16x8.extend_low_i8x16_u(chroma), i16x8.extend_low_i8x16_u(value)),
    saturationOf(i16x8.extend_high_i8x16_u(chroma), i16x8.extend_high_i8x16_u(value)),
  );
}

/** Hue of 16 pixels. */
@inline
function hues(red: v128, green: v128, blue: v128, value: v128, chroma: v128): v128 {
  const isRed = i8x16.eq(value, red);
  const isGreen = i8x16.eq(value, green);
  const chromaLow = i16x8.extend_low_i8x16_u(chroma);
  const chromaHigh = i16x8.extend_high_i8x16_u(chroma);
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
  return i8x16.narrow_i16x8_u(hueOf(sectorLow, chromaLow), hueOf(sectorHigh, chromaHigh));
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
  return f32x4.mul(hue, f32x4.splat(<f32>(6.0 / 180.0)));
}

@inline
function unitOf(level: v128): v128 {
  return f32x4.mul(level, f32x4.splat(<f32>(1.0 / 255.0)));
}

/** Bytes 4·part to 4·part + 3 as float32. */
@inline
function quarter(bytes: v128, part: i32): v128 {
  const half = part < 2 ? i16x8.extend_low_i8x16_u(bytes) : i16x8.extend_high_i8x16_u(bytes);
  return f32x4.convert_i32x4_s((part & 1) == 0 ? i32x4.extend_low_i16x8_u(half) : i32x4.extend_high_i16x8_u(half));
}

/** Levels times a factor, cut off at 255, without fractions. */
@inline
function scaledLevels(levels: v128, factor: v128): v128 {
  return f32x4.trunc(f32x4.pmin(f32x4.mul(levels, factor), f32x4.splat(255)));
}

/** Hues times a factor, once around the circle at most, without fractions. */
@inline
function scaledHues(hues: v128, factor: v128): v128 {
  const circle = f32x4.splat(180);
  const turned = f32x4.mul(hues, factor);
  return f32x4.trunc(f32x4.sub(turned, v128.and(f32x4.ge(turned, circle), circle)));
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

/** 16 pixels from hues, saturations and values as float32, four by four. */
@inline
function fromHsv(
  ha: v128,
  hb: v128,
  hc: v128,
  hd: v128,
  la: v128,
  lb: v128,
  lc: v128,
  ld: v128,
  va255: v128,
  vb255: v128,
  vc255: v128,
  vd255: v128,
  pixels: usize,
): void {
  const rounder = f32x4.splat(ROUNDER);
  const bits = i32x4.splat(ROUNDER_BITS);
  const high = bytesOf(
    i32x4.sub(f32x4.add(va255, rounder), bits),
    i32x4.sub(f32x4.add(vb255, rounder), bits),
    i32x4.sub(f32x4.add(vc255, rounder), bits),
    i32x4.sub(f32x4.add(vd255, rounder), bits),
  );
  const pa = positionOf(ha);
  const pb = positionOf(hb);
  const pc = positionOf(hc);
  const pd = positionOf(hd);
  const sa = unitOf(la);
  const sb = unitOf(lb);
  const sc = unitOf(lc);
  const sd = unitOf(ld);
  const va = unitOf(va255);
  const vb = unitOf(vb255);
  const vc = unitOf(vc255);
  const vd = unitOf(vd255);
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

/** Up to CHUNK pixels, a multiple of 16, through tables. */
function jitterByTables(pixels: usize, count: i32, tables: usize, planes: usize): void {
  for (let i = 0; i < count; i += 16) {
    const at = pixels + 3 * i;
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const red = redOf(a, b, c);
    const green = greenOf(a, b, c);
    const blue = blueOf(a, b, c);
    const value = i8x16.max_u(i8x16.max_u(red, green), blue);
    const chroma = i8x16.sub(value, i8x16.min_u(i8x16.min_u(red, green), blue));
    v128.store(planes + i, hues(red, green, blue, value, chroma));
    v128.store(planes + i + CHUNK, saturations(value, chroma));
    v128.store(planes + i + 2 * CHUNK, value);
  }
  mapBytes(planes, tables, count);
  mapBytes(planes + CHUNK, tables + 256, count);
  mapBytes(planes + 2 * CHUNK, tables + 512, count);
  for (let i = 0; i < count; i += 16) {
    const h = v128.load(planes + i);
    const s = v128.load(planes + i + CHUNK);
    const v = v128.load(planes + i + 2 * CHUNK);
    fromHsv(
      quarter(h, 0),
      quarter(h, 1),
      quarter(h, 2),
      quarter(h, 3),
      quarter(s, 0),
      quarter(s, 1),
      quarter(s, 2),
      quarter(s, 3),
      quarter(v, 0),
      quarter(v, 1),
      quarter(v, 2),
      quarter(v, 3),
      pixels + 3 * i,
    );
  }
}

/** Pixels, a multiple of 16, through factors. */
function jitterByFactors(pixels: usize, count: i32, hueFactor: f32, saturationFactor: f32, valueFactor: f32): void {
  const onHue = f32x4.splat(hueFactor);
  const onSaturation = f32x4.splat(saturationFactor);
  const onValue = f32x4.splat(valueFactor);
  for (let i = 0; i < count; i += 16) {
    const at = pixels + 3 * i;
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const red = redOf(a, b, c);
    const green = greenOf(a, b, c);
    const blue = blueOf(a, b, c);
    const value = i8x16.max_u(i8x16.max_u(red, green), blue);
    const chroma = i8x16.sub(value, i8x16.min_u(i8x16.min_u(red, green), blue));
    const hue = hues(red, green, blue, value, chroma);
    const saturation = saturations(value, chroma);
    fromHsv(
      scaledHues(quarter(hue, 0), onHue),
      scaledHues(quarter(hue, 1), onHue),
      scaledHues(quarter(hue, 2), onHue),
      scaledHues(quarter(hue, 3), onHue),
      scaledLevels(quarter(saturation, 0), onSaturation),
      scaledLevels(quarter(saturation, 1), onSaturation),
      scaledLevels(quarter(saturation, 2), onSaturation),
      scaledLevels(quarter(saturation, 3), onSaturation),
      scaledLevels(quarter(value, 0), onValue),
      scaledLevels(quarter(value, 1), onValue),
      scaledLevels(quarter(value, 2), onValue),
      scaledLevels(quarter(value, 3), onValue),
      at,
    );
  }
}

/**
 * Sends pixels through tables of hue, saturation and value, in place.
 * @param tables 3 × 256 bytes
 * @param work 1,536 bytes
 */
export function mapHsv(pixels: usize, count: i32, tables: usize, work: usize): void {
  let left = count;
  for (; left >= CHUNK; left -= CHUNK) {
    jitterByTables(pixels, CHUNK, tables, work);
    pixels += 3 * CHUNK;
  }
  if (left == 0) return;
  // The rest has no room for whole vectors where it is.
  const spare = work + 3 * CHUNK;
  memory.copy(spare, pixels, 3 * left);
  jitterByTables(spare, (left + 15) & ~15, tables, work);
  memory.copy(pixels, spare, 3 * left);
}

/**
 * Multiplies hue, saturation and value of pixels, in place, in float32: hue around the circle, the others up to 255, fractions
 * cut off.
 * @param work 48 bytes
 */
export function scaleHsv(
  pixels: usize,
  count: i32,
  hueFactor: f32,
  saturationFactor: f32,
  valueFactor: f32,
  work: usize,
): void {
  const whole = count & ~15;
  jitterByFactors(pixels, whole, hueFactor, saturationFactor, valueFactor);
  const left = count - whole;
  if (left == 0) return;
  pixels += 3 * whole;
  memory.copy(work, pixels, 3 * left);
  jitterByFactors(work, 16, hueFactor, saturationFactor, valueFactor);
  memory.copy(pixels, work, 3 * left);
}
