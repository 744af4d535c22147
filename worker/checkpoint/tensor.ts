/** Tensors as files hold them: a dtype, a shape, and little-endian values. */

/** Bytes per value of each dtype that we read; we write F32 and I64. */
export const DTYPE_BYTES = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I16: 2, U8: 1, I8: 1, BOOL: 1 } as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** Values of a tensor; F16 and BF16 are kept as their 16 bits, BOOL as bytes. */
export type TensorArray =
  | Float64Array
  | BigInt64Array
  | Float32Array
  | Int32Array
  | Uint16Array
  | Int16Array
  | Uint8Array
  | Int8Array;

export interface Tensor {
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** Flat, row-major; its element size is the dtype's. */
  readonly data: TensorArray;
}

/** Tensors by name. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** Returns the number of values of a shape. */
export function numElements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Returns the bytes of the values, as a view. */
export function tensorBytes({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Returns a float32 tensor over `data`, without a copy. */
export function float32Tensor(shape: readonly number[], data: Float32Array): Tensor {
  return { dtype: 'F32', shape, data };
}

/** Returns room for the values of a tensor: `bytes` fills it, `data` shows it. */
export function allocateTensorData(dtype: Dtype, length: number): { bytes: Uint8Array; data: TensorArray } {
  const bytes = new Uint8Array(length * DTYPE_BYTES[dtype]);
  const { buffer } = bytes;
  switch (dtype) {
    case 'F64':
      return { bytes, data: new Float64Array(buffer) };
    case 'I64':
      return { bytes, data: new BigInt64Array(buffer) };
    case 'F32':
      return { bytes, data: new Float32Array(buffer) };
    case 'I32':
      return { bytes, data: new Int32Array(buffer) };
    case 'F16':
    case 'BF16':
      return { bytes, data: new Uint16Array(buffer) };
    case 'I16':
      return { bytes, data: new Int16Array(buffer) };
    case 'I8':
      return { bytes, data: new Int8Array(buffer) };
    case 'U8':
    case 'BOOL':
      return { bytes, data: bytes };
  }
}

/** Returns the values as float32: a float32 tensor's own array, a converted copy of any other. */
export function toFloat32(tensor: Tensor): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  if (tensor.dtype === 'F16') return Float32Array.from(data, halfToNumber);
  if (tensor.dtype === 'BF16') {
    const words = Uint32Array.from(data, (bits) => bits << 16);
    return new Float32Array(words.buffer);
  }
  return Float32Array.from(data);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
