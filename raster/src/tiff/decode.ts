// From a block's bytes in the file to its words in memory.
import { RasterError } from '../error.js';
import { endInflating, INFLATER_BYTES, makeInflater, OVERSHOOT_BYTES } from '../inflate.js';
import { aligned, type Kernels } from '../kernels.js';
import { sampleSize, swapBytes } from '../samples.js';
import { type ByteSource, type Codecs, readInto } from '../source.js';
import { blockKind, faultOf, type Layout, rowBytes, windowOfBlock } from './layout.js';
import { decodeLzwAt } from './lzw.js';
import { predictedRows, undoPredictor, undoPredictorAt } from './predictor.js';
import { toWords, type Words } from './tags.js';
import { unzstd } from './zstd.js';

/** What block this is, for its decoding and for messages. */
export interface BlockPlace {
  readonly name: string;
  readonly index: number;
  readonly rows: number;
}

export interface DecodeOptions {
  readonly codecs: Codecs;
  readonly kernels: Kernels;
  readonly place: BlockPlace;
}

/** Whether words are stored with their bytes the other way round. Predictor 3 has an order of its own. */
export const isForeign = ({ sampleType, littleEndian, predictor }: Layout): boolean =>
  !littleEndian && sampleSize(sampleType) > 1 && predictor !== 3;

/** Decodes a block into words [rows, blockCols, bands or 1]. Rejects with RasterError where the bytes are damaged. */
export async function decodeBlock(bytes: Uint8Array, layout: Layout, options: DecodeOptions): Promise<Words> {
  const { kernels, place } = options;
  const width = sampleSize(layout.sampleType);
  const needed = place.rows * rowBytes(layout);
  const raw = layout.compression === 'lzw' ? unlzw(bytes, layout, options) : await decompress(bytes, layout, options);
  // Uncompressed bytes may belong to the source, and views of words need alignment.
  const mustCopy = (layout.compression === 'none' && isForeign(layout)) || raw.byteOffset % width !== 0;
  const part = raw.subarray(0, needed);
  const own = mustCopy ? new Uint8Array(part) : part; // not slice(): a Buffer's gives a view
  if (isForeign(layout)) swapBytes(own, width);
  undoPredictor(kernels, own, { predictor: layout.predictor, rows: predictedRows(layout, place.rows) });
  return toWords(own.buffer, own.byteOffset, needed, width);
}

/** Where a block is decoded in the kernels' memory: behind `scratch` lies nothing that is needed any more. */
export interface BlockMemory {
  readonly at: number;
  readonly scratch: number;
}

/** Bytes that are written behind a block while it is decoded. */
export const BEHIND_BYTES = OVERSHOOT_BYTES;

/** Reads block `place` of the file and decodes it at `at` in the kernels' memory. Rejects with RasterError where the bytes are damaged. */
export async function decodeBlockAt(
  source: ByteSource,
  layout: Layout,
  { at, scratch, ...options }: DecodeOptions & BlockMemory,
): Promise<void> {
  const { kernels, place } = options;
  assertBlock(layout, place.index, source);
  const [offset, length] = [layout.offsets[place.index]!, layout.byteCounts[place.index]!];
  const size = place.rows * rowBytes(layout);
  if (layout.compression === 'deflate')
    await inflateBlock(layout, { kernels, place, at, scratch, input: { source, offset, length } });
  else if (layout.compression === 'lzw') {
    const input = aligned(scratch);
    kernels.reserve(input + length);
    await readInto(source, offset, new Uint8Array(kernels.buffer, input, length));
    decodeLzwBlock(layout, { kernels, place, at, input, length });
  } else {
    const raw = await decompress(await source.read(offset, length), layout, options);
    kernels.reserve(at + size);
    new Uint8Array(kernels.buffer).set(raw.subarray(0, size), at);
  }
  if (isForeign(layout)) swapBytes(new Uint8Array(kernels.buffer, at, size), sampleSize(layout.sampleType));
  kernels.reserve(scratch + rowBytes(layout));
  undoPredictorAt(kernels, { at, scratch }, { predictor: layout.predictor, rows: predictedRows(layout, place.rows) });
}

interface ToInflate extends Pick<DecodeOptions, 'kernels' | 'place'>, BlockMemory {
  readonly input: { readonly source: ByteSource; readonly offset: number; readonly length: number };
}

async function inflateBlock(layout: Layout, { kernels, place, at, scratch, input }: ToInflate): Promise<void> {
  const limit = at + place.rows * rowBytes(layout);
  const room = aligned(Math.max(scratch, limit + BEHIND_BYTES));
  kernels.reserve(room + INFLATER_BYTES);
  const inflater = makeInflater(kernels, { ...input, room });
  let end = at;
  try {
    end = await inflater.inflate(at, limit, at);
    if (end >= limit) await endInflating(inflater, end, { history: at, padded: !layout.tiled });
  } catch (cause) {
    if (cause instanceof RasterError) throw cause;
    refuseBlock(layout, place, cause);
  }
  assertLength(end - at, layout, place);
}

/** Throws the RasterError of a block whose bytes are damaged. */
export function refuseBlock(layout: Layout, { name, index }: Omit<BlockPlace, 'rows'>, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  const block = `${blockKind(layout)} ${index} (${layout.compression})`;
  throw new RasterError(`${name}: ${block} cannot be decoded: ${why}; the file is damaged, get it again`, {
    path: name,
    damaged: { block, window: windowOfBlock(layout, index) },
    cause,
  });
}

/** Throws the RasterError of a block that cannot be where it should be. */
export function assertBlock(layout: Layout, index: number, { name, size }: ByteSource): void {
  const fault = faultOf(layout, index, size);
  if (fault) refuseBlock(layout, { name, index }, `it ${fault}`);
}

function assertLength(length: number, layout: Layout, place: BlockPlace): void {
  const needed = place.rows * rowBytes(layout);
  if (length < needed) refuseBlock(layout, place, new Error(`expected ${needed} bytes, got ${length}`));
}

function decodeLzwBlock(
  layout: Layout,
  {
    kernels,
    place,
    ...where
  }: Pick<DecodeOptions, 'kernels' | 'place'> & { at: number; input: number; length: number },
): void {
  let length = 0;
  try {
    length = decodeLzwAt(kernels, { ...where, size: place.rows * rowBytes(layout) });
  } catch (cause) {
    refuseBlock(layout, place, cause);
  }
  assertLength(length, layout, place);
}

function unlzw(bytes: Uint8Array, layout: Layout, { kernels, place }: DecodeOptions): Uint8Array {
  const size = place.rows * rowBytes(layout);
  const at = kernels.base;
  const input = aligned(at + size + BEHIND_BYTES);
  kernels.reserve(input + bytes.length);
  new Uint8Array(kernels.buffer).set(bytes, input);
  decodeLzwBlock(layout, { kernels, place, at, input, length: bytes.length });
  return new Uint8Array(kernels.buffer, at, size).slice();
}

/** Unpacks what the platform's codecs unpack. */
async function decompress(bytes: Uint8Array, layout: Layout, { codecs, place }: DecodeOptions): Promise<Uint8Array> {
  const most = layout.blockRows * rowBytes(layout); // some writers pad the last strip
  let raw: Uint8Array = bytes;
  try {
    if (layout.compression === 'deflate') raw = await codecs.inflate(bytes, most);
    if (layout.compression === 'zstd') raw = await (codecs.unzstd ?? unzstd)(bytes, most);
  } catch (cause) {
    refuseBlock(layout, place, cause);
  }
  assertLength(raw.length, layout, place);
  return raw;
}
