// TIFF 6.0, section 13: variable-length codes of 9..12 bits, most significant bit first, widened one code early.

const CLEAR: u32 = 256;
const END: u32 = 257;
const FIRST_FREE: u32 = 258;
const TABLE_SIZE: u32 = 4096;

/** Where each string of the table stands in the output, and its length: every string was written before it gets a code. */
const starts = memory.data(4096 * 4);
const lengths = memory.data(4096 * 4);

/**
 * Decodes `inputBytes` bytes at `input` to at most `size` bytes at `output`, and returns how many; -1 - code for a code without meaning.
 * Reads up to 3 bytes behind the input, writes up to 7 behind `size`.
 */
export function decodeLzw(input: usize, inputBytes: u32, output: usize, size: u32): i32 {
  const bits: u64 = <u64>inputBytes * 8;
  let at: u64 = 0;
  let next: u32 = FIRST_FREE;
  let width: u32 = 9;
  let previousLength: u32 = 0; // of the string of the code before; 0 after a clear
  let previousStart: u32 = 0;
  let written: u32 = 0;
  while (written < size && at + width <= bits) {
    const word = bswap<u32>(load<u32>(input + <usize>(at >> 3)));
    const code = (word << (<u32>(at & 7))) >> (32 - width);
    at += width;
    if (code === CLEAR) {
      next = FIRST_FREE;
      width = 9;
      previousLength = 0;
      continue;
    }
    if (code === END) break;
    if (previousLength !== 0 && next < TABLE_SIZE) {
      // The string before, plus the first byte of this one, which is about to follow it in the output.
      store<u32>(starts + ((<usize>next) << 2), previousStart);
      store<u32>(lengths + ((<usize>next) << 2), previousLength + 1);
      next++;
      if (next === (1 << width) - 1 && width < 12) width++;
    }
    previousStart = written;
    if (code < CLEAR) {
      store<u8>(output + written, <u8>code);
      written++;
      previousLength = 1;
      continue;
    }
    if (code >= next) return -1 - <i32>code;
    const from = load<u32>(starts + ((<usize>code) << 2));
    previousLength = load<u32>(lengths + ((<usize>code) << 2));
    const end = min(size, written + previousLength);
    // Eight bytes at a time, unless the string runs into itself.
    if (written - from >= 8)
      for (let i = from; written < end; i += 8, written += 8) store<u64>(output + written, load<u64>(output + i));
    else for (let i = from; written < end; i++, written++) store<u8>(output + written, load<u8>(output + i));
    written = end;
  }
  return <i32>written;
}
