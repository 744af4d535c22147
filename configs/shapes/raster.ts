/** Painting a scene into pixels. */
import type { RandomStream } from '../../proto/random.js';
import type { Colour, Scene, Shape } from './scene.js';

/** Samples per pixel and axis: smooth edges, so that nothing can be learned from jagged ones. */
const SUBSAMPLES = 3;

function paintBackground(scene: Scene, pixels: Float32Array): void {
  const { imgsz, background } = scene;
  const [from, to] = background;
  const [dx, dy] = [Math.cos(scene.gradientAngle), Math.sin(scene.gradientAngle)];
  for (let y = 0; y < imgsz; y++) {
    for (let x = 0; x < imgsz; x++) {
      const along = ((x / imgsz - 0.5) * dx + (y / imgsz - 0.5) * dy) / Math.SQRT2 + 0.5;
      const at = (y * imgsz + x) * 3;
      for (let c = 0; c < 3; c++) pixels[at + c] = from[c]! + (to[c]! - from[c]!) * along;
    }
  }
}

function isInside(outline: Shape['outline'], x: number, y: number): boolean {
  if (outline.kind === 'circle') return (x - outline.x) ** 2 + (y - outline.y) ** 2 <= outline.radius ** 2;
  const { points } = outline;
  for (let i = 0; i < points.length; i += 2) {
    const next = (i + 2) % points.length;
    const edgeX = points[next]! - points[i]!;
    const edgeY = points[next + 1]! - points[i + 1]!;
    // Clockwise with y downwards: inside is to the right of every edge.
    if (edgeX * (y - points[i + 1]!) - edgeY * (x - points[i]!) < 0) return false;
  }
  return true;
}

/** The share of a pixel that a shape covers, 0 … 1. */
function coverage(outline: Shape['outline'], x: number, y: number): number {
  let hits = 0;
  for (let i = 0; i < SUBSAMPLES * SUBSAMPLES; i++) {
    const dx = ((i % SUBSAMPLES) + 0.5) / SUBSAMPLES;
    const dy = (Math.floor(i / SUBSAMPLES) + 0.5) / SUBSAMPLES;
    if (isInside(outline, x + dx, y + dy)) hits++;
  }
  return hits / (SUBSAMPLES * SUBSAMPLES);
}

function paintShape(shape: Shape, imgsz: number, pixels: Float32Array): void {
  const [x1, y1, x2, y2] = shape.box;
  const colour: Colour = shape.colour;
  for (let y = Math.max(Math.floor(y1), 0); y < Math.min(Math.ceil(y2), imgsz); y++) {
    for (let x = Math.max(Math.floor(x1), 0); x < Math.min(Math.ceil(x2), imgsz); x++) {
      const share = coverage(shape.outline, x, y);
      const at = (y * imgsz + x) * 3;
      for (let c = 0; c < 3; c++) pixels[at + c]! += (colour[c]! - pixels[at + c]!) * share;
    }
  }
}

/**
 * The scene as RGB bytes, `imgsz · imgsz · 3`.
 * @param random for the noise
 */
export function paintScene(scene: Scene, random: RandomStream): Uint8Array {
  const { imgsz, noise } = scene;
  const pixels = new Float32Array(imgsz * imgsz * 3);
  paintBackground(scene, pixels);
  for (const shape of scene.shapes) paintShape(shape, imgsz, pixels);
  const out = new Uint8ClampedArray(pixels.length);
  for (let i = 0; i < out.length; i += 3) {
    // The same grain in all channels, roughly normal: the sum of three uniform bytes of one word has variance 3·255²/12.
    const word = random.word();
    const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255);
    const grain = ((sum - 382.5) / 127.5) * noise;
    for (let c = 0; c < 3; c++) out[i + c] = pixels[i + c]! + grain;
  }
  return new Uint8Array(out.buffer);
}
