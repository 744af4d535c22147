import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../../proto/rounding.js';
import {
  boxAroundInsidePoints,
  clipXyxyInPlace,
  polygonToXywh,
  toNativeBoxes,
  xywhnToXyxy,
  xywhToXyxy,
  xyxyToXywh,
  xyxyToXywhn,
} from '../../worker/data/geometry/boxes.js';
import { checkImageSize, letterboxGeometry } from '../../worker/data/geometry/letterbox.js';
import { labelsInNetwork, normaliseLabels, placeImage } from '../../worker/data/geometry/placement.js';
import { valPlan } from '../../worker/data/plans/val-plan.js';
import { readFixture, type TensorEntry, tensor, tensor64 } from '../support/fixtures.js';
import { maxDifference } from '../support/rgb.js';

interface Fixture {
  letterbox: {
    hw: [number, number];
    options: {
      new_shape: number | [number, number];
      auto?: boolean;
      scaleFill?: boolean;
      scaleup?: boolean;
      stride?: number;
    };
    out_hw: [number, number];
    ratio_wh: [number, number];
    pad_wh: [number, number];
    image_top_left_height_width: [number, number, number, number];
  }[];
  scale_coords: {
    network_hw: [number, number];
    original_hw: [number, number];
    ratio_pad: { gain_hw: [number, number]; pad_wh: [number, number] } | null;
    boxes: TensorEntry;
    result: TensorEntry;
    rounded: TensorEntry;
  }[];
  conversions: {
    function: string;
    in: TensorEntry;
    out: TensorEntry;
    input_after?: TensorEntry;
    w: number;
    h: number;
    padw: number;
    padh: number;
    clip: boolean;
    eps: number;
  }[];
  segment_to_box: { segment: TensorEntry; width: number; height: number; box: TensorEntry }[];
  segments_to_xywh: { segments: TensorEntry[]; boxes: TensorEntry };
  check_img_size: { size: number; stride: number; floor: number; result: number }[];
  rect_batches: {
    img_size: number;
    batch_size: number;
    stride: number;
    pad: number;
    images_wh: [number, number][];
    batch_hw: [number, number][];
    batch_of_item: number[];
    items: {
      image: number;
      network_hw: [number, number];
      original_hw: [number, number];
      gain_hw: [number, number];
      pad_wh: [number, number];
      labels: TensorEntry;
    }[];
  }[];
}

const fixture = readFixture<Fixture>('letterbox');

describe('letterbox geometry against the reference', () => {
  it(`agrees on all ${fixture.letterbox.length} placements exactly`, () => {
    for (const c of fixture.letterbox) {
      const { new_shape: shape, auto, scaleFill, scaleup, stride } = c.options;
      const [targetHeight, targetWidth] = typeof shape === 'number' ? [shape, shape] : shape;
      const g = letterboxGeometry(c.hw[0], c.hw[1], targetHeight, targetWidth, {
        auto: auto ?? true,
        scaleFill: scaleFill ?? false,
        scaleUp: scaleup ?? true,
        stride: stride ?? 32,
      });
      const where = JSON.stringify(c);
      expect([g.outHeight, g.outWidth], where).toEqual(c.out_hw);
      expect([g.padW, g.padH], where).toEqual(c.pad_wh);
      expect([g.top, g.left, g.height, g.width], where).toEqual(c.image_top_left_height_width);
      expect(maxDifference([g.ratioW, g.ratioH], c.ratio_wh), where).toBeLessThan(1e-9);
    }
  });

  it('maps network boxes back into the native picture', () => {
    for (const c of fixture.scale_coords) {
      const placement = c.ratio_pad === null ? undefined : { gain: c.ratio_pad.gain_hw, pad: c.ratio_pad.pad_wh };
      const native = toNativeBoxes(
        tensor(c.boxes).data,
        { height: c.network_hw[0], width: c.network_hw[1] },
        { height: c.original_hw[0], width: c.original_hw[1] },
        placement,
      );
      expect(maxDifference(native, tensor(c.result).data)).toBeLessThan(1e-3);
      expect(maxDifference(native.map(roundHalfEven), tensor(c.rounded).data)).toBe(0);
    }
  });

  it('rounds sizes up to the stride', () => {
    for (const c of fixture.check_img_size) expect(checkImageSize(c.size, c.stride, c.floor)).toBe(c.result);
    // The same rule rounds channels up to multiples of eight.
    const { make_divisible } = readFixture<{ make_divisible: { x: number; divisor: number; result: number }[] }>(
      'misc',
    );
    for (const c of make_divisible) expect(checkImageSize(c.x, c.divisor)).toBe(c.result);
  });
});

describe('box conversions against the reference', () => {
  it.each(fixture.conversions.map((c, i) => [i, c.function, c] as const))('conversion %i, %s', (_, name, c) => {
    const input = tensor(c.in).data;
    const run = (): Float32Array | undefined => {
      if (name === 'xyxy_to_xywh') return xyxyToXywh(input);
      if (name === 'xywh_to_xyxy') return xywhToXyxy(input);
      if (name === 'xywhn_to_xyxy') return xywhnToXyxy(input, c.w, c.h, c.padw, c.padh);
      if (name === 'clip_xyxy') return clipXyxyInPlace(input, c.w, c.h);
      if (name === 'xyxy_to_xywhn') {
        return xyxyToXywhn(c.clip ? clipXyxyInPlace(input, c.w - c.eps, c.h - c.eps) : input, c.w, c.h);
      }
      // A polygon is mapped point by point; we do so in placement.ts with the formula of a box of no size.
      if (name === 'segment_n_to_px') return input.map((v, i) => (i % 2 === 0 ? v * c.w + c.padw : v * c.h + c.padh));
      return undefined;
    };
    const result = run();
    expect(result).toBeDefined();
    // 1e-3 px or 1e-6 normalised, as the fixture allows.
    expect(maxDifference(result!, tensor(c.out).data)).toBeLessThan(name === 'xyxy_to_xywhn' ? 1e-6 : 1e-3);
    // The reference clips the boxes that it was given, and so do we; every other conversion leaves them alone.
    if (c.input_after !== undefined) expect(maxDifference(input, tensor(c.input_after).data)).toBeLessThan(1e-3);
  });

  it('surrounds polygons', () => {
    for (const c of fixture.segment_to_box) {
      const box = boxAroundInsidePoints(tensor64(c.segment).data, c.width, c.height);
      expect(maxDifference(box, tensor64(c.box).data)).toBeLessThan(1e-9);
    }
    const boxes = fixture.segments_to_xywh.segments.flatMap((s) => polygonToXywh(tensor64(s).data));
    expect(maxDifference(boxes, tensor64(fixture.segments_to_xywh.boxes).data)).toBeLessThan(1e-9);
  });
});

/** Rows (class, cx, cy, w, h), normalised to the batch's picture, as rows normalised to the native one. */
function nativeLabels(labels: Float32Array, item: Fixture['rect_batches'][number]['items'][number]): Float32Array {
  const [networkHeight, networkWidth] = item.network_hw;
  const width = item.original_hw[1] * item.gain_hw[1];
  const height = item.original_hw[0] * item.gain_hw[0];
  const [padW, padH] = item.pad_wh;
  return labels.map((value, i) => {
    if (i % 5 === 1) return (value * networkWidth - padW) / width;
    if (i % 5 === 2) return (value * networkHeight - padH) / height;
    if (i % 5 === 3) return (value * networkWidth) / width;
    return i % 5 === 4 ? (value * networkHeight) / height : value;
  });
}

describe('rectangular batches against the reference', () => {
  it.each(fixture.rect_batches.map((c) => [c.img_size, c.stride, c.pad, c] as const))(
    'size %i, stride %i, pad %d: the same order, shapes, placements and labels',
    (_size, _stride, _pad, c) => {
      const plan = valPlan(c.images_wh, c.batch_size, c.img_size, { stride: c.stride, pad: c.pad });
      expect(plan.map((batch) => [batch.height, batch.width])).toEqual(c.batch_hw);
      expect(plan.flatMap((batch) => Array.from(batch.indices))).toEqual(c.items.map((item) => item.image));
      expect(plan.flatMap((batch, k) => Array.from(batch.indices, () => k))).toEqual(c.batch_of_item);
      c.items.forEach((item, i) => {
        const batch = plan[c.batch_of_item[i]!]!;
        const [height, width] = item.original_hw;
        const placed = placeImage(height, width, c.img_size, batch.height, batch.width, false);
        expect(placed.gain).toEqual(item.gain_hw);
        expect(placed.pad).toEqual(item.pad_wh);
        // The file holds the labels in the batch only; the recorded placement says where they were in the picture.
        const expected = tensor(item.labels).data;
        const native = nativeLabels(expected, item);
        const network = normaliseLabels(labelsInNetwork(native, placed), batch.width, batch.height);
        expect(maxDifference(network, expected)).toBeLessThan(1e-6);
        expect(item.network_hw).toEqual([batch.height, batch.width]);
      });
    },
  );
});
