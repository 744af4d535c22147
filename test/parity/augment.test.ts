import { describe, expect, it } from 'vitest';
import type { Hyp } from '../../configs/run-config.js';
import { applyPixelStages, type FinishedScene, perspectiveScene } from '../../worker/data/augment/augment.js';
import { composeMosaic, drawMosaic, type MosaicTile, placeTile } from '../../worker/data/augment/mosaic.js';
import { drawPerspective, transformBoxes } from '../../worker/data/augment/perspective.js';
import { letterboxImage } from '../../worker/data/geometry/letterbox-image.js';
import { labelsInNetwork, normaliseLabels, placeImage } from '../../worker/data/geometry/placement.js';
import { readFixture, type TensorEntry, tensor, tensor64 } from '../support/fixtures.js';
import { hypDefaults } from '../support/hyp.js';
import { imageDifference, maxDifference, RecordedDraws, rgbImage, rgbImageFromPlanes } from '../support/rgb.js';

interface PipelineCase {
  img_size: number;
  hyp: Partial<Hyp>;
  image: TensorEntry;
  labels_xywhn: TensorEntry;
  draws: { value: number | number[] }[];
  result_rgb_chw: TensorEntry;
  result_labels: TensorEntry;
}
interface FlipCase extends Omit<PipelineCase, 'hyp' | 'img_size'> {
  flipud: number;
  fliplr: number;
}
interface MosaicCase {
  img_size: number;
  images_hw: [number, number][];
  labels_xywhn: TensorEntry[];
  centre_xy: [number, number];
  order: number[];
  draws: { value: number | number[] }[];
  tiles: { image: number; canvas_xyxy: [number, number, number, number]; source_xy: [number, number] }[];
  canvas_labels_xyxy: TensorEntry;
  M: TensorEntry;
  candidates: { after: TensorEntry; kept: boolean[] };
  result_labels_xyxy: TensorEntry;
  result_hw: [number, number];
}

const images = readFixture<{ pipeline: PipelineCase[]; flips: FlipCase[] }>('augment_images');
const { mosaic: mosaics } = readFixture<{ mosaic: MosaicCase[] }>('augment');

/** A whole training sample without mosaic, from a decoded picture, on recorded draws. */
function runPipeline(c: Omit<PipelineCase, 'hyp'>, hyp: Hyp): FinishedScene {
  const source = rgbImage(c.image);
  const side = c.img_size;
  const draws = new RecordedDraws(c.draws);
  const placement = placeImage(source.height, source.width, side, side, side, true);
  const { image } = letterboxImage(source, side, side, { auto: false });
  const labels = labelsInNetwork(tensor(c.labels_xywhn).data, placement);
  const scene = perspectiveScene({ image, labels, polygons: [] }, hyp, draws);
  const sample = { image: scene.image, labels: normaliseLabels(scene.labels, side, side) };
  applyPixelStages(sample, hyp, () => draws);
  expect(draws.numUsed).toBe(c.draws.flatMap((draw) => draw.value).length);
  return sample;
}

/** Result rows are (0, class, cx, cy, w, h); ours begin with the class. */
function expectLabels(labels: Float32Array, entry: TensorEntry): void {
  const expected = tensor(entry).data.filter((_, i) => i % 6 !== 0);
  expect(maxDifference(labels, expected)).toBeLessThan(1e-5);
}

describe('a whole training sample against the reference', () => {
  it.each(images.pipeline.map((c, i) => [i, c] as const))('pipeline %i: pixels and labels', (_, c) => {
    const { image, labels } = runPipeline(c, { ...hypDefaults, ...c.hyp });
    const { max, mean } = imageDifference(image, rgbImageFromPlanes(c.result_rgb_chw));
    // The fixture allows 10 levels at a mean of 0.2. Ours is never off by more than one, which is where it was measured
    // that OpenCV's vector code cuts the fraction off when it returns from HSV, while its scalar code (hsv.test.ts, rows
    // of 8 pixels) rounds it as we do; that one level is the whole mean.
    expect(max).toBeLessThanOrEqual(1);
    expect(mean).toBeLessThanOrEqual(0.35);
    expectLabels(labels, c.result_labels);
  });

  it.each(images.flips.map((c) => [c.flipud, c.fliplr, c] as const))('flips %i, %i exactly', (flipud, fliplr, c) => {
    const still = { hsv_h: 0, hsv_s: 0, hsv_v: 0, degrees: 0, translate: 0, scale: 0, shear: 0, perspective: 0 };
    const { image, labels } = runPipeline(
      { ...c, img_size: c.image.shape[0]! },
      { ...hypDefaults, ...still, flipud, fliplr },
    );
    expect(imageDifference(image, rgbImageFromPlanes(c.result_rgb_chw)).max).toBe(0);
    expectLabels(labels, c.result_labels);
  });
});

/** Draws of no meaning for the choice of pictures. */
const ZEROS = Array.from({ length: 6 }, () => ({ value: 0 }));

describe('mosaic-4 against the reference', () => {
  it.each(mosaics.map((c, i) => [i, c] as const))('case %i: tiles, labels, matrix, kept boxes', (_, c) => {
    const center = { x: c.centre_xy[0], y: c.centre_xy[1] };
    const size = c.img_size;
    // The centre comes from the first two draws, y before x; which pictures, from draws that only Python can repeat.
    const drawn = drawMosaic(
      c.order[0]!,
      { numImages: c.images_hw.length },
      size,
      new RecordedDraws([...c.draws.slice(0, 2), ...ZEROS]),
    );
    expect(drawn.center).toEqual(center);
    const tiles = c.order.map((index): MosaicTile => {
      const [height, width] = c.images_hw[index]!;
      const image = { data: new Uint8Array(height * width * 3), height, width };
      return { image, labels: tensor(c.labels_xywhn[index]!).data, polygons: [] };
    });
    tiles.forEach((tile, position) => {
      const placed = placeTile(position, tile.image, center, 2 * size);
      const { x, y } = placed.canvas;
      const rectangle = [x, y, x + placed.size.width, y + placed.size.height];
      expect(rectangle).toEqual(c.tiles[position]!.canvas_xyxy);
      expect([placed.source.x, placed.source.y]).toEqual(c.tiles[position]!.source_xy);
    });
    const scene = composeMosaic(tiles, center, size);
    expect(maxDifference(scene.labels, tensor(c.canvas_labels_xyxy).data)).toBeLessThan(1e-3);

    // The last eight draws are those of the perspective; all these cases use the default ranges.
    const p = drawPerspective(new RecordedDraws(c.draws.slice(-8)), hypDefaults, scene.image, [-size / 2, -size / 2]);
    expect([p.outHeight, p.outWidth]).toEqual(c.result_hw);
    expect(maxDifference(p.matrix, tensor64(c.M).data)).toBeLessThan(1e-9);
    const { boxes, kept } = transformBoxes(p, scene.labels, scene.polygons);
    expect(maxDifference(boxes, tensor64(c.candidates.after).data)).toBeLessThan(1e-3);
    expect(kept).toEqual(c.candidates.kept);
    const { labels } = perspectiveScene(scene, hypDefaults, new RecordedDraws(c.draws.slice(-8)), -size / 2);
    expect(maxDifference(labels, tensor(c.result_labels_xyxy).data)).toBeLessThan(1e-3);
  });
});
