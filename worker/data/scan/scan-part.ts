/**
 * Looks at a run of images and their label files, synchronously but for the odd ones. This is the work of a scan that several
 * threads share; a part's result is a few flat arrays that change hands without being copied.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LockstepError } from '../../../proto/errors.js';
import type { SampleEntry } from '../dataset.js';
import { HeaderReader, MAX_PIXELS } from '../images/image-header.js';
import { FloatList } from '../labels/float-list.js';
import { appendPlainBoxes } from '../labels/label-bytes.js';
import { parseLabelText } from '../labels/label-file.js';
import { type StringTable, stringAt } from '../string-table.js';
import { labelPath } from './image-list.js';

/** Smaller pictures are refused, as in the reference. */
const MIN_SIDE_PX = 10;
/** Of libvips; the names that its metadata gives. */
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'tiff', 'bmp']);
const LABEL_BUFFER_BYTES = 2 ** 16;

/** What became of an image; the numbers are those of {@link ScanPart.statuses}. */
export const STATUS = { found: 0, missing: 1, empty: 2, corrupt: 3 } as const;

/** What a scan is of. Crosses threads. */
export interface ScanTask {
  readonly paths: StringTable;
  /** Whether label files belong to the images. */
  readonly hasLabelFiles: boolean;
  /** [n, 4] bytes and modification time (ms) of the image and of its label file; −1: not there. In shared memory. */
  readonly stats: Float64Array;
}

/** Numbers per image in {@link ScanTask.stats}. */
export const STATS = 4;

/** The result for the images from `begin` on. */
export interface ScanPart {
  readonly begin: number;
  readonly statuses: Uint8Array<ArrayBuffer>;
  /** [n, 2] native width and height; zeros for corrupt images. */
  readonly sizes: Int32Array<ArrayBuffer>;
  /** Label rows per image. */
  readonly labelCounts: Int32Array<ArrayBuffer>;
  /** Rows (class, cx, cy, w, h), normalised. */
  readonly labels: Float32Array<ArrayBuffer>;
  /** Numbers of each label's outline; empty if no label here has one. */
  readonly pointCounts: Int32Array<ArrayBuffer>;
  readonly points: Float32Array<ArrayBuffer>;
  /** In image order, each with the number of its image. */
  readonly messages: readonly (readonly [image: number, text: string])[];
}

/** Notes sizes and times of the files of images `begin` … `end`. */
export function statPart({ paths, hasLabelFiles, stats }: ScanTask, begin: number, end: number): void {
  const note = (path: string, at: number): void => {
    const info = statSync(path, { throwIfNoEntry: false });
    stats[at] = info?.size ?? -1;
    stats[at + 1] = info?.mtimeMs ?? -1;
  };
  for (let i = begin; i < end; i++) {
    const path = stringAt(paths, i);
    note(path, STATS * i);
    if (hasLabelFiles) note(labelPath(path), STATS * i + 2);
  }
}

/** What is said about an image before its labels are read. */
interface ImageFinding {
  readonly width: number;
  readonly height: number;
  readonly problem?: string;
  readonly warning?: string;
}

interface LabelFinding {
  readonly status: number;
  readonly warning?: string | undefined;
}
const NO_LABELS: LabelFinding = { status: STATUS.missing };

/** The arrays of a part while it grows. Every thread has one. */
export class PartScanner {
  readonly #headers = new HeaderReader();
  readonly #labelBuffer = Buffer.alloc(LABEL_BUFFER_BYTES);
  readonly #labels = new FloatList();
  readonly #points = new FloatList();
  #pointCounts: number[] = [];
  #messages: [image: number, text: string][] = [];

  /** Scans images `begin` … `end`. */
  async scan(task: ScanTask, begin: number, end: number): Promise<ScanPart> {
    const count = end - begin;
    const statuses = new Uint8Array(count);
    const sizes = new Int32Array(2 * count);
    const labelCounts = new Int32Array(count);
    this.#labels.length = 0;
    this.#points.length = 0;
    this.#pointCounts = [];
    this.#messages = [];
    for (let i = 0; i < count; i++) {
      const path = stringAt(task.paths, begin + i);
      const at = STATS * (begin + i);
      const image = this.#plainImage(path, task.stats[at]!) ?? (await this.#oddImage(path));
      const rowsBefore = this.#labels.length;
      const told = (text: string): void => void this.#messages.push([begin + i, text]);
      const status = await this.#judge(path, image, task.hasLabelFiles ? task.stats[at + 2]! : undefined, told);
      statuses[i] = status;
      if (status === STATUS.corrupt) continue;
      sizes[2 * i] = image.width;
      sizes[2 * i + 1] = image.height;
      labelCounts[i] = (this.#labels.length - rowsBefore) / 5;
    }
    return {
      ...{ begin, statuses, sizes, labelCounts },
      labels: this.#labels.toArray(),
      pointCounts: Int32Array.from(this.#points.length > 0 ? this.#pointCounts : []),
      points: this.#points.toArray(),
      messages: this.#messages,
    };
  }

  /** An image's status, with its labels appended and its messages told. @param labelBytes −1: there is no file */
  async #judge(
    path: string,
    image: ImageFinding,
    labelBytes: number | undefined,
    told: (text: string) => void,
  ): Promise<number> {
    if (image.problem !== undefined) {
      told(image.problem);
      return STATUS.corrupt;
    }
    // Without label files the annotations tell the rest.
    const outcome = labelBytes === undefined ? NO_LABELS : await this.#readLabels(path, labelBytes);
    if ('problem' in outcome) {
      told(`${path}: ${outcome.problem}`);
      return STATUS.corrupt;
    }
    for (const warning of [image.warning, outcome.warning]) {
      if (warning !== undefined) told(`${path}: ${warning}`);
    }
    return outcome.status;
  }

  #plainImage(path: string, fileBytes: number): ImageFinding | undefined {
    const header = this.#headers.read(path, fileBytes);
    return header && judgeHeader(path, header, header.isCutOff);
  }

  /** By libvips, which only the threads load that meet such an image. */
  async #oddImage(path: string): Promise<ImageFinding> {
    const { endsLikeJpeg, readImageHeader } = await import('../images/decode.js');
    try {
      const header = await readImageHeader(path);
      const isCutOff = header.format === 'jpeg' && !(await endsLikeJpeg(path));
      return judgeHeader(path, header, isCutOff);
    } catch (error) {
      // Every failure to read is a finding about this file, not about the run.
      const problem = error instanceof LockstepError ? error.message : `${path}: ${String(error)}`;
      return { width: 0, height: 0, problem };
    }
  }

  async #readLabels(path: string, bytes: number): Promise<LabelFinding | { readonly problem: string }> {
    if (bytes < 0) return { status: STATUS.missing };
    if (bytes === 0) return { status: STATUS.empty };
    const file = labelPath(path);
    const rows = this.#plainLabels(file, bytes);
    if (rows !== undefined) {
      for (let k = 0; k < rows; k++) this.#pointCounts.push(0);
      return { status: rows === 0 ? STATUS.empty : STATUS.found };
    }
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { status: STATUS.missing };
      return { problem: `label file ${file} cannot be read` };
    }
    const parsed = parseLabelText(text);
    if ('problem' in parsed) return { problem: `label file ${file}:${parsed.line}: ${parsed.problem}` };
    this.#append(parsed);
    return { status: parsed.labels.length === 0 ? STATUS.empty : STATUS.found, warning: parsed.warning };
  }

  #plainLabels(file: string, bytes: number): number | undefined {
    if (bytes >= LABEL_BUFFER_BYTES) return undefined;
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r');
    } catch {
      return undefined;
    }
    try {
      const length = readSync(descriptor, this.#labelBuffer, 0, LABEL_BUFFER_BYTES, 0);
      return length < LABEL_BUFFER_BYTES ? appendPlainBoxes(this.#labelBuffer, length, this.#labels) : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(descriptor);
    }
  }

  #append({ labels, polygons }: Pick<SampleEntry, 'labels' | 'polygons'>): void {
    this.#labels.append(labels);
    for (let k = 0; k < labels.length / 5; k++) {
      const polygon = polygons[k];
      this.#pointCounts.push(polygon?.length ?? 0);
      if (polygon !== undefined) this.#points.append(polygon);
    }
  }
}

/** What libvips or {@link HeaderReader} say. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly format: string;
}

/** Whether an image of this header is used. */
function judgeHeader(path: string, { width, height, format }: Header, isCutOff: boolean): ImageFinding {
  const because = (why: string): ImageFinding => ({ width, height, problem: `${path}: ${why}` });
  if (!FORMATS.has(format)) return because(`image format ${format} is not supported`);
  if (width * height > MAX_PIXELS) {
    return because(`image of ${width}×${height} px is too large; the most is ${MAX_PIXELS} pixels`);
  }
  if (width < MIN_SIDE_PX || height < MIN_SIDE_PX) {
    return because(`image of ${width}×${height} px is too small; the least is ${MIN_SIDE_PX} px`);
  }
  return isCutOff
    ? { width, height, warning: 'the JPEG file is cut off; the missing part is read as grey' }
    : { width, height };
}
