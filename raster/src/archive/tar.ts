// Tar archives, gzipped or not. They have no directory: every pass reads all of them.
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';
import { refuse } from '../refuse.js';
import { type Archive, type ArchiveEntry, MOST_ENTRIES } from './entries.js';
import { damaged } from './errors.js';

/** Bytes read at a time. */
const CHUNK_BYTES = 2 ** 20;
/** More than this, unpacked, no delivery holds: a small archive that claims more keeps a processor busy for hours. */
const MOST_BYTES = 2 ** 40;

const isPlain = ({ type }: ReadEntry): boolean => type === 'File' || type === 'OldFile' || type === 'ContiguousFile';

/** Reads an archive from its beginning to its end and shows each entry, in order; `visit` consumes it, or returns nothing and it is skipped. */
function walk(
  path: string,
  visit: (entry: ReadEntry) => Promise<void> | undefined,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
    const written: Promise<void>[] = [];
    const fail = (cause: unknown) => {
      source.destroy();
      reject(cause);
    };
    const parser = new Parser({
      strict: true,
      onReadEntry(entry) {
        try {
          const writing = visit(entry);
          if (!writing) return void entry.resume();
          written.push(writing);
          writing.catch(fail);
        } catch (cause) {
          fail(cause);
        }
      },
    });
    parser.on('error', fail);
    parser.on('end', () => Promise.all(written).then(() => resolve(), fail));
    source.on('error', fail);
    source.pipe(parser);
  });
}

/** Opens a tar archive, gzipped or not; `name` is what messages call it. Rejects with RasterError where it is damaged. */
export async function openTar(path: string, name: string, signal?: AbortSignal): Promise<Archive> {
  const entries: ArchiveEntry[] = [];
  let bytes = 0;
  const run = async (visit: Parameters<typeof walk>[1], stop: AbortSignal | undefined) => {
    try {
      await walk(path, visit, stop);
    } catch (cause) {
      stop?.throwIfAborted();
      // What is gzipped need not be a tar: then the first header already is none.
      if (entries.length === 0 && /unrecognized|checksum/i.test((cause as Error).message))
        refuse(name, 'holds no tar archive; unpack it and name what is in it', cause);
      damaged(name, cause);
    }
  };
  await run((entry) => {
    bytes += entry.size;
    if (entries.length === MOST_ENTRIES || bytes > MOST_BYTES)
      refuse(name, `holds more than ${MOST_ENTRIES} files or ${MOST_BYTES} bytes; no delivery does that`);
    if (entry.type !== 'Directory') entries.push({ name: entry.path, size: entry.size, isFile: isPlain(entry) });
    return undefined;
  }, signal);
  return {
    entries,
    locate: async () => undefined,
    async extract(wanted, stop) {
      const places = new Map(wanted.map(({ entry, path: to }) => [entry.name, to]));
      await run((entry) => {
        const to = places.get(entry.path);
        if (to === undefined || !isPlain(entry)) return undefined;
        places.delete(entry.path);
        return pipeline(entry, createWriteStream(to, { flags: 'wx' }));
      }, stop);
    },
    close: async () => {},
  };
}
