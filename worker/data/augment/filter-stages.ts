/**
 * The filters that the reference takes from Albumentations, with its probabilities as hyperparameters of their own:
 * they come before colour jitter and flips, and leave boxes alone.
 */
import type { Hyp } from '../../../configs/run-config.js';
import type { RandomStream } from '../../../proto/random.js';
import type { RgbImage } from '../images/image.js';
import { openSharp } from '../images/libvips.js';
import { clahePlaneInPlace } from './clahe.js';
import { boxBlur, brightnessContrastTable, gammaTable, greyInPlace, mapBytesInPlace, medianBlur } from './filters.js';
import { changeLightness } from './lab.js';

/** One filter: happens with the probability that its hyperparameter says. */
interface FilterStage {
  readonly name: keyof Hyp;
  apply(image: RgbImage, random: RandomStream): RgbImage | Promise<RgbImage>;
}

/** Sides of the blurs' squares, pixels. */
const BLUR_SIZES = [3, 5, 7] as const;
/** Largest change of brightness (share of the range) and of contrast. */
const TONE_LIMIT = 0.2;
const GAMMA_LIMITS = [0.8, 1.2] as const;
const CLAHE_LIMITS = [1, 4] as const;
const JPEG_QUALITIES = [75, 100] as const;

async function throughJpeg({ data, width, height }: RgbImage, quality: number): Promise<RgbImage> {
  const sharp = await openSharp();
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return { data: await sharp(jpeg).raw().toBuffer(), width, height };
}

/** In the order in which they happen. */
export const FILTER_STAGES: readonly FilterStage[] = [
  { name: 'blur', apply: (image, random) => boxBlur(image, random.choice(BLUR_SIZES)) },
  { name: 'median_blur', apply: (image, random) => medianBlur(image, random.choice(BLUR_SIZES)) },
  {
    name: 'gray',
    apply(image) {
      greyInPlace(image);
      return image;
    },
  },
  {
    name: 'clahe',
    apply(image, random) {
      const limit = random.uniform(...CLAHE_LIMITS);
      changeLightness(image, (plane) => clahePlaneInPlace(plane, limit));
      return image;
    },
  },
  {
    name: 'brightness_contrast',
    apply(image, random) {
      const contrast = 1 + random.uniform(-TONE_LIMIT, TONE_LIMIT);
      mapBytesInPlace(image, brightnessContrastTable(contrast, random.uniform(-TONE_LIMIT, TONE_LIMIT)));
      return image;
    },
  },
  {
    name: 'gamma',
    apply(image, random) {
      mapBytesInPlace(image, gammaTable(random.uniform(...GAMMA_LIMITS)));
      return image;
    },
  },
  { name: 'compression', apply: (image, random) => throughJpeg(image, random.integer(...JPEG_QUALITIES)) },
];

/** A filter that a sample gets, and its draws. */
export interface DrawnFilter {
  readonly stage: FilterStage;
  readonly random: RandomStream;
}

/** The filters that a sample gets: each is drawn from a stream of its own. Mostly none. */
export function drawFilters(hyp: Hyp, drawsFor: (purpose: string) => RandomStream): DrawnFilter[] {
  return FILTER_STAGES.flatMap((stage) => {
    const probability = hyp[stage.name] ?? 0;
    if (probability === 0) return [];
    const random = drawsFor(stage.name);
    return random.uniform(0, 1) < probability ? [{ stage, random }] : [];
  });
}

/** Runs the filters. The picture may be changed in place; the one returned counts. */
export async function applyFilters(image: RgbImage, filters: readonly DrawnFilter[]): Promise<RgbImage> {
  let current = image;
  for (const { stage, random } of filters) current = await stage.apply(current, random);
  return current;
}
