/** The wire form of validation statistics: little-endian, a version first, eleven bytes per detection or so. */
import { ProtocolError } from '../../proto/errors.js';
import type { LossItems } from './val-stats.js';

/** "LSVS" read as a little-endian integer. */
const MAGIC = 0x5356534c;
const VERSION = 1;
const HEADER_BYTES = 24;

/** What one image contributes. */
export interface ImageStats {
  /** Per detection, best score first: bit t set where it is a true positive at threshold t. */
  readonly hits: Uint16Array;
  readonly scores: Float32Array;
  readonly classes: Uint16Array;
  readonly labelClasses: Uint16Array;
}

/** The content of an accumulator. */
export interface ValStatsContent {
  readonly nc: number;
  readonly images: ReadonlyMap<number, ImageStats>;
  readonly batchLosses: ReadonlyMap<number, LossItems>;
  /** Counts (nc + 1)², row-major. */
  readonly confusion: Float64Array | undefined;
}

/** Returns the wire form of `content`. */
export function encodeValStats(content: ValStatsContent): Uint8Array {
  const numConfusion = content.confusion?.length ?? 0;
  let numBytes = HEADER_BYTES + content.batchLosses.size * 28 + numConfusion * 8;
  for (const image of content.images.values()) {
    numBytes += 12 + image.scores.length * 8 + image.labelClasses.length * 2;
  }
  const bytes = new Uint8Array(numBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u16 = (value: number) => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const u32 = (value: number) => {
    view.setUint32(at, value, true);
    at += 4;
  };
  const f64 = (value: number) => {
    view.setFloat64(at, value, true);
    at += 8;
  };
  for (const word of [MAGIC, VERSION, content.nc, content.images.size, content.batchLosses.size, numConfusion])
    u32(word);
  for (const [index, image] of content.images) {
    u32(index);
    u32(image.scores.length);
    u32(image.labelClasses.length);
    for (const score of image.scores) {
      view.setFloat32(at, score, true);
      at += 4;
    }
    for (const classId of image.classes) u16(classId);
    for (const hit of image.hits) u16(hit);
    for (const classId of image.labelClasses) u16(classId);
  }
  for (const [batch, items] of content.batchLosses) {
    u32(batch);
    for (const item of items) f64(item);
  }
  for (const count of content.confusion ?? []) f64(count);
  return bytes;
}

/**
 * Reads the wire form back.
 * @throws ProtocolError `PROTOCOL_VAL_STATS` for anything that is not whole statistics of this version
 */
export function decodeValStats(bytes: Uint8Array): ValStatsContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const claim = (numBytes: number) => {
    const start = at;
    if (numBytes > bytes.byteLength - at)
      throw malformed(`ends at byte ${bytes.byteLength}, ${numBytes} expected at ${at}`);
    at += numBytes;
    return start;
  };
  const u32 = () => view.getUint32(claim(4), true);
  const f64 = () => view.getFloat64(claim(8), true);
  const u16Array = (length: number) => {
    const start = claim(length * 2);
    return Uint16Array.from({ length }, (_, i) => view.getUint16(start + i * 2, true));
  };
  const f32Array = (length: number) => {
    const start = claim(length * 4);
    return Float32Array.from({ length }, (_, i) => view.getFloat32(start + i * 4, true));
  };

  if (u32() !== MAGIC) throw malformed('wrong magic number');
  const version = u32();
  if (version !== VERSION) throw malformed(`version ${version}, this program speaks ${VERSION}`);
  const nc = u32();
  const [numImages, numBatches, numConfusion] = [u32(), u32(), u32()];
  const images = new Map<number, ImageStats>();
  for (let i = 0; i < numImages; i++) {
    const index = u32();
    const [numDetections, numLabels] = [u32(), u32()];
    const scores = f32Array(numDetections);
    const classes = u16Array(numDetections);
    const hits = u16Array(numDetections);
    images.set(index, { scores, classes, hits, labelClasses: u16Array(numLabels) });
  }
  const batchLosses = new Map<number, LossItems>();
  for (let i = 0; i < numBatches; i++) batchLosses.set(u32(), [f64(), f64(), f64()]);
  if (numConfusion !== 0 && numConfusion !== (nc + 1) ** 2)
    throw malformed(`confusion matrix of ${numConfusion} counts`);
  const confusion = numConfusion === 0 ? undefined : new Float64Array(numConfusion).map(f64);
  if (at !== bytes.byteLength) throw malformed(`${bytes.byteLength - at} bytes too many`);
  return { nc, images, batchLosses, confusion };
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_VAL_STATS', `malformed validation statistics: ${what}`, {
    hint: 'Run the same version of Lockstep on every rank.',
  });
}
