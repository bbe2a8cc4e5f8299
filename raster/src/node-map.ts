// Maps as files, written so that an interrupted writing can go on.
import { promisify } from 'node:util';
import { type InputType, type ZlibOptions, gzip as zlibGzip } from 'node:zlib';
import { enviFormat } from './envi-write.js';
import { isFinished, markFinished } from './finished-map.js';
import { enviOutput, type MapFormatName, mapFiles } from './map-format.js';
import { createMapWriter, type MapFormat, type MapOptions, type MapWriter } from './map-writer.js';
import { nodeCodecs } from './node-codecs.js';
import { assertStoreWritable, clearRemains, createEnviFiles, createStore } from './node-folder-output.js';
import { assertWritable, createFile, type FileOptions } from './node-output.js';
import { cogFormat } from './tiff/cog.js';
import { openTileJournal, type TileJournal, type WorkIdentity } from './tile-journal.js';
import { zarrFormat } from './zarr/write.js';

/** A map being written. */
export interface MapFile extends MapWriter, Pick<TileJournal, 'notes' | 'note'> {
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

/** What makes files of tiles. */
export const FORMATS: Readonly<Record<MapFormatName, (path: string, how: FileOptions) => MapFormat>> = {
  cog: (path, how) => cogFormat(() => createFile(path, how)),
  zarr: (path, how) =>
    zarrFormat({
      createFolder: () => createStore(path, how),
      gzip: (bytes, level) => gzipAsync(bytes, { level }),
    }),
  envi: (path, how) => {
    const { interleave, ...files } = enviOutput(path);
    return enviFormat(() => createEnviFiles(files, how), interleave);
  },
};

interface Target {
  readonly format: MapFormatName;
  readonly overwrite?: boolean | undefined;
}

async function assertTarget(path: string, { format, overwrite = false }: Target): Promise<void> {
  if (format === 'zarr') await assertStoreWritable(path, { overwrite });
  else for (const file of mapFiles(path, format)) await assertWritable(file, { overwrite });
}

/** Whether the map at `path` is complete, or nearly, and its folder of tiles still there: the process that made it was killed. The same work may end there anew. */
const wasFinished = (path: string, format: MapFormatName): Promise<boolean> =>
  isFinished(partFolder(path), mapFiles(path, format));

/**
 * Throws RasterError where a map of this format cannot be written at `path`: `assertWritable` for each of its files, or for a store. One
 * whose process was killed before it had tidied up is in nobody's way.
 */
export async function assertMapWritable(path: string, { format, overwrite = false }: Target): Promise<void> {
  await assertTarget(path, { format, overwrite: overwrite || (await wasFinished(path, format)) });
}

/**
 * Begins a map at `path`, or goes on with one of the same identity that was stopped or killed: tiles that were finished are kept in
 * `PATH.part` and not written again; the files' bytes are the same either way. They appear, complete, on `close()`.
 * Rejects with RasterError where the path is taken (unless `overwrite`), cannot be written, or the folder holds tiles of other work (unless
 * `overwrite`, which removes them).
 */
export async function createMapFile(
  path: string,
  { format, overwrite = false, identity, ...options }: MapFileOptions,
): Promise<MapFile> {
  const part = partFolder(path);
  const finished = await wasFinished(path, format);
  const anew = overwrite || finished;
  await assertTarget(path, { format, overwrite: anew });
  const journal = await openTileJournal(part, { ...identity, format }, { anew });
  try {
    for (const file of mapFiles(path, format)) await clearRemains(file);
    // A map of other work stays, but for its tiles; of the same work, one of whose tiles nothing is left, too.
    if (finished && journal.isEmpty()) await assertTarget(path, { format, overwrite });
    const how = { overwrite: anew, onComplete: (complete: string) => markFinished(part, complete) };
    const places = { name: path, store: journal, codecs: nodeCodecs };
    const writer = createMapWriter(places, options, FORMATS[format](path, how));
    let closed = false;
    const end = async (how: () => Promise<void>) => {
      if (closed) return;
      closed = true;
      await writer.flush().catch(() => {}); // what failed is known already, or does not matter any more
      await how();
    };
    return {
      ...writer,
      notes: journal.notes,
      note: journal.note,
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
