// Reads windows of a map's shards. Legend: B bands; S chunks a side of a shard; K bands asked for. Source: the codec "sharding_indexed" of Zarr 3.
import type { Folder } from '../folder.js';
import { refuse } from '../refuse.js';
import { sampleArrays, sampleSize, toSamples } from '../samples.js';
import type { Block, SampleArray, Window } from '../scene.js';
import type { ByteSource, Codecs } from '../source.js';
import { crc32c } from './crc32c.js';
import { ARRAY } from './metadata.js';
import type { ArrayLayout } from './read.js';
import { ABSENT } from './shard.js';

export interface Shards {
  readonly folder: Folder;
  readonly layout: ArrayLayout;
  readonly gunzip: NonNullable<Codecs['gunzip']>;
}

const AGAIN = 'the store is damaged, copy or make it again';

/** Opens a shard; undefined where it was never written, as there is nothing in it. */
async function openShard({ folder }: Shards, y: number, x: number): Promise<ByteSource | undefined> {
  try {
    return await folder.open(`${ARRAY}/c/0/${y}/${x}`);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string; status?: number } };
    // Not what may not be read (403): that would be silent NoData.
    if (cause?.code === 'ENOENT' || cause?.status === 404 || cause?.status === 410) return undefined;
    throw error;
  }
}

/** Places and lengths of the chunks [B, S, S, 2]. */
async function readIndex(source: ByteSource, { bands, perShard }: ArrayLayout): Promise<BigUint64Array> {
  const length = 16 * bands * perShard ** 2;
  if (source.size < length + 4) refuse(source.name, `${source.size} bytes, less than the index of a shard; ${AGAIN}`);
  const bytes = new Uint8Array(await source.read(source.size - length - 4, length + 4)); // aligned
  const sum = new DataView(bytes.buffer).getUint32(length, true);
  if (sum !== crc32c(bytes.subarray(0, length))) refuse(source.name, `its index has another checksum; ${AGAIN}`);
  return new BigUint64Array(bytes.buffer, 0, length / 8);
}

/** A chunk's samples [side, side]; undefined where it has none. */
async function readChunk(
  source: ByteSource,
  [place, length]: readonly [bigint, bigint],
  { layout, gunzip }: Shards,
): Promise<SampleArray | undefined> {
  if (place === ABSENT && length === ABSENT) return undefined;
  const { side, sampleType } = layout;
  const expected = side * side * sampleSize(sampleType);
  const [from, size] = [Number(place), Number(length)];
  // What cannot be made smaller becomes a little larger.
  if (from + size > source.size || size > 2 * expected + 1024)
    refuse(source.name, `a chunk of ${length} bytes at ${place} cannot be in its ${source.size} bytes; ${AGAIN}`);
  const packed = await source.read(from, size);
  try {
    const bytes = await gunzip(packed, expected);
    if (bytes.length === expected) return toSamples(bytes, sampleType, false);
  } catch (cause) {
    refuse(source.name, `a chunk at byte ${from} cannot be unpacked: ${(cause as Error).message}; ${AGAIN}`, cause);
  }
  return refuse(source.name, `a chunk at byte ${from} does not hold ${expected} bytes; ${AGAIN}`);
}

/** Numbers of the parts of `size` that `[from, from + length)` touches. */
function* touched(from: number, length: number, size: number): Generator<number> {
  for (let part = Math.floor(from / size); part * size < from + length; part++) yield part;
}

/** The pixels of a window, pixel-major [rows * cols, K]; fill value where nothing was written. */
export async function readShards(shards: Shards, window: Window, wanted: readonly number[]): Promise<Block> {
  const { side, perShard: S, sampleType, fill } = shards.layout;
  const { row, col, rows, cols } = window;
  const data = new sampleArrays[sampleType](rows * cols * wanted.length).fill(fill); // [rows * cols, K]
  const shard = S * side;
  for (const sy of touched(row, rows, shard))
    for (const sx of touched(col, cols, shard)) {
      const source = await openShard(shards, sy, sx);
      if (!source) continue;
      try {
        const index = await readIndex(source, shards.layout);
        for (const y of touched(row, rows, side))
          for (const x of touched(col, cols, side)) {
            if (Math.floor(y / S) !== sy || Math.floor(x / S) !== sx) continue;
            for (const [k, band] of wanted.entries()) {
              const at = 2 * ((band * S + (y % S)) * S + (x % S));
              const chunk = await readChunk(source, [index[at]!, index[at + 1]!], shards);
              if (chunk) copy({ chunk, side, y, x }, { data, window, k, count: wanted.length });
            }
          }
      } finally {
        await source.close();
      }
    }
  return { rows, cols, bands: wanted.length, data };
}

interface Chunk {
  readonly chunk: SampleArray;
  readonly side: number;
  readonly y: number;
  readonly x: number;
}

interface Place {
  readonly data: SampleArray;
  readonly window: Window;
  readonly k: number;
  readonly count: number;
}

/** Copies what a chunk has of a window. */
function copy({ chunk, side, y, x }: Chunk, { data, window, k, count }: Place): void {
  const { row, col, rows, cols } = window;
  const [top, left] = [Math.max(row, y * side), Math.max(col, x * side)];
  const [bottom, right] = [Math.min(row + rows, (y + 1) * side), Math.min(col + cols, (x + 1) * side)];
  for (let r = top; r < bottom; r++) {
    let from = (r - y * side) * side + left - x * side;
    let to = ((r - row) * cols + left - col) * count + k;
    for (let c = left; c < right; c++, from++, to += count) data[to] = chunk[from]!;
  }
}
