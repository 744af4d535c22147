/**
 * The image library sharp (libvips). It is loaded where it is first used: most JPEG files are read by kernels of our own, and
 * loading it takes a start 0.1 s of processor time in every thread.
 */
import type sharp from 'sharp';

let loading: Promise<typeof sharp> | undefined;

/** Returns sharp, set up for many pictures that are read once each. */
export function openSharp(): Promise<typeof sharp> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof sharp> {
  const { default: library } = await import('sharp');
  // One picture is one job: the loader's own threads are the parallelism.
  library.concurrency(1);
  // Every picture is read once an epoch; libvips would only hoard memory.
  library.cache(false);
  return library;
}
