/**
 * The TensorFlow engine against the suite that every engine passes, on the CPU; with LOCKSTEP_TEST_DEVICE=0 on the first visible GPU,
 * and there without TF32 (NVIDIA_TF32_OVERRIDE=0), whose products have 11 bits where the suite asks for 16.
 */
import { it } from 'vitest';
import { openTensorflowEngine } from '../../worker/engine/tensorflow/index.js';
import { describeEngine } from './engine-suite.js';

const { LOCKSTEP_TF_LIB_DIR: libraryDir, LOCKSTEP_TEST_DEVICE = 'cpu' } = process.env;
const device = LOCKSTEP_TEST_DEVICE === 'cpu' ? 'cpu' : Number(LOCKSTEP_TEST_DEVICE);
if (device !== 'cpu') process.env.NVIDIA_TF32_OVERRIDE = '0';

if (libraryDir === undefined) {
  it.skip('engine tensorflow: skipped, for LOCKSTEP_TF_LIB_DIR does not say where the native addon is', () => {});
} else {
  describeEngine('tensorflow', () => openTensorflowEngine({ numThreads: 1, device, libraryDir }));
}
