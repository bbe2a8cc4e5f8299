// TIFF 6.0, section 13: variable-length codes of 9..12 bits, most significant bit first, widened one code early.

const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const TABLE_SIZE = 4096;

/**
 * Decodes one LZW block to at most `size` bytes; the result is shorter where the stream ends early.
 * Throws Error on a code that has no meaning.
 */
export function decodeLzw(input: Uint8Array, size: number): Uint8Array {
  if (input.length > 1 && input[0] === 0 && (input[1]! & 1) === 1)
    throw new Error('it is in the obsolete, bit-reversed LZW of TIFF 5');
  const out = new Uint8Array(size);
  // Each string of the table already stands in the output, so the table holds only where.
  const starts = new Int32Array(TABLE_SIZE);
  const lengths = new Int32Array(TABLE_SIZE);
  let next = FIRST_FREE;
  let width = 9;
  let previousStart = -1; // of the string of the code before; -1 after a clear
  let previousLength = 0;
  let bits = 0;
  let bitCount = 0;
  let read = 0;
  let written = 0;
  while (written < size) {
    while (bitCount < width && read < input.length) {
      bits = (bits << 8) | input[read++]!;
      bitCount += 8;
    }
    if (bitCount < width) break;
    bitCount -= width;
    const code = bits >>> bitCount;
    bits &= (1 << bitCount) - 1;
    if (code === CLEAR) {
      next = FIRST_FREE;
      width = 9;
      previousStart = -1;
      continue;
    }
    if (code === END) break;
    if (previousStart >= 0 && next < TABLE_SIZE) {
      // The string before, plus the first byte of this one, which is about to follow it in the output.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next === (1 << width) - 1 && width < 12) width++;
    }
    previousStart = written;
    if (code < CLEAR) {
      out[written++] = code;
      previousLength = 1;
      continue;
    }
    if (code >= next) throw new Error(`LZW code ${code} stands before its definition`);
    const from = starts[code]!;
    previousLength = lengths[code]!;
    const end = Math.min(size, written + previousLength);
    if (previousLength > 64 && from + previousLength <= written) {
      out.copyWithin(written, from, from + end - written);
      written = end;
    } else for (let i = from; written < end; ) out[written++] = out[i++]!;
  }
  return written === size ? out : out.subarray(0, written);
}
