/** How the outputs of one microbatch join the sum over all virtual ranks. */
import type { Batch } from './data/loader/batch.js';
import type { DeviceTensor } from './engine/engine.js';
import { numElements } from './engine/program.js';
import type { Ledger } from './ledger/ledger.js';
import { TAIL, TAIL_LENGTH } from './reduced-vector.js';
import type { AllReduce } from './threads/comms-client.js';
import type { TrainPrograms } from './train-program.js';

/** What a {@link MicrobatchSum} works with; all of it is lent, but the batch, which it releases. */
export interface MicrobatchSumParts {
  readonly allReduce: Pick<AllReduce, 'add' | 'bucketReady'>;
  readonly ledger: Pick<Ledger, 'entry'>;
  readonly programs: Pick<TrainPrograms, 'layout' | 'place'>;
  readonly virtualRank: number;
  readonly batch: Batch;
  /** Images by which the loss terms count: those of the step where they are shares of one loss. @defaultValue the batch's own */
  readonly lossImages?: number | undefined;
}

/** Takes outputs in the order in which they come; a bucket leaves as soon as its last gradient is in. */
export class MicrobatchSum {
  readonly #parts: MicrobatchSumParts;
  /** By bucket: how many gradients are still to come. */
  readonly #waiting: number[];
  #losses: Float32Array = new Float32Array(3);
  #numOverflows = 0;

  constructor(parts: MicrobatchSumParts) {
    this.#parts = parts;
    this.#waiting = parts.programs.layout.buckets.map((bucket) => bucket.names.length);
  }

  /** Adds one output and disposes of it. */
  add(name: string, tensor: DeviceTensor): void {
    const { batch, programs } = this.#parts;
    const place = programs.place(name);
    if (place.kind === 'gradient') {
      this.#addGradient(place, tensor);
      return;
    }
    const data = tensor.read() as Float32Array;
    tensor.dispose();
    if (place.kind === 'loss') {
      this.#losses = data;
      return;
    }
    if (place.kind === 'overflow') {
      this.#numOverflows = data[0]!;
      return;
    }
    // Statistics are averaged over images, so that an epoch's smaller last step weighs less.
    for (let i = 0; i < data.length; i++) data[i]! *= batch.numImages;
    this.#parts.allReduce.add(this.#parts.virtualRank, place.offset, data);
  }

  /** Gradients go from the device straight to where they are summed. */
  #addGradient({ offset, bucket }: { offset: number; bucket: number }, tensor: DeviceTensor): void {
    const { allReduce, programs, virtualRank } = this.#parts;
    const length = numElements(tensor.shape);
    try {
      allReduce.add(virtualRank, offset, { length, copyTo: (target, begin) => tensor.readPart(target, begin) });
    } finally {
      tensor.dispose();
    }
    this.#waiting[bucket]! -= 1;
    const last = bucket === programs.layout.buckets.length - 1;
    if (this.#waiting[bucket] === 0 && !last) allReduce.bucketReady(virtualRank, bucket);
  }

  /** Adds the tail, after all outputs, and releases the batch. */
  finish(drain: boolean): void {
    const { allReduce, batch, ledger, programs, virtualRank } = this.#parts;
    const { layout } = programs;
    const [box = 0, obj = 0, cls = 0] = this.#losses;
    const finite = this.#losses.every(Number.isFinite);
    const weight = this.#parts.lossImages ?? batch.numImages;
    const tail = new Float32Array(TAIL_LENGTH);
    tail[TAIL.images] = batch.numImages;
    tail[TAIL.targets] = batch.numTargets;
    tail[TAIL.box] = finite ? box * weight : 0;
    tail[TAIL.obj] = finite ? obj * weight : 0;
    tail[TAIL.cls] = finite ? cls * weight : 0;
    tail[TAIL.drain] = drain ? 1 : 0;
    tail[TAIL.nonFinite] = finite ? 0 : 1;
    tail[TAIL.overflow] = finite && this.#numOverflows > 0 ? 1 : 0;
    tail[TAIL.badImages] = batch.badItems.length;
    const indices = batch.items.map(({ index }) => index);
    tail.set(ledger.entry(batch.epoch, indices), TAIL.ledger);
    allReduce.add(virtualRank, layout.tailOffset, tail);
    allReduce.bucketReady(virtualRank, layout.buckets.length - 1);
    batch.release();
  }
}
