/** The box similarities by name. A new one is one file and one line here. */
import type { BoxLossName } from '../../../configs/run-config.js';
import { ciou } from './ciou.js';
import type { BoxSimilarity } from './corners.js';
import { diou } from './diou.js';
import { giou } from './giou.js';
import { iou } from './iou.js';
import { sca } from './sca.js';

export const BOX_SIMILARITIES: Readonly<Record<BoxLossName, BoxSimilarity>> = { iou, giou, diou, ciou, sca };
