// TIFF 6.0 section 14 (horizontal differencing) and Adobe's TIFF Technical Note 3 (floating point), in place, both ways.
// Legend: a row holds n words; neighbouring pixels of a band lie `stride` words apart.

/** Sums along a row of words of type T: word k becomes word k plus word k - stride. */
function sumRow<T>(row: usize, length: u32, stride: u32): void {
  const step = <usize>stride * sizeof<T>();
  const end = row + <usize>length * sizeof<T>();
  let at = row + step;
  if (step >= 16) for (; at + 16 <= end; at += 16) v128.store(at, v128.add<T>(v128.load(at), v128.load(at - step)));
  for (; at < end; at += sizeof<T>()) store<T>(at, load<T>(at) + load<T>(at - step));
}

/** The same for 16-bit words of a single band: eight sums at a time, by shifts of one, two and four words. */
function sumPlane16(row: usize, length: u32): void {
  const end = row + <usize>length * 2;
  let before = i16x8.splat(0);
  let at = row;
  for (; at + 16 <= end; at += 16) {
    let v = v128.load(at);
    const zero = i16x8.splat(0);
    v = i16x8.add(v, v128.shuffle<i16>(zero, v, 0, 8, 9, 10, 11, 12, 13, 14));
    v = i16x8.add(v, v128.shuffle<i16>(zero, v, 0, 1, 8, 9, 10, 11, 12, 13));
    v = i16x8.add(v, v128.shuffle<i16>(zero, v, 0, 1, 2, 3, 8, 9, 10, 11));
    v = i16x8.add(v, before);
    v128.store(at, v);
    before = v128.shuffle<i16>(v, v, 7, 7, 7, 7, 7, 7, 7, 7);
  }
  let last = <u16>i16x8.extract_lane_u(before, 0);
  for (; at < end; at += 2) {
    last += load<u16>(at);
    store<u16>(at, last);
  }
}

/** Differences along a row, from its end on: word k becomes word k minus word k - stride. */
function differRow<T>(row: usize, length: u32, stride: u32): void {
  const step = <usize>stride * sizeof<T>();
  const first = row + step;
  let at = row + <usize>length * sizeof<T>();
  for (; at >= first + 16; at -= 16) v128.store(at - 16, v128.sub<T>(v128.load(at - 16), v128.load(at - 16 - step)));
  for (; at > first; at -= sizeof<T>())
    store<T>(at - sizeof<T>(), load<T>(at - sizeof<T>()) - load<T>(at - sizeof<T>() - step));
}

/** Undoes predictor 2 of `rows` rows of words of `width` bytes (1, 2, 4 or 8). */
export function undoDifferences(at: usize, rows: u32, length: u32, stride: u32, width: u32): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    if (width === 2 && stride === 1) sumPlane16(at, length);
    else if (width === 1) sumRow<u8>(at, length, stride);
    else if (width === 2) sumRow<u16>(at, length, stride);
    else if (width === 4) sumRow<u32>(at, length, stride);
    else sumRow<u64>(at, length, stride);
  }
}

/** Applies predictor 2. */
export function applyDifferences(at: usize, rows: u32, length: u32, stride: u32, width: u32): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    if (width === 1) differRow<u8>(at, length, stride);
    else if (width === 2) differRow<u16>(at, length, stride);
    else if (width === 4) differRow<u32>(at, length, stride);
    else differRow<u64>(at, length, stride);
  }
}

/** Undoes predictor 3 of floats of `width` bytes (4 or 8): a row is the planes of their bytes, most significant first, differenced bytewise. `scratch` has room for a row. */
export function undoFloats(at: usize, rows: u32, length: u32, stride: u32, width: u32, scratch: usize): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    sumRow<u8>(at, <u32>bytes, stride);
    memory.copy(scratch, at, bytes);
    for (let b: u32 = 0; b < width; b++) {
      const plane = scratch + <usize>b * length;
      const place = at + (width - 1 - b);
      for (let i: u32 = 0; i < length; i++) store<u8>(place + <usize>i * width, load<u8>(plane + i));
    }
  }
}

/** Applies predictor 3. */
export function applyFloats(at: usize, rows: u32, length: u32, stride: u32, width: u32, scratch: usize): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    for (let b: u32 = 0; b < width; b++) {
      const plane = scratch + <usize>b * length;
      const place = at + (width - 1 - b);
      for (let i: u32 = 0; i < length; i++) store<u8>(plane + i, load<u8>(place + <usize>i * width));
    }
    memory.copy(at, scratch, bytes);
    differRow<u8>(at, <u32>bytes, stride);
  }
}
