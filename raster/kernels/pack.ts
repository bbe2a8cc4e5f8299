// Stored values to packed reflectance. Legend: B bands asked for; a pack holds n pixels, spectra [n, B] float32 and their numbers [n].
// Reflectance is value * gain + offset in float32 arithmetic, as everywhere in this package.

/** How many pixels of a plane are looked at together: few enough for their spectra to stay in cache. */
const CHUNK: u32 = 32;

/** Bytes of a group of the tables: where its samples lie, where they go, NoData of eight lanes, and which lanes to compare. */
const GROUP_BYTES: usize = 48;

/** Pixels in the pack. */
let count: u32 = 0;
let capacity: u32 = 0;
let bands: u32 = 0;
let spectra: usize = 0;
let numbers: usize = 0;
/** Per band asked for: bytes from a pixel's first sample [B] u32; gain and offset [B] f32; NoData [B] f64, NaN where there is none. */
let offsets: usize = 0;
let gains: usize = 0;
let shifts: usize = 0;
let missing: usize = 0;
let groups: usize = 0;
let groupCount: u32 = 0;

export function setPack(room: u32, ofBands: u32, toSpectra: usize, toNumbers: usize): void {
  capacity = room;
  bands = ofBands;
  spectra = toSpectra;
  numbers = toNumbers;
  count = 0;
}

export function setBands(ofOffsets: usize, ofGains: usize, ofShifts: usize, ofMissing: usize): void {
  offsets = ofOffsets;
  gains = ofGains;
  shifts = ofShifts;
  missing = ofMissing;
}

export function setGroups(at: usize, many: u32): void {
  groups = at;
  groupCount = many;
}

export function packed(): u32 {
  return count;
}

export function emptyPack(): void {
  count = 0;
}

function reflectance<T>(value: T, b: u32): f32 {
  const k = (<usize>b) << 2;
  return <f32>value * load<f32>(gains + k) + load<f32>(shifts + k);
}

/** A function, not a constant: that would be called through a table, for every sample. */
function isFinite32(value: f32): bool {
  return abs(value) <= f32.MAX_VALUE; // not NaN either
}

/** Eight 16-bit integers, bands b .. b + 8, as reflectance. */
function storeEight<T>(v: v128, to: usize, b: u32): void {
  const k = (<usize>b) << 2;
  const low = isSigned<T>() ? i32x4.extend_low_i16x8_s(v) : i32x4.extend_low_i16x8_u(v);
  const high = isSigned<T>() ? i32x4.extend_high_i16x8_s(v) : i32x4.extend_high_i16x8_u(v);
  v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(low), v128.load(gains + k)), v128.load(shifts + k)));
  v128.store(
    to,
    f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(high), v128.load(gains + k, 16)), v128.load(shifts + k, 16)),
    16,
  );
}

/** A row of pixels of 16-bit samples: groups of up to eight bands that lie together. Lanes that a group does not use are written over by the next. */
function packPixels16<T>(from: usize, cols: u32, step: usize, first: u32): u32 {
  const lastGroup = groups + <usize>groupCount * GROUP_BYTES;
  let col: u32 = 0;
  for (; col < cols && count < capacity; col++, from += step) {
    if (v128.any_true(lacking(from, groups))) continue; // most pixels without data lack the first bands
    const to = spectra + <usize>count * bands * 4;
    let lacks = i16x8.splat(0);
    for (let group = groups; group < lastGroup; group += GROUP_BYTES) {
      const v = v128.load(from + load<u32>(group));
      lacks = v128.or(lacks, v128.and(i16x8.eq(v, v128.load(group, 16)), v128.load(group, 32)));
      const b = load<u32>(group, 4);
      storeEight<T>(v, to + ((<usize>b) << 2), b);
    }
    if (v128.any_true(lacks)) continue;
    store<u32>(numbers + ((<usize>count) << 2), first + col);
    count++;
  }
  return col;
}

/** Which lanes of a group hold NoData. */
function lacking(from: usize, group: usize): v128 {
  const v = v128.load(from + load<u32>(group));
  return v128.and(i16x8.eq(v, v128.load(group, 16)), v128.load(group, 32));
}

/** A row of pixels, sample by sample. */
function packPixels<T>(from: usize, cols: u32, step: usize, first: u32): u32 {
  let col: u32 = 0;
  for (; col < cols && count < capacity; col++, from += step) {
    const to = spectra + <usize>count * bands * 4;
    let b: u32 = 0;
    for (; b < bands; b++) {
      const value = load<T>(from + load<u32>(offsets + ((<usize>b) << 2)));
      if (<f64>value === load<f64>(missing + ((<usize>b) << 3))) break;
      const r = reflectance<T>(value, b);
      if (!isFinite32(r)) break;
      store<f32>(to + ((<usize>b) << 2), r);
    }
    if (b < bands) continue;
    store<u32>(numbers + ((<usize>count) << 2), first + col);
    count++;
  }
  return col;
}

/** For each pixel of a chunk the place of its spectrum, 0 where it has no data. */
const places = memory.data(32 * 4);
/** Bytes of a chunk, 255 = has data. */
const valid = memory.data(32);

/** Gives the pixels of a chunk that have data their places in the pack. */
function place(size: u32, first: u32): void {
  for (let i: u32 = 0; i < size; i++) {
    const has = load<u8>(valid + i) !== 0;
    store<u32>(places + (i << 2), has ? <u32>(spectra + <usize>count * bands * 4) : 0);
    if (!has) continue;
    store<u32>(numbers + ((<usize>count) << 2), first + i);
    count++;
  }
}

/** Pixels of planes, their samples side by side: first which have data, then their spectra band by band. */
function packPlanes<T>(from: usize, cols: u32, first: u32): u32 {
  let col: u32 = 0;
  while (col < cols && count < capacity) {
    const size = min(min(CHUNK, cols - col), capacity - count);
    memory.fill(valid, 255, size);
    for (let b: u32 = 0; b < bands; b++) {
      const plane = from + load<u32>(offsets + ((<usize>b) << 2));
      const none = load<f64>(missing + ((<usize>b) << 3));
      for (let i: u32 = 0; i < size; i++) {
        const value = load<T>(plane + <usize>i * sizeof<T>());
        if (<f64>value === none || !isFinite32(reflectance<T>(value, b))) store<u8>(valid + i, 0);
      }
    }
    place(size, first + col);
    for (let b: u32 = 0; b < bands; b++) {
      const plane = from + load<u32>(offsets + ((<usize>b) << 2));
      for (let i: u32 = 0; i < size; i++) {
        const to = <usize>load<u32>(places + (i << 2));
        if (to === 0) continue;
        store<f32>(to + ((<usize>b) << 2), reflectance<T>(load<T>(plane + <usize>i * sizeof<T>()), b));
      }
    }
    col += size;
    from += <usize>size * sizeof<T>();
  }
  return col;
}

/** For eight pixels each, lanes of those that lack data in any band seen so far. */
const lacks = memory.data(4 * 16);
/** Eight spectra of eight bands. */
const turned = memory.data(8 * 16);

/**
 * The same for 16-bit samples of at least eight bands: eight pixels of eight bands are turned at a time. All pixels of a chunk are taken to have
 * data, which is looked at on the way; where some have not, the chunk is done again. Reads up to 14 bytes behind a row.
 */
function packPlanes16<T>(from: usize, cols: u32, first: u32): u32 {
  let col: u32 = 0;
  for (; col < cols && count < capacity; ) {
    const size = min(min(CHUNK, cols - col), capacity - count);
    if (findValid16(from, size, 1)) {
      const before = count;
      memory.fill(valid, 255, size);
      turnChunk<T>(from, size, first + col);
      if (anyLacks(size)) {
        count = before;
        if (findValid16(from, size, groupCount)) turnChunk<T>(from, size, first + col);
      }
    }
    col += size;
    from += <usize>size * 2;
  }
  return col;
}

function anyLacks(size: u32): bool {
  for (let i: u32 = 0; i < size; i += 8) if (v128.any_true(v128.load(lacks + <usize>i * 2))) return true;
  return false;
}

/** Marks the pixels of a chunk that have data in the first `many` bands; whether there are any. Groups hold one band each here. */
function findValid16(from: usize, size: u32, many: u32): bool {
  let any = false;
  const lastGroup = groups + <usize>many * GROUP_BYTES;
  for (let i: u32 = 0; i < size; i += 8) {
    let none = i16x8.splat(0);
    for (let group = groups; group < lastGroup; group += GROUP_BYTES)
      none = v128.or(none, lacking(from + <usize>i * 2, group));
    const has = v128.not(none);
    v128.store64_lane(valid + i, i8x16.narrow_i16x8_s(has, has), 0);
    for (let k: u32 = i; k < min(i + 8, size); k++) any = any || load<u8>(valid + k) !== 0;
  }
  return any;
}

/** The spectra of the valid pixels of a chunk; `lacks` tells which of all pixels lack data. */
function turnChunk<T>(from: usize, size: u32, first: u32): void {
  place(size, first);
  memory.fill(lacks, 0, 4 * 16);
  for (let b: u32 = 0; b < bands; b += 8) {
    const from8 = min(b, bands - 8);
    for (let i: u32 = 0; i < size; i += 8) {
      turnEight(from + <usize>i * 2, from8, lacks + <usize>i * 2);
      for (let k: u32 = i; k < min(i + 8, size); k++) {
        const to = <usize>load<u32>(places + (k << 2));
        if (to !== 0) storeEight<T>(v128.load(turned + ((k & 7) << 4)), to + ((<usize>from8) << 2), from8);
      }
    }
  }
}

/** Bands b .. b + 8 of eight pixels, from lines of pixels to lines of bands. */
function turnEight(from: usize, b: u32, lack: usize): void {
  const o = offsets + ((<usize>b) << 2);
  const r0 = v128.load(from + load<u32>(o, 0));
  const r1 = v128.load(from + load<u32>(o, 4));
  const r2 = v128.load(from + load<u32>(o, 8));
  const r3 = v128.load(from + load<u32>(o, 12));
  const r4 = v128.load(from + load<u32>(o, 16));
  const r5 = v128.load(from + load<u32>(o, 20));
  const r6 = v128.load(from + load<u32>(o, 24));
  const r7 = v128.load(from + load<u32>(o, 28));
  const group = groups + <usize>b * GROUP_BYTES;
  let none = v128.or(v128.load(lack), v128.and(i16x8.eq(r0, v128.load(group, 16)), v128.load(group, 32)));
  none = v128.or(none, v128.and(i16x8.eq(r1, v128.load(group, 64)), v128.load(group, 80)));
  none = v128.or(none, v128.and(i16x8.eq(r2, v128.load(group, 112)), v128.load(group, 128)));
  none = v128.or(none, v128.and(i16x8.eq(r3, v128.load(group, 160)), v128.load(group, 176)));
  none = v128.or(none, v128.and(i16x8.eq(r4, v128.load(group, 208)), v128.load(group, 224)));
  none = v128.or(none, v128.and(i16x8.eq(r5, v128.load(group, 256)), v128.load(group, 272)));
  none = v128.or(none, v128.and(i16x8.eq(r6, v128.load(group, 304)), v128.load(group, 320)));
  none = v128.or(none, v128.and(i16x8.eq(r7, v128.load(group, 352)), v128.load(group, 368)));
  v128.store(lack, none);
  // Words, then pairs, then fours of neighbouring bands are brought together.
  const a0 = v128.shuffle<i16>(r0, r1, 0, 8, 1, 9, 2, 10, 3, 11);
  const a1 = v128.shuffle<i16>(r0, r1, 4, 12, 5, 13, 6, 14, 7, 15);
  const a2 = v128.shuffle<i16>(r2, r3, 0, 8, 1, 9, 2, 10, 3, 11);
  const a3 = v128.shuffle<i16>(r2, r3, 4, 12, 5, 13, 6, 14, 7, 15);
  const a4 = v128.shuffle<i16>(r4, r5, 0, 8, 1, 9, 2, 10, 3, 11);
  const a5 = v128.shuffle<i16>(r4, r5, 4, 12, 5, 13, 6, 14, 7, 15);
  const a6 = v128.shuffle<i16>(r6, r7, 0, 8, 1, 9, 2, 10, 3, 11);
  const a7 = v128.shuffle<i16>(r6, r7, 4, 12, 5, 13, 6, 14, 7, 15);
  const b0 = v128.shuffle<i32>(a0, a2, 0, 4, 1, 5);
  const b1 = v128.shuffle<i32>(a0, a2, 2, 6, 3, 7);
  const b2 = v128.shuffle<i32>(a1, a3, 0, 4, 1, 5);
  const b3 = v128.shuffle<i32>(a1, a3, 2, 6, 3, 7);
  const b4 = v128.shuffle<i32>(a4, a6, 0, 4, 1, 5);
  const b5 = v128.shuffle<i32>(a4, a6, 2, 6, 3, 7);
  const b6 = v128.shuffle<i32>(a5, a7, 0, 4, 1, 5);
  const b7 = v128.shuffle<i32>(a5, a7, 2, 6, 3, 7);
  v128.store(turned, v128.shuffle<i64>(b0, b4, 0, 2));
  v128.store(turned, v128.shuffle<i64>(b0, b4, 1, 3), 16);
  v128.store(turned, v128.shuffle<i64>(b1, b5, 0, 2), 32);
  v128.store(turned, v128.shuffle<i64>(b1, b5, 1, 3), 48);
  v128.store(turned, v128.shuffle<i64>(b2, b6, 0, 2), 64);
  v128.store(turned, v128.shuffle<i64>(b2, b6, 1, 3), 80);
  v128.store(turned, v128.shuffle<i64>(b3, b7, 0, 2), 96);
  v128.store(turned, v128.shuffle<i64>(b3, b7, 1, 3), 112);
}

/** Sample types, in the order in which the host numbers them. */
const U8: u32 = 0;
const I8: u32 = 1;
const U16: u32 = 2;
const I16: u32 = 3;
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;

/**
 * Packs pixels of a row, `step` bytes apart, until the row ends or the pack is full; returns how many it took. `first` is the number of the
 * first pixel. `groups` 0: sample by sample.
 */
export function packRow(type: u32, from: usize, cols: u32, step: usize, first: u32): u32 {
  if (groupCount !== 0)
    return type === I16 ? packPixels16<i16>(from, cols, step, first) : packPixels16<u16>(from, cols, step, first);
  if (type === U8) return packPixels<u8>(from, cols, step, first);
  if (type === I8) return packPixels<i8>(from, cols, step, first);
  if (type === U16) return packPixels<u16>(from, cols, step, first);
  if (type === I16) return packPixels<i16>(from, cols, step, first);
  if (type === U32) return packPixels<u32>(from, cols, step, first);
  if (type === I32) return packPixels<i32>(from, cols, step, first);
  if (type === F32) return packPixels<f32>(from, cols, step, first);
  return packPixels<f64>(from, cols, step, first);
}

/** The same where the samples of a band lie side by side; groups, where there are any, hold one band each. */
export function packPlaneRow(type: u32, from: usize, cols: u32, first: u32): u32 {
  if (groupCount !== 0)
    return type === I16 ? packPlanes16<i16>(from, cols, first) : packPlanes16<u16>(from, cols, first);
  if (type === U8) return packPlanes<u8>(from, cols, first);
  if (type === I8) return packPlanes<i8>(from, cols, first);
  if (type === U16) return packPlanes<u16>(from, cols, first);
  if (type === I16) return packPlanes<i16>(from, cols, first);
  if (type === U32) return packPlanes<u32>(from, cols, first);
  if (type === I32) return packPlanes<i32>(from, cols, first);
  if (type === F32) return packPlanes<f32>(from, cols, first);
  return packPlanes<f64>(from, cols, first);
}
