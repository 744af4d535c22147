/** Pictures of which parts are made when they are asked for, in the caller's own rectangle of the thread's heap. */

import { threadTrace } from '../../trace/thread-trace.js';
import type { Rectangle, RgbImage } from './image.js';
import { decodeJpeg } from './jpeg.js';
import type { JpegHeader } from './jpeg-header.js';
import { type PixelTarget, pixelHeap } from './pixel-heap.js';
import { type Reduction, reducedSize, type Size } from './reduction.js';
import { resizeArea, resizeOnHeap, resizeSource } from './resize.js';

export interface Picture {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Writes the part's RGB rows. Returns false, with the target in any state, if the data is damaged: call {@link repair}, then
   * it is drawn as far as it can be read.
   * @param part lies inside the picture
   */
  draw(part: Rectangle, target: PixelTarget): boolean;
  /** @throws DataError `DATA_IMAGE_UNREADABLE` */
  repair(): Promise<void>;
}

/** A picture that is decoded already. */
export function decodedPicture({ data, width, height }: RgbImage): Picture {
  return {
    width,
    height,
    draw(part, { address, stride }) {
      const length = part.width * 3;
      const rows = pixelHeap().bytes(address, part.height === 0 ? 0 : (part.height - 1) * stride + length);
      for (let row = 0; row < part.height; row++) {
        const at = ((part.y + row) * width + part.x) * 3;
        rows.set(data.subarray(at, at + length), row * stride);
      }
      return true;
    },
    async repair() {},
  };
}

/**
 * A JPEG file of the kind that {@link decodeJpeg} reads, at a fraction of its size.
 * @param decode another way to decode it whole, for data that is damaged
 */
export function jpegPicture(
  bytes: Uint8Array,
  header: JpegHeader,
  decode: () => Promise<RgbImage>,
  reduction: Reduction = 1,
): Picture {
  const { width, height } = reducedSize(header, reduction);
  let repaired: Picture | undefined;
  return {
    width,
    height,
    draw(part, target) {
      if (repaired !== undefined) return repaired.draw(part, target);
      const beganMs = threadTrace.begin();
      const isSound = decodeJpeg(bytes, header, part, target, reduction);
      threadTrace.end('decode', beganMs, part.width, part.height);
      return isSound;
    },
    async repair() {
      repaired = decodedPicture(resizeArea(await decode(), width, height));
    },
  };
}

/**
 * The picture in another size, bilinearly.
 * @param extent what the whole picture measures in pixels of `source`. @defaultValue its size
 */
export function resizedPicture(source: Picture, width: number, height: number, extent: Size = source): Picture {
  if (source.width === width && source.height === height) return source;
  return {
    width,
    height,
    draw(part, target) {
      if (part.width === 0 || part.height === 0) return true;
      const heap = pixelHeap();
      return heap.frame(() => {
        const needed = resizeSource(extent, { width, height }, part);
        const stride = needed.width * 3;
        const pixels = { address: heap.allocate(stride * needed.height), stride };
        if (!source.draw(needed, pixels)) return false;
        resizeOnHeap(pixels, extent, { width, height }, part, target);
        return true;
      });
    },
    repair: () => source.repair(),
  };
}

/** All pixels of a picture, in memory of their own. */
export async function wholePicture(picture: Picture): Promise<RgbImage> {
  const { width, height } = picture;
  for (;;) {
    const heap = pixelHeap();
    const data = heap.frame(() => {
      const address = heap.allocate(width * height * 3);
      const isDrawn = picture.draw({ x: 0, y: 0, width, height }, { address, stride: width * 3 });
      return isDrawn ? new Uint8Array(heap.bytes(address, width * height * 3)) : undefined;
    });
    if (data !== undefined) return { data, width, height };
    await picture.repair();
  }
}
