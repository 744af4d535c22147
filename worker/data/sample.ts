/** One image of the data set made ready for the network. */
import type { Hyp, RunConfig } from '../../configs/run-config.js';
import { type RandomStream, randomStream } from '../../proto/random.js';
import { threadTrace } from '../trace/thread-trace.js';
import { applyPixelStages, perspectiveScene, type Scene } from './augment/augment.js';
import { drawObjects, pasteMirrored } from './augment/copy-paste.js';
import { applyFilters, drawFilters } from './augment/filter-stages.js';
import { joinLabels, MIXUP_BETA_SHAPE, mixImages } from './augment/mixup.js';
import { drawMosaic, type MosaicTile, mosaicScene, type TilePool } from './augment/mosaic.js';
import { type MosaicView, mosaicView, type OpenTile } from './augment/mosaic-view.js';
import { mosaic9Scene } from './augment/mosaic9.js';
import { drawPerspective } from './augment/perspective.js';
import type { Dataset } from './dataset.js';
import { letterboxImage } from './geometry/letterbox-image.js';
import {
  type ImagePlacement,
  labelsInNetwork,
  longSideSize,
  normaliseLabels,
  placeImage,
  polygonInNetwork,
} from './geometry/placement.js';
import { openPicture } from './images/decode.js';
import type { RgbImage } from './images/image.js';
import { decodedPicture, type Picture, resizedPicture, wholePicture } from './images/picture.js';
import { type CacheKernel, type PixelCacheTable, throughCache } from './images/pixel-cache.js';
import { pixelHeap } from './images/pixel-heap.js';
import { reductionFor } from './images/reduction.js';
import { resizeArea } from './images/resize.js';
import { imageInput } from './shards/locations.js';

/** Whether large JPEG files may be decoded at a fraction of their size. */
export type JpegScaling = NonNullable<RunConfig['jpegScaling']>;

/** What stays the same for all samples of a loader. Crosses threads. */
export interface SampleOptions {
  readonly hyp: Hyp;
  readonly augment: boolean;
  readonly seed: number;
  /** The long side that a picture is scaled to before it is letterboxed, pixels. */
  readonly imgsz: number;
  /** Rectangular training: no mosaics, whatever the shape of a batch. @defaultValue false */
  readonly rect?: boolean | undefined;
  /** Where scaled pictures are kept. @defaultValue nowhere */
  readonly cache?: PixelCacheTable | undefined;
  /**
   * `auto`: JPEG files of at least four times `imgsz` are decoded at a fraction of their size for training. Validation decodes
   * them whole, so that figures do not depend on it. @defaultValue 'off'
   */
  readonly jpegScaling?: JpegScaling | undefined;
}

/** Which sample. */
export interface SampleKey {
  readonly index: number;
  /** Draws depend on it; of no meaning without augmentation. */
  readonly epoch: number;
  /** Shape of the sample, pixels. */
  readonly height: number;
  readonly width: number;
  /** How often the image came before in this epoch. @defaultValue 0 */
  readonly turn?: number | undefined;
  /** What further images of mosaics are drawn from. @defaultValue every image once */
  readonly pool?: Int32Array | undefined;
}

/** Draws for one purpose of one sample. */
type SampleDraws = (purpose: string) => RandomStream;

/** A sample: `height`×`width` pixels as asked for. */
export interface Sample {
  readonly image: RgbImage;
  /** Rows (class, cx, cy, w, h), normalised to `image`. */
  readonly labels: Float32Array;
}

/** The picture at its long side `imgsz`, from its file; the kernel is the reference's choice. */
async function openAtLongSide(dataset: Dataset, index: number, options: SampleOptions): Promise<Picture> {
  const { imgsz, augment } = options;
  const wanted = mayReduce(options) ? imgsz : undefined;
  const input = await imageInput(dataset.table, index);
  const { picture, native, extent } = await openPicture(dataset.imagePath(index), input, wanted);
  const { width, height } = longSideSize(native.height, native.width, imgsz);
  const shrinks = imgsz < Math.max(native.height, native.width);
  return shrinks && !augment
    ? decodedPicture(resizeArea(await wholePicture(picture), width, height))
    : resizedPicture(picture, width, height, extent);
}

function mayReduce({ augment, jpegScaling = 'off' }: SampleOptions): boolean {
  return augment && jpegScaling === 'auto';
}

/** How the pictures of a data set are scaled; those that no reduction touches are the same with and without it. */
function kernelOf(dataset: Dataset, index: number, options: SampleOptions): CacheKernel {
  if (!options.augment) return 'area';
  const isReduced = mayReduce(options) && reductionFor(Math.max(...dataset.size(index)), options.imgsz) > 1;
  return isReduced ? 'reduced' : 'bilinear';
}

/** The same from the cache, if there is one. Perhaps a view that is not ours to write. */
function loadAtLongSide(dataset: Dataset, index: number, options: SampleOptions): Promise<RgbImage> {
  const { imgsz, cache } = options;
  const kernel = kernelOf(dataset, index, options);
  return throughCache(cache, dataset, { index, imgsz, kernel }, async () =>
    wholePicture(await openAtLongSide(dataset, index, options)),
  );
}

/** Pixels and labels of a sample before filters and pixel stages. */
type SampleView = MosaicView;

async function letterboxedScene(dataset: Dataset, key: SampleKey, options: SampleOptions): Promise<Scene> {
  const loaded = await loadAtLongSide(dataset, key.index, options);
  const placement = placementOf(dataset, key, options);
  const { image } = letterboxImage(loaded, key.height, key.width, { auto: false, scaleUp: options.augment });
  return {
    // Later stages write in place, which a picture in the cache must not see.
    image: image === loaded && options.cache !== undefined ? { ...image, data: image.data.slice() } : image,
    labels: labelsInNetwork(dataset.labels(key.index), placement),
    polygons: dataset.polygons(key.index).map((polygon) => polygonInNetwork(polygon, placement)),
  };
}

/** Where the image of a sample lies in its batch when it is not part of a mosaic. */
export function placementOf(dataset: Dataset, key: SampleKey, options: SampleOptions): ImagePlacement {
  const [width, height] = dataset.size(key.index);
  return placeImage(height, width, options.imgsz, key.height, key.width, options.augment);
}

function viewOf({ image, labels }: Scene): SampleView {
  return { labels, render: () => image };
}

/** A mosaic of an image, with copy-paste, warped to S×S. */
async function mosaicOf(
  dataset: Dataset,
  index: number,
  pool: TilePool,
  options: SampleOptions,
  drawsFor: SampleDraws,
): Promise<SampleView> {
  const { hyp, imgsz, cache } = options;
  const random = drawsFor('mosaic tiles');
  const ofNine = hyp.mosaic9 > 0 && drawsFor('mosaic9').uniform(0, 1) < hyp.mosaic9;
  if (!ofNine && !(hyp.copy_paste > 0)) {
    const { center, order } = drawMosaic(index, pool, imgsz, random);
    const open = async (tile: number): Promise<OpenTile> => ({
      image:
        cache === undefined
          ? await openAtLongSide(dataset, tile, options)
          : decodedPicture(await loadAtLongSide(dataset, tile, options)),
      labels: dataset.labels(tile),
      polygons: dataset.polygons(tile),
    });
    const canvas = { width: 2 * imgsz, height: 2 * imgsz };
    const p = drawPerspective(drawsFor('perspective'), hyp, canvas, [-imgsz / 2, -imgsz / 2]);
    return mosaicView(await Promise.all(order.map(open)), center, imgsz, p);
  }
  const load = async (tile: number): Promise<MosaicTile> => ({
    image: await loadAtLongSide(dataset, tile, options),
    labels: dataset.labels(tile),
    polygons: dataset.polygons(tile),
  });
  let scene = ofNine
    ? await mosaic9Scene(index, pool, imgsz, random, load)
    : await mosaicScene(index, pool, imgsz, random, load);
  if (hyp.copy_paste > 0 && !ofNine) {
    scene = pasteMirrored(scene, drawObjects(scene.polygons, hyp.copy_paste, drawsFor('copy-paste')));
  }
  return viewOf(perspectiveScene(scene, hyp, drawsFor('perspective'), -imgsz / 2));
}

/** A mosaic, and with probability `mixup` another one, around any image, seen through it. */
async function mixedMosaic(
  dataset: Dataset,
  key: SampleKey,
  options: SampleOptions,
  drawsFor: SampleDraws,
): Promise<SampleView> {
  const pool = { numImages: dataset.numImages, images: key.pool };
  const view = await mosaicOf(dataset, key.index, pool, options, drawsFor);
  const { mixup } = options.hyp;
  if (!(mixup > 0)) return view;
  const random = drawsFor('mixup');
  if (!(random.uniform(0, 1) < mixup)) return view;
  const index = random.integer(0, dataset.numImages - 1);
  const second = await mosaicOf(dataset, index, pool, options, (purpose) => drawsFor(`mixup ${purpose}`));
  const ratio = random.beta(MIXUP_BETA_SHAPE, MIXUP_BETA_SHAPE);
  return {
    labels: joinLabels(view.labels, second.labels),
    render() {
      const a = view.render();
      const b = second.render();
      if (!('data' in a)) return a;
      if (!('data' in b)) return b;
      return mixImages(a, b, ratio);
    },
  };
}

/** The streams of a sample. The first turn of an image has no number, so that it is the same with and without turns. */
function sampleDraws(seed: number, { epoch, index, turn = 0 }: SampleKey): SampleDraws {
  return (purpose) =>
    turn === 0
      ? randomStream(seed, 'sample', epoch, index, purpose)
      : randomStream(seed, 'sample', epoch, index, purpose, turn);
}

/** What a sample is made of. Mosaics are made for square batches of side `imgsz` alone, as in the reference. */
async function openSample(
  dataset: Dataset,
  key: SampleKey,
  options: SampleOptions,
  drawsFor: SampleDraws,
): Promise<SampleView> {
  const { hyp, augment, imgsz, rect = false } = options;
  const square = key.height === imgsz && key.width === imgsz && !rect;
  const mosaic = augment && square && hyp.mosaic > 0 && drawsFor('mosaic').uniform(0, 1) < hyp.mosaic;
  if (mosaic) return mixedMosaic(dataset, key, options, drawsFor);
  const scene = await letterboxedScene(dataset, key, options);
  return viewOf(augment ? perspectiveScene(scene, hyp, drawsFor('perspective')) : scene);
}

/**
 * Makes one sample and hands its picture to `write`, which must be done with it when it returns. With augmentation its draws
 * depend on (seed, epoch, image, turn) only, never on who makes it or when.
 * @returns label rows (class, cx, cy, w, h), normalised to the picture
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function makeSample(
  dataset: Dataset,
  key: SampleKey,
  options: SampleOptions,
  write: (image: RgbImage) => void,
): Promise<Float32Array> {
  const { hyp, augment, seed } = options;
  const drawsFor = sampleDraws(seed, key);
  const view = await openSample(dataset, key, options, drawsFor);
  const labels = normaliseLabels(view.labels, key.width, key.height);
  const filters = augment ? drawFilters(hyp, drawsFor) : [];
  const finish = (image: RgbImage): void => {
    if (augment) applyPixelStages({ image, labels }, hyp, drawsFor);
    write(image);
  };
  for (;;) {
    // Nothing may wait while a picture lies on the thread's heap: what has to wait gets a copy, or is done first.
    const beganMs = threadTrace.begin();
    const left = pixelHeap().frame((): RgbImage | Picture | undefined => {
      const made = view.render();
      if (!('data' in made)) return made;
      if (filters.length > 0) return { ...made, data: made.data.slice() };
      finish(made);
      return undefined;
    });
    threadTrace.end('augment', beganMs, key.index);
    if (left === undefined) return labels;
    if ('data' in left) {
      finish(await applyFilters(left, filters));
      return labels;
    }
    await left.repair();
  }
}

/** As {@link makeSample}, with a picture in memory of its own. */
export async function loadSample(dataset: Dataset, key: SampleKey, options: SampleOptions): Promise<Sample> {
  let image: RgbImage | undefined;
  const labels = await makeSample(dataset, key, options, (made) => {
    image = { ...made, data: new Uint8Array(made.data) };
  });
  return { image: image!, labels };
}
