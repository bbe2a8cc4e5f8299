// Adler-32 (RFC 1950) of what is decoded or encoded piece by piece.

let sumLow: u32 = 1;
let sumHigh: u32 = 0;

export function beginSum(): void {
  sumLow = 1;
  sumHigh = 0;
}

export function sumSoFar(): u32 {
  return (sumHigh << 16) | sumLow;
}

const MODULUS: u32 = 65521;
/** Bytes whose sums fit 32 bits. */
const SUM_BYTES: usize = 5536;

/** Adds the bytes to the Adler-32 sum. */
export function addToSum(from: usize, end: usize): void {
  const falling = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const rest = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  while (from < end) {
    const stop = min(end, from + SUM_BYTES);
    let low = i32x4.splat(0); // sums of bytes
    let before = i32x4.splat(0); // sums of bytes before each sixteen
    let weighted = i32x4.splat(0);
    const begin = from;
    for (; from + 16 <= stop; from += 16) {
      const v = v128.load(from);
      const first = i16x8.extend_low_i8x16_u(v);
      const second = i16x8.extend_high_i8x16_u(v);
      before = i32x4.add(before, low);
      low = i32x4.add(low, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v)));
      weighted = i32x4.add(weighted, i32x4.add(i32x4.dot_i16x8_s(first, falling), i32x4.dot_i16x8_s(second, rest)));
    }
    const sixteens = <u32>(from - begin) & ~15;
    const high: u64 = <u64>sumHigh + <u64>sumLow * sixteens + <u64>across(before) * 16 + across(weighted);
    sumLow = (sumLow + across(low)) % MODULUS;
    sumHigh = <u32>(high % MODULUS);
    for (; from < stop; from++) {
      sumLow = (sumLow + load<u8>(from)) % MODULUS;
      sumHigh = (sumHigh + sumLow) % MODULUS;
    }
  }
}

/** The sum of four lanes. */
function across(v: v128): u32 {
  return <u32>(
    (i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
  );
}
