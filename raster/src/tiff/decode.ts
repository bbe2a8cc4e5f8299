// From a block's bytes in the file to its words in memory.
import { refuse } from '../refuse.js';
import { sampleSize, swapBytes } from '../samples.js';
import type { Codecs } from '../source.js';
import { type Layout, rowBytes } from './layout.js';
import { decodeLzw } from './lzw.js';
import { undoPredictor } from './predictor.js';
import { toWords, type Words } from './tags.js';
import { unzstd } from './zstd.js';

/** What block this is, for its decoding and for messages. */
export interface BlockPlace {
  readonly name: string;
  readonly index: number;
  readonly rows: number;
}

/** Decodes a block into words [rows, blockCols, bands or 1]. Rejects with RasterError where the bytes are damaged. */
export async function decodeBlock(
  bytes: Uint8Array,
  layout: Layout,
  { codecs, place }: { codecs: Codecs; place: BlockPlace },
): Promise<Words> {
  const { sampleType, littleEndian, predictor } = layout;
  const width = sampleSize(sampleType);
  const needed = place.rows * rowBytes(layout);
  const raw = await decompress(bytes, layout, { codecs, place });
  const foreign = !littleEndian && width > 1 && predictor !== 3;
  // Uncompressed bytes may belong to the source, and views of words need alignment.
  const mustCopy = (layout.compression === 'none' && foreign) || raw.byteOffset % width !== 0;
  const part = raw.subarray(0, needed);
  const own = mustCopy ? new Uint8Array(part) : part; // not slice(): a Buffer's gives a view
  if (foreign) swapBytes(own, width);
  const words = toWords(own.buffer, own.byteOffset, needed, width);
  const stride = layout.planar ? 1 : layout.bands;
  const rows = { rows: place.rows, length: layout.blockCols * stride, stride };
  undoPredictor(words, predictor, rows);
  return words;
}

/** Throws the RasterError of a block whose bytes are damaged. */
export function refuseBlock(layout: Layout, { name, index }: Omit<BlockPlace, 'rows'>, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  const block = `${layout.tiled ? 'tile' : 'strip'} ${index} (${layout.compression})`;
  return refuse(name, `${block} cannot be decoded: ${why}; the file is damaged, get it again`, cause);
}

async function decompress(
  bytes: Uint8Array,
  layout: Layout,
  { codecs, place }: { codecs: Codecs; place: BlockPlace },
): Promise<Uint8Array> {
  const needed = place.rows * rowBytes(layout);
  const most = layout.blockRows * rowBytes(layout); // some writers pad the last strip
  let raw: Uint8Array = bytes;
  try {
    if (layout.compression === 'deflate') raw = await codecs.inflate(bytes, most);
    if (layout.compression === 'lzw') raw = decodeLzw(bytes, needed);
    if (layout.compression === 'zstd') raw = await (codecs.unzstd ?? unzstd)(bytes, most);
  } catch (cause) {
    refuseBlock(layout, place, cause);
  }
  if (raw.length < needed) refuseBlock(layout, place, new Error(`expected ${needed} bytes, got ${raw.length}`));
  return raw;
}
