// Cloud-optimised GeoTIFFs as files, written so that an interrupted writing can go on.
import { nodeCodecs } from './node-codecs.js';
import { assertWritable, createFile } from './node-output.js';
import { type CogOptions, type CogWriter, createCog } from './tiff/cog.js';
import { openTileJournal, type WorkIdentity } from './tile-journal.js';

/** A map being written. */
export interface CogFile extends CogWriter {
  /**
   * Leaves no file under the final name; the tiles finished so far stay in `PATH.part` for another go, or nothing where there are none.
   * Does nothing after `close`.
   */
  stop(): Promise<void>;
  /** Leaves nothing: for work that would fail again. Does nothing after `close`. */
  discard(): Promise<void>;
}

export interface CogFileOptions extends CogOptions {
  readonly overwrite?: boolean;
  /** What the map is made of and how: only work of the same identity goes on from the tiles that are there. */
  readonly identity: WorkIdentity;
}

/** Where the tiles of a map that is being written are kept. */
export const partFolder = (path: string): string => `${path}.part`;

/**
 * Begins a cloud-optimised GeoTIFF at `path`, or goes on with one of the same identity that was stopped or killed: tiles that were finished
 * are kept in `PATH.part` and not written again; the file's bytes are the same either way. It appears, complete, on `close()`.
 * Rejects with RasterError where the path is taken (unless `overwrite`), cannot be written, or the folder holds tiles of other work.
 */
export async function createCogFile(
  path: string,
  { overwrite = false, identity, ...options }: CogFileOptions,
): Promise<CogFile> {
  await assertWritable(path, { overwrite });
  const journal = await openTileJournal(partFolder(path), identity);
  try {
    const places = { name: path, store: journal, codecs: nodeCodecs, createSink: () => createFile(path, overwrite) };
    const writer = createCog(places, options);
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
    await journal.close();
    throw error;
  }
}
