// Maps in a browser: tiles and file lie in blobs. Chromium keeps those outside the page's memory, on disk where they are many; any browser drops
// them with whoever holds them: nothing is left of work that was stopped, nor of a page that ended, and no quota is asked for.
import { createMapWriter, type MapOptions, type MapWriter, type TileStore } from './map-writer.js';
import { refuse } from './refuse.js';
import type { Stop } from './scene.js';
import type { ByteSink } from './source.js';
import { cogFormat } from './tiff/cog.js';
import { webCodecs } from './web-codecs.js';

export { shiftTo } from './mosaic-grid.js';
export type { MapOptions, Stop };

/** A map being written. Who wants no more of it forgets it. */
export interface WebMap extends Pick<MapWriter, 'writeWindow'> {
  /**
   * Completes the file: a cloud-optimised GeoTIFF. Rejects with RasterError where a pixel was never written, or the browser has no room for
   * the map; with what the signal throws.
   */
  close(signal?: Stop): Promise<Blob>;
}

/** The bytes of a blob. Rejects with RasterError where the browser had no room to keep them. */
async function bytesOf(blob: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    return refuse(
      name,
      'the browser cannot keep the map: memory or disk are full; close other tabs, free some disk space, write a smaller part, or use the command line',
      cause,
    );
  }
}

function blobStore(name: string): TileStore {
  const tiles = new Map<string, Blob>();
  const find = (level: number, index: number): Blob =>
    tiles.get(`${level}/${index}`) ?? refuse(name, `no tile ${index} of level ${level}`);
  const get = (level: number, index: number) => bytesOf(find(level, index), name);
  return {
    held: () => [],
    async put(level, index, bytes) {
      tiles.set(`${level}/${index}`, new Blob([bytes]));
    },
    get,
    async getInto(level, index, into) {
      into.set(await get(level, index));
    },
    size: (level, index) => find(level, index).size,
  };
}

/** A sink whose bytes come one after the other. */
function blobSink(name: string): ByteSink & { file(): Blob } {
  let parts: Blob[] = [];
  const file = () => new Blob(parts, { type: 'image/tiff' });
  return {
    name,
    async write(_offset, bytes) {
      parts.push(new Blob([bytes]));
    },
    // A blob of which a part is lost cannot be read anywhere.
    commit: async () => void (await bytesOf(file().slice(0, 1), name)),
    async discard() {
      parts = [];
    },
    file,
  };
}

/** Begins a map, which messages call `name`. Throws RasterError naming the option that is wrong. */
export function createWebMap(name: string, options: MapOptions): WebMap {
  const sink = blobSink(name);
  const places = { name, store: blobStore(name), codecs: webCodecs };
  const { writeWindow, close } = createMapWriter(
    places,
    options,
    cogFormat(async () => sink),
  );
  return {
    writeWindow,
    async close(signal) {
      await close(signal);
      return sink.file();
    },
  };
}
