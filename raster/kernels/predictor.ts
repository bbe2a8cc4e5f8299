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

/** Brings the bytes of `length` words of `width` bytes together from their planes, most significant first. */
function joinPlanes(planes: usize, to: usize, length: u32, width: u32): void {
  let i: usize = 0;
  if (width === 4)
    for (; i + 16 <= length; i += 16) {
      const a = v128.load(planes + i);
      const b = v128.load(planes + length + i);
      const c = v128.load(planes + 2 * <usize>length + i);
      const d = v128.load(planes + 3 * <usize>length + i);
      const dcLow = v128.shuffle<i8>(d, c, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const dcHigh = v128.shuffle<i8>(d, c, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const baLow = v128.shuffle<i8>(b, a, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const baHigh = v128.shuffle<i8>(b, a, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const at = to + 4 * i;
      v128.store(at, v128.shuffle<i16>(dcLow, baLow, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(at, v128.shuffle<i16>(dcLow, baLow, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      v128.store(at, v128.shuffle<i16>(dcHigh, baHigh, 0, 8, 1, 9, 2, 10, 3, 11), 32);
      v128.store(at, v128.shuffle<i16>(dcHigh, baHigh, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    }
  for (; i < length; i++)
    for (let b: u32 = 0; b < width; b++)
      store<u8>(to + i * width + (width - 1 - b), load<u8>(planes + <usize>b * length + i));
}

/** Parts the bytes of words into planes. */
function partPlanes(from: usize, planes: usize, length: u32, width: u32): void {
  let i: usize = 0;
  if (width === 4)
    for (; i + 16 <= length; i += 16) {
      const at = from + 4 * i;
      // Bytes 0, 4, 8, 12 of each vector are the least significant ones of its four words.
      const w = fours(v128.load(at));
      const x = fours(v128.load(at, 16));
      const y = fours(v128.load(at, 32));
      const z = fours(v128.load(at, 48));
      const wxLow = v128.shuffle<i32>(w, x, 0, 4, 1, 5);
      const wxHigh = v128.shuffle<i32>(w, x, 2, 6, 3, 7);
      const yzLow = v128.shuffle<i32>(y, z, 0, 4, 1, 5);
      const yzHigh = v128.shuffle<i32>(y, z, 2, 6, 3, 7);
      v128.store(planes + 3 * <usize>length + i, v128.shuffle<i64>(wxLow, yzLow, 0, 2));
      v128.store(planes + 2 * <usize>length + i, v128.shuffle<i64>(wxLow, yzLow, 1, 3));
      v128.store(planes + length + i, v128.shuffle<i64>(wxHigh, yzHigh, 0, 2));
      v128.store(planes + i, v128.shuffle<i64>(wxHigh, yzHigh, 1, 3));
    }
  for (; i < length; i++)
    for (let b: u32 = 0; b < width; b++)
      store<u8>(planes + <usize>b * length + i, load<u8>(from + i * width + (width - 1 - b)));
}

/** The bytes of four words, those of each significance together. */
function fours(v: v128): v128 {
  return v128.shuffle<i8>(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

/** Undoes predictor 3 of floats of `width` bytes (4 or 8): a row is the planes of their bytes, most significant first, differenced bytewise. `scratch` has room for a row. */
export function undoFloats(at: usize, rows: u32, length: u32, stride: u32, width: u32, scratch: usize): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    sumRow<u8>(at, <u32>bytes, stride);
    memory.copy(scratch, at, bytes);
    joinPlanes(scratch, at, length, width);
  }
}

/** Applies predictor 3. */
export function applyFloats(at: usize, rows: u32, length: u32, stride: u32, width: u32, scratch: usize): void {
  const bytes = <usize>length * width;
  for (let row: u32 = 0; row < rows; row++, at += bytes) {
    partPlanes(at, scratch, length, width);
    memory.copy(at, scratch, bytes);
    differRow<u8>(at, <u32>bytes, stride);
  }
}
