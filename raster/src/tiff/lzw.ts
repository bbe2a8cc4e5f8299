import { aligned, type Kernels } from '../kernels.js';

/**
 * Decodes one LZW block to at most `size` bytes at `at` in the kernels' memory, and returns how many; fewer where the stream ends early. The
 * input is put at `room`.
 * Throws Error on a code that has no meaning.
 */
export function decodeLzwAt(
  kernels: Kernels,
  input: Uint8Array,
  { at, size, room }: { at: number; size: number; room: number },
): number {
  if (input.length > 1 && input[0] === 0 && (input[1]! & 1) === 1)
    throw new Error('it is in the obsolete, bit-reversed LZW of TIFF 5');
  const from = aligned(room);
  kernels.reserve(from + input.length);
  new Uint8Array(kernels.buffer).set(input, from);
  const written = kernels.decodeLzw(from, input.length, at, size);
  if (written < 0) throw new Error(`LZW code ${-1 - written} stands before its definition`);
  return written;
}
