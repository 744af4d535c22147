import { openWasmEngine } from '../../worker/engine/wasm/index.js';
import { describeEngine } from './engine-suite.js';

describeEngine('wasm', () => openWasmEngine({ numThreads: 1, device: 'cpu' }));
