/**
 * The pictures of a training run: `labels.jpg`, `labels_correlogram.jpg` and `train_batch0.jpg` … `train_batch2.jpg`. They are made in the background
 * while the run goes on; one that cannot be made is a warning and nothing else.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../proto/telemetry/logger.js';
import type { Batch } from '../data/loader/batch.js';
import { copyTiles, drawBatch } from './batch-picture.js';
import { drawCorrelogram } from './correlogram-picture.js';
import { drawLabels } from './labels-picture.js';

const NUM_BATCHES = 3;

export class RunPictures {
  readonly #folder: string;
  readonly #classNames: readonly string[];
  readonly #log: Pick<Logger, 'warn'> | undefined;
  readonly #pending: Promise<void>[] = [];
  #numBatches = 0;

  /** @param folder exists */
  constructor(folder: string, classNames: readonly string[], log?: Pick<Logger, 'warn'>) {
    this.#folder = folder;
    this.#classNames = classNames;
    this.#log = log;
  }

  /** @param labels rows (class, cx, cy, w, h) of the training set */
  addLabels(labels: Float32Array): void {
    this.#write('labels.jpg', () => drawLabels(labels, this.#classNames));
    this.#write('labels_correlogram.jpg', () => drawCorrelogram(labels));
  }

  /** Takes the first three batches that it is given, and ignores the others; a batch may be released afterwards. */
  addBatch(batch: Batch | undefined): void {
    if (batch === undefined || this.#numBatches === NUM_BATCHES) return;
    const tiles = copyTiles(batch);
    this.#write(`train_batch${this.#numBatches++}.jpg`, () => drawBatch(tiles, this.#classNames));
  }

  /** Resolves when all pictures are on disk or given up. */
  async finished(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #write(name: string, draw: () => Promise<Buffer>): void {
    const path = join(this.#folder, name);
    const work = async (): Promise<void> => writeFile(path, await draw());
    this.#pending.push(work().catch((err: unknown) => this.#log?.warn({ err, path }, 'picture not written')));
  }
}
