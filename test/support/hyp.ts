import type { Hyp } from '../../configs/run-config.js';
import { DEFAULT_HYP } from '../../configs/schema/hyp.js';

/** The reference's default hyperparameters (hyp.scratch); without the filters, as the fixtures were made. */
export const hypDefaults: Hyp = { ...DEFAULT_HYP, blur: 0, median_blur: 0, gray: 0, clahe: 0 };
