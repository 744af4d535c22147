// Huffman codes and the coefficients of a block. A table takes TABLE_BYTES: what the next LOOKUP_BITS bits mean, the same for
// skipping, and the canonical code for what is longer.
import { signedBits, WINDOW_BITS, windowAt } from './bits';

const LOOKUP_BITS: i32 = 11;
const LOOKUP_SIZE: i32 = 1 << LOOKUP_BITS;
const SKIP_OFFSET: usize = <usize>LOOKUP_SIZE << 2;
/** For each code length: the first 16-bit window beyond its codes, and its first symbol's number minus its first code. */
const LIMIT_OFFSET: usize = SKIP_OFFSET << 1;
const DELTA_OFFSET: usize = LIMIT_OFFSET + 17 * 4;
const SYMBOL_OFFSET: usize = DELTA_OFFSET + 17 * 4;
/** Bytes of a table. */
export const TABLE_BYTES: usize = SYMBOL_OFFSET + 256;

/** What an end-of-block symbol moves on by, so that it is told from a block whose last coefficient is coded. */
const END_OF_BLOCK: i32 = 128;
const BLOCK_LENGTH: i32 = 64;

/** What a lookup says: length in bits (0: not known), coefficients to move on by, and the value of the last of them. */
@inline
function entryOf(bits: i32, advance: i32, value: i32): i32 {
  return bits | (advance << 8) | (value << 16);
}

/** Coefficients that an AC symbol moves on by: a run of zeros and one more, or to the end. Only a run of 16 may lack a value. */
@inline
function advanceOf(symbol: i32): i32 {
  return (symbol & 15) == 0 && symbol != 0xf0 ? END_OF_BLOCK : (symbol >> 4) + 1;
}

/**
 * Builds a table. Returns false if the lengths are no prefix code, or a DC symbol is no size.
 * @param definition 16 counts of codes by length, then the symbols
 */
export function buildTable(table: usize, definition: usize, isAc: bool): bool {
  memory.fill(table, 0, LIMIT_OFFSET);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = <i32>load<u8>(definition + length - 1);
    store<i32>(table + DELTA_OFFSET + (<usize>length << 2), index - code);
    for (let i = 0; i < count; i++, code++, index++) {
      const symbol = <i32>load<u8>(definition + 16 + index);
      if (!isAc && symbol > 15) return false;
      store<u8>(table + SYMBOL_OFFSET + index, <u8>symbol);
      if (length > LOOKUP_BITS) continue;
      fillLookup(table, code << (LOOKUP_BITS - length), length, symbol, isAc);
    }
    if (code > 1 << length) return false;
    store<i32>(table + LIMIT_OFFSET + (<usize>length << 2), code << (16 - length));
    code <<= 1;
  }
  if (isAc) fillSkips(table);
  return true;
}

/** The windows that begin with a code of `length` bits, `first` being the lowest. */
function fillLookup(table: usize, first: i32, length: i32, symbol: i32, isAc: bool): void {
  const size = symbol & 15;
  const rest = LOOKUP_BITS - length;
  for (let bits = 0; bits < 1 << rest; bits++) {
    let entry: i32;
    if (size > rest) {
      // The value does not fit: the length of the code and its symbol, marked by a length of 0.
      entry = entryOf(0, length, symbol);
    } else {
      const window = (<u64>bits) << (64 - rest);
      const value = size == 0 ? 0 : signedBits(window, 0, size);
      entry = entryOf(length + size, isAc ? advanceOf(symbol) : 1, value);
    }
    const at = first + bits;
    if (at < LOOKUP_SIZE) store<i32>(table + (<usize>at << 2), entry);
  }
}

/** How far all symbols that a window holds whole move on together. */
function fillSkips(table: usize): void {
  for (let window = 0; window < LOOKUP_SIZE; window++) {
    let bits = 0;
    let advance = 0;
    while (bits < LOOKUP_BITS && advance < END_OF_BLOCK) {
      const entry = load<i32>(table + (<usize>((window << bits) & (LOOKUP_SIZE - 1)) << 2));
      const length = entry & 255;
      if (length == 0 || length > LOOKUP_BITS - bits) break;
      const step = (entry >> 8) & 255;
      if (step < END_OF_BLOCK && advance + step >= BLOCK_LENGTH) break;
      bits += length;
      advance += step;
    }
    store<i32>(table + SKIP_OFFSET + (<usize>window << 2), entryOf(bits, advance, 0));
  }
}

/** The symbol at the start of the window and the length of its code, as a lookup that does not hold the value; 0 for no code. */
function longCode(table: usize, window: u64): i32 {
  const bits = <i32>(window >> 48);
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    if (bits < load<i32>(table + LIMIT_OFFSET + (<usize>length << 2))) {
      const index = (bits >> (16 - length)) + load<i32>(table + DELTA_OFFSET + (<usize>length << 2));
      return entryOf(0, length, <i32>load<u8>(table + SYMBOL_OFFSET + (index & 255)));
    }
  }
  return 0;
}

/** Reads a DC difference and adds it to the i32 at `predictor`. Returns the position behind it, −1 for no code. */
export function readDc(top: usize, position: i32, table: usize, predictor: usize): i32 {
  const window = windowAt(top, position);
  let entry = load<i32>(table + (<usize>(window >> (64 - LOOKUP_BITS)) << 2));
  const bits = entry & 255;
  if (bits != 0) {
    store<i32>(predictor, load<i32>(predictor) + (entry >> 16));
    return position + bits;
  }
  if (entry == 0) entry = longCode(table, window);
  if (entry == 0) return -1;
  const length = (entry >> 8) & 255;
  const size = (entry >> 16) & 15;
  if (size != 0) store<i32>(predictor, load<i32>(predictor) + signedBits(window, length, size));
  return position + length + size;
}

/**
 * Reads the AC coefficients of a block of zeros. Returns the position behind them, −1 for bits that mean nothing.
 * @param zigzag byte offsets in the block by position in the stream, [128]
 */
export function readAc(top: usize, position: i32, table: usize, zigzag: usize, block: usize): i32 {
  let k = 1;
  while (true) {
    let window = windowAt(top, position);
    let left = WINDOW_BITS;
    let entry: i32;
    do {
      entry = load<i32>(table + (<usize>(window >> (64 - LOOKUP_BITS)) << 2));
      const bits = entry & 255;
      if (bits == 0) break;
      position += bits;
      window <<= bits;
      left -= bits;
      k += (entry >> 8) & 255;
      if (k > BLOCK_LENGTH) return k >= END_OF_BLOCK ? position : -1;
      store<i16>(block + load<u8>(zigzag + k - 1), <i16>(entry >> 16));
      if (k == BLOCK_LENGTH) return position;
    } while (left >= LOOKUP_BITS);
    if ((entry & 255) != 0) continue;
    window = windowAt(top, position);
    if (entry == 0) entry = longCode(table, window);
    if (entry == 0) return -1;
    const length = (entry >> 8) & 255;
    const symbol = (entry >> 16) & 255;
    const size = symbol & 15;
    position += length + size;
    k += advanceOf(symbol);
    if (k > BLOCK_LENGTH) return k >= END_OF_BLOCK ? position : -1;
    if (size != 0) store<i16>(block + load<u8>(zigzag + k - 1), <i16>signedBits(window, length, size));
    if (k == BLOCK_LENGTH) return position;
  }
}

/** Passes over the AC coefficients of a block. Returns as {@link readAc}. */
export function skipAc(top: usize, position: i32, table: usize): i32 {
  let k = 1;
  while (true) {
    let window = windowAt(top, position);
    let left = WINDOW_BITS;
    let entry: i32;
    do {
      const at = <usize>(window >> (64 - LOOKUP_BITS)) << 2;
      entry = load<i32>(table + SKIP_OFFSET + at);
      let advance = (entry >> 8) & 255;
      // Near the end of a block the symbols count one by one: behind its last coefficient another block begins.
      if (k + (advance & (END_OF_BLOCK - 1)) >= BLOCK_LENGTH || (entry & 255) == 0) {
        entry = load<i32>(table + at);
        advance = (entry >> 8) & 255;
      }
      const bits = entry & 255;
      if (bits == 0) break;
      position += bits;
      window <<= bits;
      left -= bits;
      k += advance;
      if (k >= BLOCK_LENGTH) return k == BLOCK_LENGTH || k >= END_OF_BLOCK ? position : -1;
    } while (left >= LOOKUP_BITS);
    if ((entry & 255) != 0) continue;
    window = windowAt(top, position);
    if (entry == 0) entry = longCode(table, window);
    if (entry == 0) return -1;
    const symbol = (entry >> 16) & 255;
    position += ((entry >> 8) & 255) + (symbol & 15);
    k += advanceOf(symbol);
    if (k >= BLOCK_LENGTH) return k == BLOCK_LENGTH || k >= END_OF_BLOCK ? position : -1;
  }
}
