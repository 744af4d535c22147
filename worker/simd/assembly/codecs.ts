// Gradient compression. Pointers are byte offsets on the heap, of float32 data multiples of 4; counts are elements.

export { addBfloat16, decodeBfloat16 } from './codec/bfloat16';
export { addFloat16, decodeFloat16 } from './codec/float16';
export { encodeBfloat16, encodeFloat16, reduceBfloat16, reduceFloat16 } from './codec/halves';
export { addInt8, decodeInt8, encodeInt8, reduceInt8 } from './codec/int8';
export { multiply, projectColumns, projectRows, subtractFinite } from './codec/low-rank';
export { sumSquares } from './codec/measure';
export { fillNoise } from './codec/noise';
export { addTopK, encodeTopK } from './codec/top-k';
export { checksum } from './parts/lanes';
