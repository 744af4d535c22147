/**
 * The headers of the JPEG files that nearly all photographs are: baseline, Huffman-coded, 8 bits, grey or YCbCr in one
 * scan, upright. Any other file has no header here, and libvips takes it.
 */

/** How a component is coded. */
export interface JpegComponent {
  /** Blocks of an MCU, in a row and in a column; chroma has one, luma up to four. */
  readonly horizontal: number;
  readonly vertical: number;
  /** 64 factors, rows after each other. */
  readonly quantisation: Int16Array;
  /** 16 counts of codes by length, then the symbols. */
  readonly dcCodes: Uint8Array;
  readonly acCodes: Uint8Array;
}

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Y alone, or Y, Cb and Cr. */
  readonly components: readonly JpegComponent[];
  /** MCUs between restarts, 0 for none. */
  readonly restartInterval: number;
  /** The first byte of the scan. */
  readonly scanStart: number;
}

/** The place in a block, rows after each other, of each coefficient of the stream: along the diagonals, to and fro. */
export const ZIGZAG: readonly number[] = Array.from({ length: 15 }, (_, diagonal) => {
  const first = Math.max(diagonal - 7, 0);
  const rows = Array.from({ length: Math.min(diagonal, 7) - first + 1 }, (_unused, i) => first + i);
  if (diagonal % 2 === 0) rows.reverse();
  return rows.map((row) => row * 8 + diagonal - row);
}).flat();

const MARKER = {
  SOI: 0xd8,
  SOF0: 0xc0,
  SOF1: 0xc1,
  DHT: 0xc4,
  DQT: 0xdb,
  DRI: 0xdd,
  SOS: 0xda,
  APP0: 0xe0,
  APP1: 0xe1,
  APP14: 0xee,
};
/** Smallest side: narrower pictures have chroma rows too short for the usual filter. */
const MIN_SIDE = 8;

interface FrameComponent {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
  readonly table: number;
}

/** What was read so far. */
interface Segments {
  readonly quantisation: Map<number, Int16Array>;
  /** By class · 16 + number; class 0 is DC. */
  readonly codes: Map<number, Uint8Array>;
  frame: { width: number; height: number; components: FrameComponent[] } | undefined;
  restartInterval: number;
  isJfif: boolean;
  adobeTransform: number | undefined;
}

/** Whether a file begins as JPEG files do. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0xff && bytes[1] === MARKER.SOI;
}

/** The header, or undefined for a file that is not of this kind, damaged or no JPEG at all. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isJpeg(bytes)) return undefined;
  const segments: Segments = {
    quantisation: new Map(),
    codes: new Map(),
    frame: undefined,
    restartInterval: 0,
    isJfif: false,
    adobeTransform: undefined,
  };
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + view.getUint16(at + 2);
    const isSegment = marker >= MARKER.SOF0 && marker !== MARKER.SOI && end <= bytes.length && end >= at + 4;
    if (!isSegment) return undefined;
    const body = new DataView(bytes.buffer, bytes.byteOffset + at + 4, end - at - 4);
    if (marker === MARKER.SOS) return finish(segments, body, end);
    if (!readSegment(segments, marker, body)) return undefined;
    at = end;
  }
  return undefined;
}

/** Takes in a segment; false for one that makes the file another kind. */
function readSegment(segments: Segments, marker: number, body: DataView): boolean {
  switch (marker) {
    case MARKER.SOF0:
    case MARKER.SOF1:
      return readFrame(segments, body);
    case MARKER.DQT:
      return readQuantisation(segments.quantisation, body);
    case MARKER.DHT:
      return readCodes(segments.codes, body);
    case MARKER.DRI:
      if (body.byteLength !== 2) return false;
      segments.restartInterval = body.getUint16(0);
      return true;
    case MARKER.APP0:
      segments.isJfif ||= startsWith(body, 'JFIF\0');
      return true;
    case MARKER.APP1:
      return !startsWith(body, 'Exif\0') || isUpright(body);
    case MARKER.APP14:
      if (body.byteLength >= 12 && startsWith(body, 'Adobe')) segments.adobeTransform = body.getUint8(11);
      return true;
    default:
      // Other frames: progressive, arithmetic, lossless. Application data and comments say nothing about pixels.
      return marker >= MARKER.APP0;
  }
}

function startsWith(body: DataView, text: string): boolean {
  return body.byteLength >= text.length && Array.from(text).every((char, i) => body.getUint8(i) === char.charCodeAt(0));
}

function readFrame(segments: Segments, body: DataView): boolean {
  if (segments.frame !== undefined || body.byteLength < 6 || body.getUint8(0) !== 8) return false;
  const count = body.getUint8(5);
  if (body.byteLength !== 6 + 3 * count) return false;
  const components = Array.from({ length: count }, (_, i) => {
    const sampling = body.getUint8(7 + 3 * i);
    return {
      id: body.getUint8(6 + 3 * i),
      horizontal: sampling >> 4,
      vertical: sampling & 15,
      table: body.getUint8(8 + 3 * i),
    };
  });
  segments.frame = { height: body.getUint16(1), width: body.getUint16(3), components };
  return true;
}

function readQuantisation(tables: Map<number, Int16Array>, body: DataView): boolean {
  let at = 0;
  while (at < body.byteLength) {
    const kind = body.getUint8(at++);
    const bytesEach = kind >> 4 === 0 ? 1 : 2;
    if (at + 64 * bytesEach > body.byteLength) return false;
    const factors = new Int16Array(64);
    for (let i = 0; i < 64; i++, at += bytesEach) {
      const factor = bytesEach === 1 ? body.getUint8(at) : body.getUint16(at);
      if (factor > 0x7fff) return false;
      factors[ZIGZAG[i]!] = factor;
    }
    tables.set(kind & 15, factors);
  }
  return true;
}

function readCodes(codes: Map<number, Uint8Array>, body: DataView): boolean {
  let at = 0;
  while (at + 17 <= body.byteLength) {
    const kind = body.getUint8(at++);
    let count = 0;
    for (let i = 0; i < 16; i++) count += body.getUint8(at + i);
    if (count > 256 || at + 16 + count > body.byteLength) return false;
    // Room for what a corrupt symbol number might ask for.
    const definition = new Uint8Array(16 + 256);
    definition.set(new Uint8Array(body.buffer, body.byteOffset + at, 16 + count));
    codes.set(kind, definition);
    at += 16 + count;
  }
  return at === body.byteLength;
}

/** Whether EXIF data says nothing about the orientation, or that the picture is upright. */
function isUpright(body: DataView): boolean {
  const tiff = 6;
  if (body.byteLength < tiff + 8) return false;
  const isLittleEndian = body.getUint16(tiff) === 0x4949;
  const directory = tiff + body.getUint32(tiff + 4, isLittleEndian);
  if (directory + 2 > body.byteLength) return false;
  const count = body.getUint16(directory, isLittleEndian);
  if (directory + 2 + 12 * count > body.byteLength) return false;
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i;
    if (body.getUint16(entry, isLittleEndian) === 0x0112) return body.getUint16(entry + 8, isLittleEndian) === 1;
  }
  return true;
}

/** Joins what the scan's header names. */
function finish(segments: Segments, body: DataView, scanStart: number): JpegHeader | undefined {
  const { frame, restartInterval } = segments;
  if (frame === undefined || frame.width < MIN_SIDE || frame.height < MIN_SIDE) return undefined;
  const count = frame.components.length;
  if (body.byteLength !== 4 + 2 * count || body.getUint8(0) !== count || !isKnownColour(segments)) return undefined;
  // The whole spectrum at full precision, as baseline has it.
  if (body.getUint8(1 + 2 * count) !== 0 || body.getUint8(2 + 2 * count) !== 63 || body.getUint8(3 + 2 * count) !== 0) {
    return undefined;
  }
  const components: JpegComponent[] = [];
  for (const [i, { id, horizontal, vertical, table }] of frame.components.entries()) {
    const tables = body.getUint8(2 + 2 * i);
    const quantisation = segments.quantisation.get(table);
    const dcCodes = segments.codes.get(tables >> 4);
    const acCodes = segments.codes.get(16 + (tables & 15));
    const isComplete = quantisation !== undefined && dcCodes !== undefined && acCodes !== undefined;
    if (body.getUint8(1 + 2 * i) !== id || !isComplete) return undefined;
    // A single component is not interleaved: its factors mean nothing.
    const [h, v] = count === 1 ? [1, 1] : [horizontal, vertical];
    components.push({ horizontal: h, vertical: v, quantisation, dcCodes, acCodes });
  }
  if (!isKnownSampling(components)) return undefined;
  return { width: frame.width, height: frame.height, components, restartInterval, scanStart };
}

/** Grey, or YCbCr by the rules of JFIF and Adobe. */
function isKnownColour({ frame, isJfif, adobeTransform }: Segments): boolean {
  const ids = frame!.components.map(({ id }) => id);
  if (ids.length === 1) return true;
  if (ids.length !== 3) return false;
  return isJfif || (adobeTransform === undefined ? ids.join() === '1,2,3' : adobeTransform === 1);
}

/** Chroma at full resolution, at half of it in rows, or in both directions. */
function isKnownSampling(components: readonly JpegComponent[]): boolean {
  const [luma, ...chroma] = components as [JpegComponent, ...JpegComponent[]];
  const isLumaKnown = luma.vertical === 1 ? luma.horizontal <= 2 : luma.vertical === 2 && luma.horizontal === 2;
  return luma.horizontal >= 1 && isLumaKnown && chroma.every((c) => c.horizontal === 1 && c.vertical === 1);
}
