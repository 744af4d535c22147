/** Encodes the segments of one rank with error feedback, and decodes those of its peers. */
import type { LaneChecksum } from '../../../proto/codec.js';
import { CollectiveError } from '../../../proto/errors.js';
import { randomKey } from '../../../proto/random.js';
import { SUM_BYTES } from '../frame-memory.js';
import type { CompressionFigures, EncodedSegment, GradientCodec } from '../gradient-codec.js';
import type { Plan, Segment } from '../plan.js';
import { type CodecKernels, NOISE_GROUP, openCodecKernels } from './kernels.js';
import { type CompressionMemory, numCompressible } from './memory.js';
import { type SegmentCodec, segmentCodec } from './segment-codec.js';

/** With many segments the error is measured on one in so many of the elements of each, in turn, because measuring costs as much as encoding. */
const MEASURE_EVERY = 64;
/** From so many segments on. */
const MANY_SEGMENTS = 32;

export interface CompressorOptions {
  readonly rank: number;
  readonly plan: Plan;
  readonly memory: CompressionMemory;
  /** Things on the same heap, or its memory, where kernels can read and write in place; what lies elsewhere is copied. */
  readonly onHeap: readonly { readonly buffer: ArrayBufferLike }[];
  /** Whether checksums of frames are made with them, as direct sockets need them. */
  readonly makesLanes: boolean;
  /** Of stochastic rounding. */
  readonly seed: number;
  /** Added to the round to give the step, so that a resumed run draws the numbers that an uninterrupted one draws. */
  readonly stepsBefore: number;
}

export class Compressor implements GradientCodec {
  readonly #options: CompressorOptions;
  readonly #kernels: CodecKernels;
  readonly #codec: SegmentCodec;
  readonly #numCompressible: number;
  /** Buffer objects that stand for the heap. */
  readonly #buffers: WeakSet<ArrayBufferLike>;
  readonly #heap: ArrayBufferLike;
  /** Of a checksum, or 0 where none are made. */
  readonly #sums: number;
  readonly #sumWords: Uint32Array;
  #signal = 0;
  #error = 0;

  constructor(options: CompressorOptions) {
    this.#options = options;
    const { memory, onHeap, plan } = options;
    this.#kernels = openCodecKernels(memory.memory);
    this.#codec = segmentCodec(memory.method, this.#kernels, memory);
    this.#numCompressible = numCompressible(plan);
    this.#heap = memory.memory.buffer;
    this.#buffers = new WeakSet([...onHeap, ...memory.residuals].map(({ buffer }) => buffer));
    this.#buffers.add(this.#heap);
    this.#sums = options.makesLanes ? memory.sums : 0;
    this.#sumWords = new Uint32Array(this.#heap, memory.sums, SUM_BYTES / Uint32Array.BYTES_PER_ELEMENT);
  }

  get payloadType(): SegmentCodec['payloadType'] {
    return this.#codec.payloadType;
  }

  covers(segment: Segment): boolean {
    return segment.offset < this.#numCompressible;
  }

  encodedBytes(segment: Segment): number {
    return this.#codec.encodedBytes(segment.length);
  }

  encode(slot: number, segment: Segment, numbers: Float32Array, round: number, decoded?: Float32Array): EncodedSegment {
    const { length } = segment;
    const values = this.#read(numbers, this.#options.memory.values);
    const into = decoded === undefined ? 0 : this.#writable(decoded);
    const { residual, frame } = this.#places(slot, segment);
    const { begin, count } = this.#measured(segment, round);
    this.#signal += this.#kernels.sumSquares(values + begin, residual + begin, count);
    this.#codec.encode(values, residual, frame, into, this.#noise(slot, segment, round), length, this.#sums);
    this.#error += this.#kernels.sumSquares(residual + begin, 0, count);
    if (decoded !== undefined) this.#written(into, decoded);
    return { payload: this.#frameAt(frame, length), lanes: this.#lanes };
  }

  decode(payload: Uint8Array, target: Float32Array): void {
    const address = this.#writable(target);
    const source = this.#stage(payload, target.length);
    this.#check(this.#codec.decode(source, address, target.length));
    this.#written(address, target);
  }

  decodeOperand(operand: number, payload: Uint8Array, length: number): Float32Array {
    const target = new Float32Array(this.#heap, this.#options.memory.operands[operand]!, length);
    this.decode(payload, target);
    return target;
  }

  add(values: Float32Array, payload: Uint8Array, target: Float32Array): void {
    const address = this.#writable(target);
    const addend = this.#read(values, address);
    const source = this.#stage(payload, target.length);
    this.#check(this.#codec.add(addend, source, address, target.length));
    this.#written(address, target);
  }

  reduce(
    segment: Segment,
    values: Float32Array,
    payload: Uint8Array,
    sum: Float32Array,
    round: number,
  ): EncodedSegment {
    const { length } = segment;
    const into = this.#writable(sum);
    const addend = this.#read(values, into);
    const source = this.#stage(payload, length);
    const { residual, frame } = this.#places(0, segment);
    const noise = this.#noise(0, segment, round);
    this.#check(this.#codec.reduce(addend, source, residual, frame, into, noise, length, this.#sums));
    // What was to be encoded is what it decodes to and what is left.
    const { begin, count } = this.#measured(segment, round);
    this.#signal += this.#kernels.sumSquares(into + begin, residual + begin, count);
    this.#error += this.#kernels.sumSquares(residual + begin, 0, count);
    this.#written(into, sum);
    return { payload: this.#frameAt(frame, length), lanes: this.#lanes };
  }

  takeFigures(): CompressionFigures {
    const figures = { signal: this.#signal, error: this.#error };
    this.#signal = 0;
    this.#error = 0;
    return figures;
  }

  /** Where a slot keeps a segment's errors, and its frame. */
  #places(slot: number, { offset, id }: Segment): { readonly residual: number; readonly frame: number } {
    const { memory } = this.#options;
    return {
      residual: memory.residuals[slot]!.byteOffset + offset * Float32Array.BYTES_PER_ELEMENT,
      frame: memory.frames[slot]! + memory.frameOffsets[id]!,
    };
  }

  #frameAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#heap, address, this.#codec.encodedBytes(length));
  }

  /** Which elements of a segment are measured: from `begin`, in bytes, so many. */
  #measured({ id, length }: Segment, round: number): { readonly begin: number; readonly count: number } {
    if (this.#options.plan.segments.length < MANY_SEGMENTS) return { begin: 0, count: length };
    const stretch = Math.ceil(length / MEASURE_EVERY);
    const begin = ((id + round) % MEASURE_EVERY) * stretch;
    const count = Math.max(0, Math.min(stretch, length - begin));
    return { begin: begin * Float32Array.BYTES_PER_ELEMENT, count };
  }

  /** The checksum that was made last. */
  get #lanes(): LaneChecksum | undefined {
    return this.#sums === 0 ? undefined : { sum: this.#sumWords[0]!, turn: this.#sumWords[1]! };
  }

  /** Returns where 16 random bits per element lie, or 0 where none are wanted. */
  #noise(slot: number, { offset, length }: Segment, round: number): number {
    const { memory, rank, seed, stepsBefore } = this.#options;
    if (memory.rounding === 'nearest' || memory.method === 'topk') return 0;
    const key = randomKey(['compression', seed, rank, stepsBefore + round, slot, offset]);
    this.#kernels.fillNoise(memory.noise, Math.ceil(length / NOISE_GROUP), key[0]!, key[1]!, key[2]!, key[3]!);
    return memory.noise;
  }

  /** Returns the address of these numbers; copies those that do not lie on the heap to `spare`. */
  #read(numbers: Float32Array, spare: number): number {
    if (this.#buffers.has(numbers.buffer)) return numbers.byteOffset;
    new Float32Array(this.#heap, spare, numbers.length).set(numbers);
    return spare;
  }

  /** Returns where to write what is for the target: there, if it lies on the heap. */
  #writable(target: Float32Array): number {
    return this.#buffers.has(target.buffer) ? target.byteOffset : this.#options.memory.values;
  }

  #written(address: number, target: Float32Array): void {
    if (!this.#buffers.has(target.buffer)) target.set(new Float32Array(this.#heap, address, target.length));
  }

  #stage(payload: Uint8Array, length: number): number {
    const { staging } = this.#options.memory;
    const expectedBytes = this.#codec.encodedBytes(length);
    if (payload.byteLength !== expectedBytes) {
      throw badPayload(`has ${payload.byteLength} bytes for ${length} elements, expected ${expectedBytes}`);
    }
    if (this.#buffers.has(payload.buffer)) return payload.byteOffset;
    new Uint8Array(this.#heap, staging, payload.byteLength).set(payload);
    return staging;
  }

  #check(isValid: boolean): void {
    if (!isValid) throw badPayload('has indices that do not ascend within its segment');
  }
}

function badPayload(what: string): CollectiveError {
  return new CollectiveError('COLLECTIVE_BAD_PAYLOAD', `a compressed payload ${what}`, {
    hint: 'The ranks disagree about the compression: start all workers from the same version and configuration.',
  });
}
