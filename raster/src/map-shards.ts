// Tiles of a map made by several processes, on one machine or on many that share a file system: each in a folder of its own beside the map, until all are gathered.
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RasterError } from './error.js';
import { createMapWriter, type MapWriter } from './map-writer.js';
import { nodeCodecs } from './node-codecs.js';
import { toRasterError } from './node-files.js';
import { assertMapWritable, FORMATS, type MapFileOptions, partFolder } from './node-map.js';
import { openTileJournal, type TileJournal, type WorkIdentity } from './tile-journal.js';
import { lockFolder } from './write-lock.js';

/** Which of how many. */
interface Shard {
  readonly number: number;
  readonly of: number;
}

/** A shard of a map being written. */
export interface MapShard
  extends Pick<MapWriter, 'writeWindow' | 'holds' | 'flush'>,
    Pick<TileJournal, 'notes' | 'note'> {
  /** Keeps its tiles for another go, or for the map. */
  stop(): Promise<void>;
}

/** What a shard was asked for, as JSON. */
const REQUEST = 'request.json';
/** Its tiles are in the map's own folder. */
const GATHERED = 'gathered';

const stemOf = (path: string): string => partFolder(path).replace(/part$/, 'shard-');

/** Where the tiles of a map's shard are kept. */
export const shardFolder = (path: string, { number, of }: Shard): string => `${stemOf(path)}${number}-of-${of}`;

const identityOf = ({ format, identity }: Pick<MapFileOptions, 'format' | 'identity'>, shard: Shard): WorkIdentity => ({
  ...identity,
  format,
  shard: `${shard.number}/${shard.of}`,
});

/**
 * Begins a shard of the map at `path`, or goes on with one of the same identity: only tiles whose pixels all come are kept. `request` is kept with it. Rejects as `createMapFile`.
 */
export async function createMapShard(
  path: string,
  shard: Shard,
  { format, overwrite = false, identity, request, ...options }: MapFileOptions & { readonly request: unknown },
): Promise<MapShard> {
  await assertMapWritable(path, { format, overwrite });
  const folder = shardFolder(path, shard);
  const journal = await openTileJournal(folder, identityOf({ format, identity }, shard), { anew: overwrite });
  try {
    const name = join(folder, REQUEST);
    await rm(join(folder, GATHERED), { force: true });
    await writeFile(`${name}.new`, `${JSON.stringify(request, null, 1)}\n`, { mode: 0o600 }); // URLs may hold secrets
    await rename(`${name}.new`, name);
    const writer = createMapWriter({ name: path, store: journal, codecs: nodeCodecs }, options, (map) => {
      FORMATS[format](path, { overwrite })(map); // says what it cannot write
      return { finish: () => Promise.reject(new Error('a shard is no map')) };
    });
    return {
      ...writer,
      notes: journal.notes,
      note: journal.note,
      async stop() {
        await writer.flush().catch(() => {}); // known already
        await journal.close();
      },
    };
  } catch (cause) {
    await journal.close();
    throw toRasterError('keep finished tiles in it', folder, cause);
  }
}

/** A shard that is there, and what it was asked for. */
export interface FoundShard extends Shard {
  readonly request: unknown;
  /** Whether all its tiles were taken for the map. */
  readonly gathered: boolean;
}

/** The shards of a map that are there, by their numbers. Rejects with RasterError where one's request cannot be read. */
export async function findShards(path: string): Promise<FoundShard[]> {
  const stem = basename(stemOf(path));
  const names = await readdir(dirname(stemOf(path))).catch((cause) => {
    throw toRasterError('look for shards in it', dirname(stemOf(path)), cause);
  });
  const shards = names.flatMap((name) => {
    const found = name.startsWith(stem) ? /^(\d+)-of-(\d+)$/.exec(name.slice(stem.length)) : null;
    return found ? [{ number: Number(found[1]), of: Number(found[2]) }] : [];
  });
  shards.sort((a, b) => a.of - b.of || a.number - b.number);
  return Promise.all(
    shards.map(async (shard) => {
      const folder = shardFolder(path, shard);
      const gathered = await isThere(join(folder, GATHERED));
      // Of one that is being removed the request may be gone already.
      return {
        ...shard,
        gathered,
        request: gathered ? await readRequest(folder).catch(() => undefined) : await readRequest(folder),
      };
    }),
  );
}

async function readRequest(folder: string): Promise<unknown> {
  const name = join(folder, REQUEST);
  try {
    return JSON.parse(await readFile(name, 'utf8'));
  } catch (cause) {
    throw new RasterError(`${name}: does not say what the shard was asked for; unmix that shard again`, {
      path: name,
      cause,
    });
  }
}

/**
 * Takes the tiles of shards, and what was noted with them, into the folder of the map's own tiles, from where `createMapFile` with the same options makes the map. Rejects with
 * RasterError where a shard is of other work (saying what differs), or another process writes there.
 */
export async function gatherShards(
  path: string,
  shards: readonly Shard[],
  {
    format,
    identity,
    overwrite = false,
    signal,
  }: Pick<MapFileOptions, 'format' | 'identity' | 'overwrite'> & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await assertMapWritable(path, { format, overwrite });
  const own = await openTileJournal(partFolder(path), { ...identity, format }, { anew: overwrite });
  try {
    const held = new Set(own.held());
    const noted = new Set(own.notes());
    for (const shard of shards) {
      const journal = await openTileJournal(shardFolder(path, shard), identityOf({ format, identity }, shard));
      try {
        for (const text of journal.notes()) if (!noted.has(text)) await own.note(text);
        for (const index of journal.held()) {
          signal?.throwIfAborted();
          if (!held.has(index)) await own.put(0, index, await journal.get(0, index));
        }
      } finally {
        await journal.close();
      }
    }
  } finally {
    await own.close();
  }
}

/** Notes in each shard that all its tiles are in the map's own folder: what is left of it after that may go when the map is complete. */
export async function markGathered(path: string, shards: readonly Shard[]): Promise<void> {
  for (const shard of shards) await writeFile(join(shardFolder(path, shard), GATHERED), '');
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whether the map of these shards is complete: all were gathered, and nothing is in work. */
export async function isMerged(path: string, shards: readonly FoundShard[]): Promise<boolean> {
  const all = shards.length > 0 && shards.every(({ gathered }) => gathered);
  return all && (await isThere(path)) && !(await isThere(partFolder(path)));
}

/** Deletes shards that were gathered; one that somebody began anew, or writes, stays. */
export async function removeShards(path: string, shards: readonly Shard[]): Promise<void> {
  for (const shard of shards) {
    const folder = shardFolder(path, shard);
    const unlock = await lockFolder(folder).catch(() => undefined);
    if (!unlock) continue;
    if (await isThere(join(folder, GATHERED))) await rm(folder, { recursive: true });
    else await unlock();
  }
}
