/** One image of the data set made ready for the network. */
import type { Hyp } from '../../configs/run-config.js';
import { type RandomStream, randomStream } from '../../proto/random.js';
import { applyPixelStages, perspectiveScene, type Scene } from './augment.js';
import { drawObjects, pasteMirrored } from './copy-paste.js';
import type { Dataset } from './dataset.js';
import { decodeImage } from './decode.js';
import { applyFilters } from './filter-stages.js';
import type { RgbImage } from './image.js';
import { letterboxImage } from './letterbox-image.js';
import { MIXUP_BETA_SHAPE, mixScenes } from './mixup.js';
import { type MosaicTile, mosaicScene, type TilePool } from './mosaic.js';
import { mosaic9Scene } from './mosaic9.js';
import { type PixelCacheTable, throughCache } from './pixel-cache.js';
import {
  type ImagePlacement,
  labelsInNetwork,
  longSideSize,
  normaliseLabels,
  placeImage,
  polygonInNetwork,
} from './placement.js';
import { resizeArea, resizeBilinear } from './resize.js';
import { imageInput } from './shards/locations.js';

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

/** The picture at its long side `imgsz`; the kernel is the reference's choice. Perhaps a view that is not ours to write. */
async function loadAtLongSide(dataset: Dataset, index: number, options: SampleOptions): Promise<RgbImage> {
  const { imgsz, augment, cache } = options;
  const kernel = augment ? 'bilinear' : 'area';
  return throughCache(cache, dataset, { index, imgsz, kernel }, async () => {
    const native = await decodeImage(dataset.imagePath(index), await imageInput(dataset.table, index));
    const { width, height } = longSideSize(native.height, native.width, imgsz);
    const shrinks = imgsz < Math.max(native.height, native.width);
    return shrinks && !augment ? resizeArea(native, width, height) : resizeBilinear(native, width, height);
  });
}

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

/** A mosaic of an image, with copy-paste, warped to S×S. */
async function mosaicOf(
  dataset: Dataset,
  index: number,
  pool: TilePool,
  options: SampleOptions,
  drawsFor: SampleDraws,
): Promise<Scene> {
  const { hyp, imgsz } = options;
  const load = async (tile: number): Promise<MosaicTile> => ({
    image: await loadAtLongSide(dataset, tile, options),
    labels: dataset.labels(tile),
    polygons: dataset.polygons(tile),
  });
  const random = drawsFor('mosaic tiles');
  const ofNine = hyp.mosaic9 > 0 && drawsFor('mosaic9').uniform(0, 1) < hyp.mosaic9;
  let scene = ofNine
    ? await mosaic9Scene(index, pool, imgsz, random, load)
    : await mosaicScene(index, pool, imgsz, random, load);
  if (hyp.copy_paste > 0 && !ofNine) {
    scene = pasteMirrored(scene, drawObjects(scene.polygons, hyp.copy_paste, drawsFor('copy-paste')));
  }
  return perspectiveScene(scene, hyp, drawsFor('perspective'), -imgsz / 2);
}

/** A mosaic, and with probability `mixup` another one, around any image, seen through it. */
async function mixedMosaic(
  dataset: Dataset,
  key: SampleKey,
  options: SampleOptions,
  drawsFor: SampleDraws,
): Promise<Scene> {
  const pool = { numImages: dataset.numImages, images: key.pool };
  const scene = await mosaicOf(dataset, key.index, pool, options, drawsFor);
  const { mixup } = options.hyp;
  if (!(mixup > 0)) return scene;
  const random = drawsFor('mixup');
  if (!(random.uniform(0, 1) < mixup)) return scene;
  const index = random.integer(0, dataset.numImages - 1);
  const second = await mosaicOf(dataset, index, pool, options, (purpose) => drawsFor(`mixup ${purpose}`));
  return mixScenes(scene, second, random.beta(MIXUP_BETA_SHAPE, MIXUP_BETA_SHAPE));
}

/** The streams of a sample. The first turn of an image has no number, so that it is the same with and without turns. */
function sampleDraws(seed: number, { epoch, index, turn = 0 }: SampleKey): SampleDraws {
  return (purpose) =>
    turn === 0
      ? randomStream(seed, 'sample', epoch, index, purpose)
      : randomStream(seed, 'sample', epoch, index, purpose, turn);
}

/**
 * Makes one sample. With augmentation its draws depend on (seed, epoch, image, turn) only, never on who makes it or
 * when. Mosaics are made for square batches of side `imgsz` alone, as in the reference.
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function loadSample(dataset: Dataset, key: SampleKey, options: SampleOptions): Promise<Sample> {
  const { hyp, augment, seed, imgsz, rect = false } = options;
  const drawsFor = sampleDraws(seed, key);
  const square = key.height === imgsz && key.width === imgsz && !rect;
  const mosaic = augment && square && hyp.mosaic > 0 && drawsFor('mosaic').uniform(0, 1) < hyp.mosaic;
  let scene = mosaic
    ? await mixedMosaic(dataset, key, options, drawsFor)
    : await letterboxedScene(dataset, key, options);
  if (augment && !mosaic) scene = perspectiveScene(scene, hyp, drawsFor('perspective'));
  const labels = normaliseLabels(scene.labels, key.width, key.height);
  if (!augment) return { image: scene.image, labels };
  const sample = { image: await applyFilters(scene.image, hyp, drawsFor), labels };
  applyPixelStages(sample, hyp, drawsFor);
  return sample;
}
