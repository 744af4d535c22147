/** Gives back the memory of received frames soon after they are done with. */
import { collectYoungGarbage } from '../garbage.js';

/**
 * After so many bytes. Frames are memory outside of the heap, counted twice: by ZeroMQ's binding and by V8. So 32 MiB of them reach the
 * 64 MiB at which V8 marks the whole heap, at ten times the cost of looking through the young objects.
 */
const COLLECT_EVERY_BYTES = 12 * 2 ** 20;

/** Counts received bytes, and has V8 look through its youngest objects only, where all frames are, before it looks through all. */
export class FrameMemory {
  #bytes = 0;

  /** Call it when a frame is done with. */
  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < COLLECT_EVERY_BYTES) return;
    this.#bytes = 0;
    collectYoungGarbage();
  }
}
