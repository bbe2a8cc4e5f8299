import type { Kernels } from '../kernels.js';

/**
 * Decodes the LZW block of `length` bytes at `input` in the kernels' memory to at most `size` bytes at `at`, and returns how many; fewer where
 * the stream ends early. Throws Error on a code that has no meaning.
 */
export function decodeLzwAt(
  kernels: Kernels,
  { input, length, at, size }: { input: number; length: number; at: number; size: number },
): number {
  const bytes = new Uint8Array(kernels.buffer, input, length);
  if (length > 1 && bytes[0] === 0 && (bytes[1]! & 1) === 1)
    throw new Error('it is in the obsolete, bit-reversed LZW of TIFF 5');
  const written = kernels.decodeLzw(input, length, at, size);
  if (written < 0) throw new Error(`LZW code ${-1 - written} stands before its definition`);
  return written;
}
