// Maps as files, written so that an interrupted writing can go on.
import { promisify } from 'node:util';
import { type InputType, type ZlibOptions, gzip as zlibGzip } from 'node:zlib';
import { enviFormat } from './envi-write.js';
import { enviOutput, type MapFormatName, mapFiles } from './map-format.js';
import { createMapWriter, type MapFormat, type MapOptions, type MapWriter } from './map-writer.js';
import { nodeCodecs } from './node-codecs.js';
import { assertStoreWritable, clearRemains, createEnviFiles, createStore } from './node-folder-output.js';
import { assertWritable, createFile } from './node-output.js';
import { cogFormat } from './tiff/cog.js';
import { openTileJournal, type WorkIdentity } from './tile-journal.js';
import { zarrFormat } from './zarr/write.js';

/** A map being written. */
export interface MapFile extends MapWriter {
  /**
   * Leaves no file under the final name; the tiles finished so far stay in `PATH.part` for another go, or nothing where there are none.
   * Does nothing after `close`.
   */
  stop(): Promise<void>;
  /** Leaves nothing: for work that would fail again. Does nothing after `close`. */
  discard(): Promise<void>;
}

export interface MapFileOptions extends MapOptions {
  readonly format: MapFormatName;
  readonly overwrite?: boolean;
  /** What the map is made of and how: only work of the same identity goes on from the tiles that are there. */
  readonly identity: WorkIdentity;
}

/** Where the tiles of a map that is being written are kept. */
export const partFolder = (path: string): string => `${path.replace(/(?<=[^/])\/+$/, '')}.part`;

const gzipAsync = promisify<InputType, ZlibOptions, Buffer>(zlibGzip);

const FORMATS: Readonly<Record<MapFormatName, (path: string, overwrite: boolean) => MapFormat>> = {
  cog: (path, overwrite) => cogFormat(() => createFile(path, overwrite)),
  zarr: (path, overwrite) =>
    zarrFormat({
      createFolder: () => createStore(path, overwrite),
      gzip: (bytes, level) => gzipAsync(bytes, { level }),
    }),
  envi: (path, overwrite) => {
    const { interleave, ...files } = enviOutput(path);
    return enviFormat(() => createEnviFiles(files, overwrite), interleave);
  },
};

/** Throws RasterError where a map of this format cannot be written at `path`: `assertWritable` for each of its files, or for a store. */
export async function assertMapWritable(
  path: string,
  { format, overwrite = false }: { readonly format: MapFormatName; readonly overwrite?: boolean | undefined },
): Promise<void> {
  if (format === 'zarr') await assertStoreWritable(path, { overwrite });
  else for (const file of mapFiles(path, format)) await assertWritable(file, { overwrite });
}

/**
 * Begins a map at `path`, or goes on with one of the same identity that was stopped or killed: tiles that were finished are kept in
 * `PATH.part` and not written again; the files' bytes are the same either way. They appear, complete, on `close()`.
 * Rejects with RasterError where the path is taken (unless `overwrite`), cannot be written, or the folder holds tiles of other work.
 */
export async function createMapFile(
  path: string,
  { format, overwrite = false, identity, ...options }: MapFileOptions,
): Promise<MapFile> {
  await assertMapWritable(path, { format, overwrite });
  const journal = await openTileJournal(partFolder(path), { ...identity, format });
  try {
    for (const file of mapFiles(path, format)) await clearRemains(file);
    const places = { name: path, store: journal, codecs: nodeCodecs };
    const writer = createMapWriter(places, options, FORMATS[format](path, overwrite));
    let closed = false;
    const end = async (how: () => Promise<void>) => {
      if (closed) return;
      closed = true;
      await writer.flush().catch(() => {}); // what failed is known already, or does not matter any more
      await how();
    };
    return {
      ...writer,
      stop: () => end(() => (journal.isEmpty() ? journal.remove() : journal.close())),
      discard: () => end(journal.remove),
      async close(signal) {
        const statistics = await writer.close(signal);
        closed = true;
        await journal.remove();
        return statistics;
      },
    };
  } catch (error) {
    await (journal.isEmpty() ? journal.remove() : journal.close());
    throw error;
  }
}
