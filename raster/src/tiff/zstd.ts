// ZSTD where the platform has none.
import { Decompress } from 'fzstd';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const SINGLE_SEGMENT = 0x20;

/**
 * The frame with a window no longer than `most` bytes, which its content is said not to exceed: the decoder makes room for as much as a frame asks for, and moves it after every block.
 * Source: RFC 8878, section 3.1.1.1.
 */
function boundWindow(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length < 6 || !MAGIC.every((byte, i) => bytes[i] === byte)) throw new Error('it is no ZSTD frame');
  const flags = bytes[4]!;
  const frame = new Uint8Array(bytes); // a copy; a Buffer's slice() would be a view
  if (flags & SINGLE_SEGMENT) {
    // The window is the content, whose length stands here.
    const at = 5 + [0, 1, 2, 4][flags & 3]!;
    const length = 1 << (flags >> 6);
    let content = length === 2 ? 256 : 0;
    for (let i = 0; i < length; i++) content += (frame[at + i] ?? 0) * 256 ** i;
    if (content > most) throw new Error(`it is to hold ${content} bytes, more than ${most}`);
  } else frame[5] = Math.min(frame[5]!, (Math.ceil(Math.log2(Math.max(most, 1024))) - 10) << 3);
  return frame;
}

/** Decompresses a ZSTD frame, by JavaScript alone, to at most `most` bytes. Throws where it is damaged or holds more. */
export function unzstd(bytes: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most);
  let at = 0;
  const decoder = new Decompress((part) => {
    if (at + part.length > most) throw new Error(`it holds more than ${most} bytes`);
    out.set(part, at);
    at += part.length;
  });
  decoder.push(boundWindow(bytes, most), true);
  return out.subarray(0, at);
}
