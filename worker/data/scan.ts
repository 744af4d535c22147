/** Looks at every image and label file once and says which can be used. Reads only; nothing is ever repaired in place. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { LockstepError } from '../../proto/errors.js';
import { mapBounded } from './bounded.js';
import type { CocoImage } from './coco-json.js';
import type { SampleEntry, ScanReport } from './dataset.js';
import { endsLikeJpeg, MAX_PIXELS, readImageHeader } from './decode.js';
import { labelPath } from './image-list.js';
import type { ScanResult } from './label-cache.js';
import { type ParsedLabels, parseLabelText } from './label-file.js';

/** Smaller pictures are refused, as in the reference. */
const MIN_SIDE_PX = 10;
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'tiff', 'bmp']);
/** Headers are read by libuv's threads; a few in flight keep them busy. */
const SCAN_CONCURRENCY = 16;

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of images looked at. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

type Status = 'found' | 'missing' | 'empty' | 'corrupt';
interface Finding {
  readonly status: Status;
  readonly entry?: SampleEntry;
  readonly messages: readonly string[];
}

function idFromPath(path: string): number | string {
  const stem = basename(path, extname(path));
  return /^\d+$/.test(stem) ? Number(stem) : stem;
}

/** The header's size, and what is odd about the file; throws a DataError for a file that is no picture. */
async function checkImage(
  path: string,
): Promise<{ width: number; height: number; problem?: string; warning?: string }> {
  const { width, height, format } = await readImageHeader(path);
  if (!FORMATS.has(format)) return { width, height, problem: `image format ${format} is not supported` };
  if (width * height > MAX_PIXELS) {
    return { width, height, problem: `image of ${width}×${height} px is too large; the most is ${MAX_PIXELS} pixels` };
  }
  if (width < MIN_SIDE_PX || height < MIN_SIDE_PX) {
    return { width, height, problem: `image of ${width}×${height} px is too small; the least is ${MIN_SIDE_PX} px` };
  }
  if (format === 'jpeg' && !(await endsLikeJpeg(path))) {
    return { width, height, warning: 'the JPEG file is cut off; the missing part is read as grey' };
  }
  return { width, height };
}

type Labels = { readonly status: Exclude<Status, 'corrupt'>; readonly parsed: ParsedLabels };

async function readLabels(path: string): Promise<Labels | { readonly problem: string }> {
  const file = labelPath(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return { status: 'missing', parsed: { labels: new Float32Array(0), polygons: [] } };
    }
    return { problem: `label file ${file} cannot be read` };
  }
  const parsed = parseLabelText(text);
  if ('problem' in parsed) return { problem: `label file ${file}:${parsed.line}: ${parsed.problem}` };
  return { status: parsed.labels.length === 0 ? 'empty' : 'found', parsed };
}

async function inspect(
  path: string,
  imageId: number | string,
  labelsOf: () => Promise<Labels | { readonly problem: string }>,
): Promise<Finding> {
  try {
    const image = await checkImage(path);
    if (image.problem !== undefined) return { status: 'corrupt', messages: [`${path}: ${image.problem}`] };
    const labels = await labelsOf();
    if ('problem' in labels) return { status: 'corrupt', messages: [`${path}: ${labels.problem}`] };
    const { parsed } = labels;
    const messages = [image.warning, parsed.warning].filter((m) => m !== undefined).map((m) => `${path}: ${m}`);
    const entry = { path, imageId, width: image.width, height: image.height, ...pickLabels(parsed) };
    return { status: labels.status, entry, messages };
  } catch (error) {
    // Every failure to read is a finding about this file, not about the run.
    const message = error instanceof LockstepError ? error.message : `${path}: ${String(error)}`;
    return { status: 'corrupt', messages: [message] };
  }
}

function pickLabels({ labels, polygons }: ParsedLabels): Pick<SampleEntry, 'labels' | 'polygons'> {
  return { labels, polygons };
}

function summarise(findings: readonly Finding[]): ScanResult {
  const count = (status: Status): number => findings.filter((f) => f.status === status).length;
  const empty = count('empty');
  const report: ScanReport = {
    // An empty label file is a label file, as the reference counts.
    found: count('found') + empty,
    missing: count('missing'),
    empty,
    corrupt: count('corrupt'),
    total: findings.length,
    messages: findings.flatMap((f) => f.messages),
    fromCache: false,
  };
  return { entries: findings.flatMap((f) => f.entry ?? []), report };
}

function progressOf(total: number, onProgress: ScanOptions['onProgress']): () => void {
  let done = 0;
  return () => {
    done++;
    if (done % 64 === 0 || done === total) onProgress?.(done, total);
  };
}

/** Scans images with YOLO label files. */
export async function scanYolo(paths: readonly string[], options: ScanOptions = {}): Promise<ScanResult> {
  const tick = progressOf(paths.length, options.onProgress);
  const work = async (path: string): Promise<Finding> => {
    const finding = await inspect(path, idFromPath(path), () => readLabels(path));
    tick();
    return finding;
  };
  return summarise(await mapBounded(paths, SCAN_CONCURRENCY, work, options));
}

/** Scans the images of a COCO instances file. */
export async function scanCoco(images: readonly CocoImage[], options: ScanOptions = {}): Promise<ScanResult> {
  const tick = progressOf(images.length, options.onProgress);
  const work = async (image: CocoImage): Promise<Finding> => {
    const { path, labels, polygons, warnings, imageId } = image;
    if (path === undefined) {
      return { status: 'corrupt', messages: [`${image.fileName}: image not found`] };
    }
    const parsed: ParsedLabels = {
      labels,
      polygons,
      ...(warnings.length > 0 ? { warning: warnings.join('; ') } : {}),
    };
    const status = labels.length === 0 ? 'empty' : 'found';
    const finding = await inspect(path, imageId, () => Promise.resolve({ status, parsed }));
    tick();
    return finding;
  };
  return summarise(await mapBounded(images, SCAN_CONCURRENCY, work, options));
}
