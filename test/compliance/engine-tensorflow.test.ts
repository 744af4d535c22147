/** The TensorFlow engine against the suite that every engine passes. */
import { it } from 'vitest';
import { openTensorflowEngine } from '../../worker/engine/tensorflow/index.js';
import { describeEngine } from './engine-suite.js';

const libraryDir = process.env.LOCKSTEP_TF_LIB_DIR;

if (libraryDir === undefined) {
  it.skip('engine tensorflow: skipped, for LOCKSTEP_TF_LIB_DIR does not say where the native addon is', () => {});
} else {
  describeEngine('tensorflow', () => openTensorflowEngine({ numThreads: 1, device: 'cpu', libraryDir }));
}
