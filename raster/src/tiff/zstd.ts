// ZSTD where the platform has none: the reference decoder as WebAssembly.

/** Decompresses ZSTD frames to at most `most` bytes; gives fewer than they hold, or none, where they are damaged or hold more. */
export async function unzstd(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init(); // compiled once for all decoders
  return decoder.decode(bytes, most);
}
