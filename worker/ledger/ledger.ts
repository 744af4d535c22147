/**
 * Proof that an epoch used each image once (design guarantee 4). Every virtual rank adds the checksum of the images in its
 * microbatch to the vector that is all-reduced anyway; the sum counts only when its step commits, that is after the
 * optimizer. At the end of the epoch count and checksum must be the data set's. Pure: all ranks see the same sums and come
 * to the same verdict, and the part-done ledger goes into the checkpoint.
 */
import { DataError } from '../../proto/errors.js';
import { EpochHasher, fromParts, imageIdentities, NUM_CHECKSUM_PARTS, toHex, toParts } from './checksum.js';

/** Slots of an entry: how many images, then the parts of their checksum. */
export const NUM_ENTRY_SLOTS = 1 + NUM_CHECKSUM_PARTS;

/** A part-done epoch as a checkpoint keeps it. */
export interface LedgerState {
  readonly epoch: number;
  /** Images of committed steps, counted as often as they were used. */
  readonly images: number;
  /** Of them, those that could not be read: a grey picture without labels stood in. */
  readonly unreadable: number;
  /** Of them, those in steps that were skipped because something was not finite. */
  readonly nonFinite: number;
  /** 16 hexadecimal digits. */
  readonly checksum: string;
}

/** What a step adds, summed over all virtual ranks. */
export interface CommittedStep {
  readonly badImages: number;
  readonly finite: boolean;
  /** Sum of {@link Ledger.entry} over the virtual ranks. */
  readonly ledgerEntry: Float32Array;
}

/** The verdict on an epoch. */
export interface LedgerVerdict extends LedgerState {
  /** Images in the data set (or the draw). */
  readonly expectedImages: number;
  readonly expectedChecksum: string;
  /** Each image was used exactly once (or as often as it was drawn). */
  readonly complete: boolean;
}

const NOTHING = { images: 0, unreadable: 0, nonFinite: 0, checksum: toHex(0n) };

export class Ledger {
  readonly #identities: Uint32Array;
  readonly #seed: number;
  #hasher: EpochHasher | undefined;
  #hashedEpoch = -1;
  #state: LedgerState = { epoch: 0, ...NOTHING };

  /**
   * @param imageIds of the whole training set, by image number
   * @param seed of the run
   */
  constructor(imageIds: readonly (number | string)[], seed: number) {
    this.#identities = imageIdentities(imageIds);
    this.#seed = seed;
  }

  /** What is committed so far of the epoch in progress; immutable. */
  get state(): LedgerState {
    return this.#state;
  }

  /** Starts an epoch, or goes on with the part of it that a checkpoint (or a peer) remembers. */
  begin(epoch: number, done?: LedgerState): void {
    this.#state = done?.epoch === epoch ? done : { epoch, ...NOTHING };
  }

  /** What a virtual rank adds to the reduced vector for the images in its microbatch: small integers, float32 [NUM_ENTRY_SLOTS]. */
  entry(epoch: number, indices: readonly number[]): Float32Array {
    const entry = new Float32Array(NUM_ENTRY_SLOTS);
    entry[0] = indices.length;
    entry.set(toParts(this.#hasherOf(epoch).sum(indices)), 1);
    return entry;
  }

  /** Counts the images of a step. To be called once the step can no longer be undone. */
  commit({ badImages, finite, ledgerEntry }: CommittedStep): void {
    const { epoch, images, unreadable, nonFinite, checksum } = this.#state;
    const stepImages = ledgerEntry[0]!;
    this.#state = {
      epoch,
      images: images + stepImages,
      unreadable: unreadable + badImages,
      nonFinite: nonFinite + (finite ? 0 : stepImages),
      checksum: toHex(BigInt.asUintN(64, BigInt(`0x${checksum}`) + fromParts(ledgerEntry.subarray(1)))),
    };
  }

  /**
   * Compares the epoch in progress, whose last step is committed, with the data set.
   * @param draw the images that the epoch was to use instead, where it does not use each once (weighted draws)
   */
  verdict(draw?: ArrayLike<number> & Iterable<number>): LedgerVerdict {
    const hasher = this.#hasherOf(this.#state.epoch);
    const expectedChecksum = toHex(draw === undefined ? hasher.sumOfAll() : hasher.sum(draw));
    const expectedImages = draw?.length ?? hasher.numImages;
    const { images, checksum } = this.#state;
    return {
      ...this.#state,
      expectedImages,
      expectedChecksum,
      complete: images === expectedImages && checksum === expectedChecksum,
    };
  }

  #hasherOf(epoch: number): EpochHasher {
    if (this.#hasher === undefined || this.#hashedEpoch !== epoch) {
      this.#hasher = new EpochHasher(this.#identities, this.#seed, epoch);
      this.#hashedEpoch = epoch;
    }
    return this.#hasher;
  }
}

/**
 * Does nothing if the epoch is complete.
 * @throws DataError `DATA_LEDGER_MISMATCH` with both counts and checksums
 */
export function requireComplete(verdict: LedgerVerdict): void {
  if (verdict.complete) return;
  const { epoch, images, expectedImages, checksum, expectedChecksum } = verdict;
  const what =
    images === expectedImages
      ? `${images} images were used, but not each of the ${expectedImages} once`
      : `${images} images were used where the data set has ${expectedImages}`;
  throw new DataError(
    'DATA_LEDGER_MISMATCH',
    `epoch ${epoch}: ${what} (ledger ${checksum}, data set ${expectedChecksum})`,
    {
      hint: 'if the data set changed since the run started, start a new run from these weights; else report this as a defect',
      details: { ...verdict },
    },
  );
}
