/** What TensorFlow's words about a failed run mean. */
import { EngineError } from '../../../proto/errors.js';

/** The first line of TensorFlow's message, without the binding's own words around it. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^(Session fail to run with error|Failed to load SavedModel): /, '').split('\n')[0]!;
}

const OUT_OF_MEMORY =
  /OOM when allocating|RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY|out of memory|CUDNN_STATUS_ALLOC_FAILED/i;
/** The device has stopped answering; nothing more can run in this process. */
const DEVICE_LOST = /CUDA_ERROR_(?!OUT_OF_MEMORY)[A-Z_]+|Unrecoverable CUDA|fallen off the bus|ECC error/i;

/** Returns the error of a program that did not run: ENGINE_OUT_OF_MEMORY, ENGINE_DEVICE_LOST, or ENGINE_RUN_FAILED. */
export function runError(program: string, error: unknown): EngineError {
  const reason = reasonOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const options = { details: { program }, cause: error };
  if (OUT_OF_MEMORY.test(text)) {
    return new EngineError('ENGINE_OUT_OF_MEMORY', `program ${program} does not fit into memory: ${reason}`, {
      hint: 'use a smaller --batch-size or --img, or more --virtual-ranks (smaller microbatches); launch doctor shows what else uses the GPU',
      ...options,
    });
  }
  if (DEVICE_LOST.test(text)) {
    return new EngineError('ENGINE_DEVICE_LOST', `program ${program}: the GPU failed: ${reason}`, {
      hint: 'look at nvidia-smi and the kernel log (dmesg, "Xid"), then continue with --resume',
      ...options,
    });
  }
  return new EngineError('ENGINE_RUN_FAILED', `program ${program}: ${reason}`, {
    hint: 'this is a fault in Lockstep: please report it with the model YAML',
    ...options,
  });
}
