/** One image of the data set made ready for the network. */
import type { Hyp } from '../../configs/run-config.js';
import { randomStream } from '../../proto/random.js';
import { applyPixelStages, type DrawsFor, perspectiveScene, type Scene } from './augment.js';
import type { Dataset } from './dataset.js';
import { decodeImage } from './decode.js';
import type { RgbImage } from './image.js';
import { letterboxImage } from './letterbox-image.js';
import { type MosaicTile, mosaicScene } from './mosaic.js';
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
}

/** Which sample. */
export interface SampleKey {
  readonly index: number;
  /** Draws depend on it; of no meaning without augmentation. */
  readonly epoch: number;
  /** Shape of the batch, pixels. */
  readonly height: number;
  readonly width: number;
}

/** A sample: `height`×`width` pixels as asked for. */
export interface Sample {
  readonly image: RgbImage;
  /** Rows (class, cx, cy, w, h), normalised to `image`. */
  readonly labels: Float32Array;
}

/** The picture at its long side `imgsz`; the kernel is the reference's choice. */
async function loadAtLongSide(dataset: Dataset, index: number, options: SampleOptions): Promise<RgbImage> {
  const native = await decodeImage(dataset.imagePath(index), await imageInput(dataset.table, index));
  const { width, height } = longSideSize(native.height, native.width, options.imgsz);
  const shrinks = options.imgsz < Math.max(native.height, native.width);
  return shrinks && !options.augment ? resizeArea(native, width, height) : resizeBilinear(native, width, height);
}

async function letterboxedScene(dataset: Dataset, key: SampleKey, options: SampleOptions): Promise<Scene> {
  const loaded = await loadAtLongSide(dataset, key.index, options);
  const placement = placementOf(dataset, key, options);
  const { image } = letterboxImage(loaded, key.height, key.width, { auto: false, scaleUp: options.augment });
  return {
    image,
    labels: labelsInNetwork(dataset.labels(key.index), placement),
    polygons: dataset.polygons(key.index).map((polygon) => polygonInNetwork(polygon, placement)),
  };
}

/** Where the image of a sample lies in its batch when it is not part of a mosaic. */
export function placementOf(dataset: Dataset, key: SampleKey, options: SampleOptions): ImagePlacement {
  const [width, height] = dataset.size(key.index);
  return placeImage(height, width, options.imgsz, key.height, key.width, options.augment);
}

async function mosaicOf(dataset: Dataset, key: SampleKey, options: SampleOptions, drawsFor: DrawsFor): Promise<Scene> {
  const random = drawsFor('mosaic tiles');
  const load = async (index: number): Promise<MosaicTile> => ({
    image: await loadAtLongSide(dataset, index, options),
    labels: dataset.labels(index),
    polygons: dataset.polygons(index),
  });
  return mosaicScene(key.index, dataset.numImages, options.imgsz, random, load);
}

/**
 * Makes one sample. With augmentation its draws depend on (seed, epoch, image) only, never on who makes it or when.
 * Mosaics are made for square batches of side `imgsz` alone, as in the reference.
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function loadSample(dataset: Dataset, key: SampleKey, options: SampleOptions): Promise<Sample> {
  const { hyp, augment, seed, imgsz } = options;
  const drawsFor: DrawsFor = (purpose) => randomStream(seed, 'sample', key.epoch, key.index, purpose);
  const square = key.height === imgsz && key.width === imgsz;
  const mosaic = augment && square && hyp.mosaic > 0 && drawsFor('mosaic').uniform(0, 1) < hyp.mosaic;
  let scene = mosaic ? await mosaicOf(dataset, key, options, drawsFor) : await letterboxedScene(dataset, key, options);
  if (augment) scene = perspectiveScene(scene, hyp, drawsFor('perspective'), mosaic ? -imgsz / 2 : 0);
  const sample = { image: scene.image, labels: normaliseLabels(scene.labels, key.width, key.height) };
  if (augment) applyPixelStages(sample, hyp, drawsFor);
  return sample;
}
