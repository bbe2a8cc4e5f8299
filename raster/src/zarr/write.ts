// Writes a map as a Zarr 3 store: one sharded array [bands, rows, cols] and its coordinates. Legend: B bands; S chunks a side of a shard.
import { readTiles, type TileReader } from '../map-tiles.js';
import type { MapFormat, MapInWork } from '../map-writer.js';
import type { Stop } from '../scene.js';
import type { ByteSink } from '../source.js';
import { across, down } from '../tiff/overviews.js';
import { isFloat } from '../tiff/write-options.js';
import { ARRAY, GZIP_LEVEL, type StoreFile, storeFiles } from './metadata.js';
import { type ChunkShape, chunkOf, createShard } from './shard.js';

/** Where the files of a new folder go. Nothing appears under its final name before `commit`. */
export interface FolderSink {
  /** A file of the folder, by its path in it. */
  create(file: string): Promise<ByteSink>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface ZarrPlaces {
  readonly createFolder: () => Promise<FolderSink>;
  readonly gzip: (bytes: Uint8Array, level: number) => Promise<Uint8Array>;
}

/** Chunks along a side of a shard: 2048 pixels. */
const S = 4;

/** Makes a Zarr store of a map. */
export const zarrFormat =
  ({ createFolder, gzip }: ZarrPlaces): MapFormat =>
  (map) => {
    const { blockRows: side, bands, sampleType } = map.plan;
    const fill = map.options.noData ?? (isFloat(sampleType) ? Number.NaN : 0);
    const files = storeFiles(map, { chunk: side, shard: S * side, fill });
    const shape = { side, bands, sampleType, fill };
    const finish = async (signal: Stop | undefined) => {
      const tiles = readTiles(map, signal);
      const folder = await createFolder();
      try {
        await writeShards({ map, folder, gzip, tiles, shape });
        await writeAll(folder, files);
        await folder.commit();
        return tiles.statistics();
      } catch (error) {
        await folder.discard();
        throw error;
      }
    };
    return { finish };
  };

async function writeAll(folder: FolderSink, files: readonly StoreFile[]): Promise<void> {
  for (const [path, bytes] of files) {
    const sink = await folder.create(path);
    await sink.write(0, bytes);
    await sink.commit();
  }
}

interface Work extends Pick<ZarrPlaces, 'gzip'> {
  readonly map: MapInWork;
  readonly folder: FolderSink;
  readonly tiles: TileReader;
  readonly shape: ChunkShape;
}

async function writeShards(work: Work): Promise<void> {
  const { plan } = work.map;
  const [rows, cols] = [down(plan, plan.blockRows), across(plan, plan.blockRows)];
  for (let ty = 0; ty < rows; ty += S)
    for (let tx = 0; tx < cols; tx += S) {
      const places: [number, number][] = [];
      for (let y = ty; y < Math.min(rows, ty + S); y++)
        for (let x = tx; x < Math.min(cols, tx + S); x++) places.push([y, x]);
      await writeShard(work, places);
    }
}

/** Writes the shard of these tiles, one tile after the other: in the file chunks may lie in any order. */
async function writeShard(work: Work, places: readonly (readonly [number, number])[]): Promise<void> {
  const { folder, gzip, tiles, shape } = work;
  const { side, bands: B } = shape;
  const [ty, tx] = places[0]!;
  const shard = createShard(B * S * S, () => folder.create(`${ARRAY}/c/0/${ty / S}/${tx / S}`));
  try {
    for await (const tile of tiles.read(places)) {
      const chunks = await Promise.all(
        Array.from({ length: B }, async (_, b) => {
          const chunk = chunkOf(tile, b, shape);
          return chunk && gzip(new Uint8Array(chunk.buffer), GZIP_LEVEL);
        }),
      );
      const [y, x] = [tile.row / side - ty, tile.col / side - tx];
      for (const [b, bytes] of chunks.entries()) if (bytes) await shard.add((b * S + y) * S + x, bytes);
    }
    await shard.close();
  } catch (error) {
    await shard.discard();
    throw error;
  }
}
