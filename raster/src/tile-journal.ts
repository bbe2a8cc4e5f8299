// Finished tiles of a file being written, in a folder beside it: what a killed process leaves, the next one goes on from.
// `journal` holds records, appended and never changed: MAGIC, level, index, length (uint32, little-endian), the first 16 bytes of the
// SHA-256 of those and the tile, the tile; or a note, as if it were a tile of a level of its own. `work.json` says of which work they are, a lock which process writes.
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RasterError } from './error.js';
import { FINISHED } from './finished-map.js';
import type { TileStore } from './map-writer.js';
import { toRasterError } from './node-files.js';
import { lockFolder } from './write-lock.js';

/** What makes two pieces of work the same: facts by name, compared as JSON. */
export type WorkIdentity = Readonly<Record<string, unknown>>;

/** A tile store on disk. */
export interface TileJournal extends TileStore {
  /** Whether it holds no tile. */
  isEmpty(): boolean;
  /** What was noted, in this go and earlier ones. */
  notes(): readonly string[];
  /** Keeps a text as it keeps tiles: what is put after it is never there without it. */
  note(text: string): Promise<void>;
  /** Keeps the journal for a later go. */
  close(): Promise<void>;
  /** Deletes it, and the folder. */
  remove(): Promise<void>;
}

const JOURNAL = 'journal';
const WORK = 'work.json';
const MAGIC = 0x31544745; // EGT1
const HEADER = 32;
const CHECKSUM_AT = 16;

/** The level of records that are notes. */
const NOTE = 0xffffffff;

interface Place {
  readonly offset: number;
  readonly length: number;
}

const keyOf = (level: number, index: number): string => `${level}/${index}`;
const isNote = (key: string): boolean => key.startsWith(`${NOTE}/`);

/**
 * Opens the journal in `folder`, made if need be; records that are damaged or cut off, and all behind them, are dropped.
 * Rejects with RasterError where another process writes there, where the folder holds other work (saying what differs; `anew` removes it), or
 * cannot be used.
 */
export async function openTileJournal(
  folder: string,
  identity: WorkIdentity,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<TileJournal> {
  try {
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      await claim(folder, identity, anew);
      return await makeJournal(folder, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  } catch (cause) {
    throw toRasterError('keep finished tiles in it', folder, cause);
  }
}

/** What is undefined where there is no such file. */
async function orNothing<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Compares the identity with that of the tiles that are there, which go where work begins `anew`; writes it where there are none. */
async function claim(folder: string, identity: WorkIdentity, anew: boolean): Promise<void> {
  const path = join(folder, WORK);
  const found = await orNothing(stat(join(folder, JOURNAL)));
  if (found && found.size > 0) {
    const differences = differencesOf(parse((await orNothing(readFile(path, 'utf8'))) ?? ''), identity);
    if (differences.length === 0) return;
    if (!anew)
      throw new RasterError(
        `${folder}: holds finished tiles of other work: ${differences.join('; ')}; finish that, or remove the folder`,
        { path: folder, remedy: 'overwrite' },
      );
    await rm(join(folder, JOURNAL));
  }
  await writeFile(path, `${JSON.stringify(identity, null, 1)}\n`);
}

function parse(text: string): WorkIdentity {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? (found as WorkIdentity) : {};
  } catch {
    return {};
  }
}

function differencesOf(before: WorkIdentity, now: WorkIdentity): string[] {
  const show = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((key) => show(before[key]) !== show(now[key]))
    .map((key) => `${key} was ${show(before[key])}, is ${show(now[key])}`);
}

/** The header of a record, checksum included. */
function headerOf(level: number, index: number, tile: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  for (const [i, value] of [MAGIC, level, index, tile.length].entries()) header.writeUInt32LE(value, 4 * i);
  checksum(header, tile).copy(header, CHECKSUM_AT);
  return header;
}

const checksum = (header: Uint8Array, tile: Uint8Array): Buffer =>
  createHash('sha256')
    .update(header.subarray(0, CHECKSUM_AT))
    .update(tile)
    .digest()
    .subarray(0, HEADER - CHECKSUM_AT);

/** Fills `bytes` from `offset` on, and returns how many it got: fewer at the end of the file. */
async function fillAt(handle: FileHandle, offset: number, bytes: Uint8Array): Promise<number> {
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await handle.read(bytes, got, bytes.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/** Reads exactly `length` bytes; fewer at the end of the file. */
async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  return bytes.subarray(0, await fillAt(handle, offset, bytes));
}

/** The places of the whole records, and where they end. */
async function scan(handle: FileHandle): Promise<{ places: Map<string, Place>; end: number }> {
  const places = new Map<string, Place>();
  const { size } = await handle.stat();
  for (let end = 0; ; ) {
    const header = await readAt(handle, end, HEADER);
    if (header.length < HEADER || header.readUInt32LE(0) !== MAGIC) return { places, end };
    const [level, index, length] = [4, 8, 12].map((at) => header.readUInt32LE(at)) as [number, number, number];
    const offset = end + HEADER;
    if (offset + length > size) return { places, end };
    const tile = await readAt(handle, offset, length);
    if (!checksum(header, tile).equals(header.subarray(CHECKSUM_AT))) return { places, end };
    places.set(keyOf(level, index), { offset, length });
    end = offset + length;
  }
}

/** The whole records of the journal, what is behind them cut off. */
async function recover(handle: FileHandle) {
  try {
    const found = await scan(handle);
    await handle.truncate(found.end);
    return found;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function makeJournal(folder: string, unlock: () => Promise<void>): Promise<TileJournal> {
  const handle = await open(join(folder, JOURNAL), 'a+');
  const found = await recover(handle);
  const { places } = found;
  let { end } = found;
  const heldAtFirst = [...places.keys()].map((key) => key.split('/').map(Number)).filter(([level]) => level === 0);
  const attempt = async <T>(doing: string, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      throw toRasterError(doing, folder, cause);
    }
  };
  const placeOf = (level: number, index: number): Place => {
    const place = places.get(keyOf(level, index));
    if (!place) throw new Error(`no tile ${index} of level ${level}`);
    return place;
  };
  const noted = [...places].filter(([key]) => isNote(key)).map(([, place]) => place);
  const texts = await Promise.all(noted.map(({ offset, length }) => readAt(handle, offset, length)));
  const notes = texts.map((bytes) => bytes.toString());
  let queue = Promise.resolve();
  const closeFile = async () => {
    await queue;
    await handle.close();
  };
  const put = (level: number, index: number, bytes: Uint8Array): Promise<void> => {
    const done = queue.then(() =>
      attempt('keep finished tiles in it', async () => {
        try {
          for (const part of [headerOf(level, index, bytes), bytes])
            for (let done = 0; done < part.length; )
              done += (await handle.write(part, done, part.length - done)).bytesWritten; // the file is opened for appending
        } catch (error) {
          await handle.truncate(end); // what is kept next begins behind the last whole record
          throw error;
        }
        places.set(keyOf(level, index), { offset: end + HEADER, length: bytes.length });
        end += HEADER + bytes.length;
      }),
    );
    queue = done.catch(() => {});
    return done;
  };
  const getInto = (level: number, index: number, into: Uint8Array): Promise<void> =>
    attempt('read finished tiles', async () => {
      if ((await fillAt(handle, placeOf(level, index).offset, into)) < into.length)
        throw new RasterError(`${folder}: the journal became shorter while it was used`);
    });
  return {
    held: () => heldAtFirst.map(([, index]) => index!),
    put,
    notes: () => notes,
    note: (text) => put(NOTE, notes.push(text) - 1, Buffer.from(text)),
    async get(level, index) {
      const tile = Buffer.allocUnsafeSlow(placeOf(level, index).length);
      await getInto(level, index, tile);
      return tile;
    },
    getInto,
    size: (level, index) => placeOf(level, index).length,
    isEmpty: () => [...places.keys()].every(isNote),
    async close() {
      await closeFile();
      await unlock();
    },
    async remove() {
      await closeFile();
      // The tiles first: none may be left without the name of their work.
      for (const name of [JOURNAL, WORK]) await rm(join(folder, name), { force: true });
      await unlock();
      await rm(join(folder, FINISHED), { force: true }); // until now it tells the next go to tidy up
      await rmdir(folder).catch(() => {}); // who comes next may have begun in it
    },
  };
}
