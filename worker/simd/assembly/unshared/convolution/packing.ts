// What a convolution reads, laid out so that its kernels read it in a row. Pointers are byte offsets on the heap.

/** Copies planes of `height` rows between borders of zeros. */
export function padPlanes(
  from: usize,
  to: usize,
  numImages: i32,
  height: i32,
  rowBytes: usize,
  top: i32,
  bottom: i32,
  leftBytes: usize,
  rightBytes: usize,
): void {
  const paddedBytes = leftBytes + rowBytes + rightBytes;
  for (let image = 0; image < numImages; image++) {
    memory.fill(to, 0, paddedBytes * top);
    to += paddedBytes * top;
    for (let row = 0; row < height; row++) {
      memory.fill(to, 0, leftBytes);
      memory.copy(to + leftBytes, from, rowBytes);
      memory.fill(to + leftBytes + rowBytes, 0, rightBytes);
      to += paddedBytes;
      from += rowBytes;
    }
    memory.fill(to, 0, paddedBytes * bottom);
    to += paddedBytes * bottom;
  }
}

/** Writes where each pixel of planes begins, in bytes; the last one is repeated until there are a multiple of four. */
export function pixelOffsets(
  table: usize,
  numImages: i32,
  height: i32,
  width: i32,
  imageBytes: i32,
  rowBytes: i32,
  pixelBytes: i32,
): void {
  let last = 0;
  for (let image = 0; image < numImages; image++) {
    for (let row = 0; row < height; row++) {
      let offset = image * imageBytes + row * rowBytes;
      for (let column = 0; column < width; column++) {
        store<i32>(table, offset);
        last = offset;
        offset += pixelBytes;
        table += 4;
      }
    }
  }
  for (let rest = -(numImages * height * width) & 3; rest > 0; rest--) {
    store<i32>(table, last);
    table += 4;
  }
}

/**
 * Cuts columns of a matrix into panels of eight, [⌈columns/8⌉, numRows, 8]; missing columns become zeros. Row by row, as
 * each row of a wide matrix lies in a page of its own.
 */
export function packPanels(from: usize, to: usize, numRows: i32, rowBytes: usize, columns: i32): void {
  const panelBytes = (<usize>numRows) << 5;
  const whole = columns >> 3;
  const rest = columns & 7;
  if (rest > 0) memory.fill(to + panelBytes * whole, 0, panelBytes);
  const end = to + panelBytes;
  for (; to < end; to += 32) {
    let source = from;
    let target = to;
    for (let panel = 0; panel < whole; panel++) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      source += 32;
      target += panelBytes;
    }
    for (let column = 0; column < rest; column++) {
      store<f32>(target, load<f32>(source));
      source += 4;
      target += 4;
    }
    from += rowBytes;
  }
}

/** Copies up to eight rows of `length` elements to one panel, as its columns; missing columns become zeros. */
export function packPanelTransposed(from: usize, to: usize, length: i32, rowBytes: usize, columns: i32): void {
  if (columns < 8) memory.fill(to, 0, (<usize>length) << 5);
  const end = to + ((<usize>length) << 5);
  let column = 0;
  for (; column + 4 <= columns; column += 4) {
    let target = to;
    let r0 = from;
    for (; target + 128 <= end; target += 128) {
      const a = v128.load(r0);
      const b = v128.load(r0 + rowBytes);
      const c = v128.load(r0 + 2 * rowBytes);
      const d = v128.load(r0 + 3 * rowBytes);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      v128.store(target, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(target, v128.shuffle<i64>(ab, cd, 1, 3), 32);
      const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
      v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
      r0 += 16;
    }
    for (; target < end; target += 32) {
      store<f32>(target, load<f32>(r0));
      store<f32>(target, load<f32>(r0 + rowBytes), 4);
      store<f32>(target, load<f32>(r0 + 2 * rowBytes), 8);
      store<f32>(target, load<f32>(r0 + 3 * rowBytes), 12);
      r0 += 4;
    }
    from += rowBytes << 2;
    to += 16;
  }
  for (; column < columns; column++) {
    let source = from;
    for (let target = to; target < end; target += 32) {
      store<f32>(target, load<f32>(source));
      source += 4;
    }
    from += rowBytes;
    to += 4;
  }
}

/**
 * Cuts padded planes into panels of four channels, [⌈C/4⌉, N, top + H + bottom, left + W + right, 4]: what one tile of the
 * filter gradient reads lies in a row. Missing channels are zeros.
 */
export function packChannels(
  from: usize,
  to: usize,
  numImages: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  bottom: i32,
  left: i32,
  right: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = (<usize>(left + width + right)) << 4;
  const panelBytes = rowBytes * (numImages * (top + height + bottom));
  for (let channel = 0; channel < channels; channel += 4) {
    let target = to;
    for (let image = 0; image < numImages; image++) {
      memory.fill(target, 0, rowBytes * top);
      target += rowBytes * top + rowBytes * height;
      memory.fill(target, 0, rowBytes * bottom);
      target += rowBytes * bottom;
    }
    to += panelBytes;
  }
  to -= panelBytes * ((channels + 3) >> 2);
  for (let image = 0; image < numImages; image++) {
    to += rowBytes * top;
    for (let row = 0; row < height; row++) {
      let target = to;
      for (let channel = 0; channel < channels; channel += 4) {
        packRow(from + ((<usize>channel) << 2), target, width, pixelBytes, channels - channel, left, right);
        target += panelBytes;
      }
      from += pixelBytes * width;
      to += rowBytes;
    }
    to += rowBytes * bottom;
  }
}

function packRow(
  from: usize,
  to: usize,
  width: i32,
  pixelBytes: usize,
  channels: i32,
  left: i32,
  right: i32,
): void {
  memory.fill(to, 0, (<usize>left) << 4);
  to += (<usize>left) << 4;
  const end = to + ((<usize>width) << 4);
  if (channels >= 4) {
    while (to < end) {
      v128.store(to, v128.load(from));
      from += pixelBytes;
      to += 16;
    }
  } else {
    while (to < end) {
      store<f32>(to, load<f32>(from));
      store<f32>(to, channels > 1 ? load<f32>(from, 4) : 0, 4);
      store<f32>(to, channels > 2 ? load<f32>(from, 8) : 0, 8);
      store<f32>(to, 0, 12);
      from += pixelBytes;
      to += 16;
    }
  }
  memory.fill(to, 0, (<usize>right) << 4);
}
