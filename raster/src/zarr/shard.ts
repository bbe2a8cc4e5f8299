// One shard of a Zarr array: its chunks, then an index of their places and a checksum of the index. Legend: B bands; S chunks a side.
// Source: Zarr 3 core specification and its codec "sharding_indexed".
import type { ImageTile } from '../map-tiles.js';
import { sampleArrays } from '../samples.js';
import type { SampleArray, SampleType } from '../scene.js';
import type { ByteSink } from '../source.js';
import { crc32c } from './crc32c.js';

/** The place and the length of a chunk that is nothing but fill value. */
export const ABSENT = 2n ** 64n - 1n;

/** What a chunk is made of. */
export interface ChunkShape {
  readonly side: number;
  readonly bands: number;
  readonly sampleType: SampleType;
  readonly fill: number;
}

/** A band of a tile [side, side], fill value beyond the image; undefined where it is nothing else. */
export function chunkOf(
  tile: ImageTile,
  band: number,
  { side, bands: B, sampleType, fill }: ChunkShape,
): SampleArray | undefined {
  const chunk = new sampleArrays[sampleType](side * side).fill(fill);
  let empty = true;
  for (let row = 0; row < tile.rows; row++)
    for (let to = row * side, end = to + tile.cols, from = to * B + band; to < end; to++, from += B) {
      const value = tile.samples[from]!;
      if (empty && !Object.is(value, fill)) empty = false;
      chunk[to] = value;
    }
  return empty ? undefined : chunk;
}

/** A shard being written; its file is made for the first chunk, so that one without any has none. */
export interface ShardWriter {
  /** Adds the chunk that lies at `index` in [B, S, S]. */
  add(index: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/** Begins a shard of `chunks` chunks. */
export function createShard(chunks: number, createSink: () => Promise<ByteSink>): ShardWriter {
  const index = new BigUint64Array(2 * chunks).fill(ABSENT); // engines run on little-endian machines only
  let sink: ByteSink | undefined;
  let end = 0;
  return {
    async add(at, bytes) {
      sink ??= await createSink();
      await sink.write(end, bytes);
      index[2 * at] = BigInt(end);
      index[2 * at + 1] = BigInt(bytes.length);
      end += bytes.length;
    },
    async close() {
      if (!sink) return;
      const bytes = new Uint8Array(index.byteLength + 4);
      bytes.set(new Uint8Array(index.buffer));
      new DataView(bytes.buffer).setUint32(index.byteLength, crc32c(bytes.subarray(0, -4)), true);
      await sink.write(end, bytes);
      await sink.commit();
    },
    discard: async () => sink?.discard(),
  };
}
