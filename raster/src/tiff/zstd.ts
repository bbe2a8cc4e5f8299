// ZSTD where the platform has none: the reference decoder as WebAssembly.
import { ZSTDDecoder } from 'zstddec';

/** Decompresses ZSTD frames to at most `most` bytes; gives fewer than they hold, or none, where they are damaged or hold more. */
export async function unzstd(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const decoder = new ZSTDDecoder();
  await decoder.init(); // compiled once for all decoders
  return decoder.decode(bytes, most);
}
