/** Encodes the segments of one rank with error feedback, and decodes those of its peers. */
import { CollectiveError } from '../../../proto/errors.js';
import { randomKey } from '../../../proto/random.js';
import type { CompressionFigures, GradientCodec } from '../gradient-codec.js';
import type { Plan, Segment } from '../plan.js';
import { type CodecKernels, NOISE_GROUP, openCodecKernels } from './kernels.js';
import { type CompressionMemory, numCompressible } from './memory.js';
import { type SegmentCodec, segmentCodec } from './segment-codec.js';

/** With many segments the error is measured on one in so many, in turn, because measuring costs as much as encoding. */
const MEASURE_EVERY = 8;
/** From so many segments on. */
const MANY_SEGMENTS = 32;

export interface CompressorOptions {
  readonly rank: number;
  readonly plan: Plan;
  readonly memory: CompressionMemory;
  /** Vectors on the same heap, which kernels can read and write in place; others are copied. */
  readonly onHeap: readonly Float32Array[];
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

  encode(slot: number, segment: Segment, numbers: Float32Array, round: number): Uint8Array {
    const { memory, plan } = this.#options;
    const { offset, length, id } = segment;
    const values = this.#read(numbers, memory.values);
    const residual = memory.residuals[slot]!.byteOffset + offset * Float32Array.BYTES_PER_ELEMENT;
    const target = memory.frames[slot]! + memory.frameOffsets[id]!;
    const measured = plan.segments.length < MANY_SEGMENTS || (id + round) % MEASURE_EVERY === 0;
    if (measured) this.#signal += this.#kernels.sumSquares(values, residual, length);
    this.#codec.encode(values, residual, target, this.#noise(slot, segment, round), length);
    if (measured) this.#error += this.#kernels.sumSquares(residual, 0, length);
    return new Uint8Array(this.#heap, target, this.#codec.encodedBytes(length));
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

  takeFigures(): CompressionFigures {
    const figures = { signal: this.#signal, error: this.#error };
    this.#signal = 0;
    this.#error = 0;
    return figures;
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
