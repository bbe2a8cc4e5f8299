// What a scene needs of its archive, unpacked into a folder.
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SceneAccess } from '../access.js';
import { refuse } from '../refuse.js';
import { type Archive, type ArchiveEntry, type Choice, chooseEntries, fileOf } from './entries.js';
import { archiveKind } from './kind.js';

/** What lies in the folder of an unpacked archive, kept there as `CONTENTS`. */
export interface Contents {
  /** The scene's file; absent where the files are a product. */
  readonly file?: string;
  /** Each file: `from` the archive, the name that it has there; `at`, where it lies unpacked in an archive. */
  readonly files: readonly {
    readonly name: string;
    readonly from: string;
    readonly at?: { readonly nested: boolean; readonly offset: number; readonly size: number };
  }[];
}

export const CONTENTS = 'contents.json';
/** Subfolder of the unpacked files, and the archive that was inside the archive where the image is read from it. */
export const FILES = 'files';
export const NESTED = 'nested';

async function openArchive(path: string, name: string, signal: AbortSignal | undefined): Promise<Archive> {
  const kind = await archiveKind(path);
  // Loaded for archives only: the libraries take as long as opening a scene.
  if (kind === 'zip') return (await import('./zip.js')).openZip(path, name);
  if (kind === 'tar') return (await import('./tar.js')).openTar(path, name, signal);
  return refuse(name, 'is neither a ZIP nor a tar archive, whatever its name says; get it again');
}

/** Bytes that stay free on a disk. */
const SPARE_BYTES = 2 ** 24;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** Where an archive goes, and what to call it. */
interface Task {
  readonly folder: string;
  readonly name: string;
  readonly access: SceneAccess;
}

/** Unpacks entries, after a look at the free space. */
async function extract(
  archive: Archive,
  wanted: readonly { readonly entry: ArchiveEntry; readonly path: string }[],
  { folder, name, access }: Task,
): Promise<void> {
  const bytes = wanted.reduce((sum, { entry }) => sum + entry.size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (bytes + SPARE_BYTES > bavail * bsize)
    refuse(
      name,
      `needs ${megabytes(bytes)} to be unpacked into ${dirname(folder)}, where ${megabytes(bavail * bsize)} are free; free some, or set EGUNET_CACHE to a folder on another disk`,
    );
  const what = wanted.length === 1 ? fileOf(wanted[0]!.entry.name) : `${wanted.length} files`;
  access.onNotice?.(`unpacking ${what} of ${fileOf(name)}, ${megabytes(bytes)}`);
  await archive.extract(wanted, access.signal);
}

async function unpackChoice(
  archive: Archive,
  choice: Exclude<Choice, { nested: ArchiveEntry }>,
  { nested, ...task }: Task & { readonly nested: boolean },
): Promise<Contents> {
  const { needed, image, file } = choice;
  const offset = image && (await archive.locate(image));
  const packed = offset === undefined ? needed : needed.filter((entry) => entry !== image);
  const files = join(task.folder, FILES);
  await mkdir(files);
  const wanted = packed.map((entry) => ({ entry, path: join(files, fileOf(entry.name)) }));
  if (wanted.length > 0) await extract(archive, wanted, task);
  return {
    ...(file !== undefined && { file }),
    files: needed.map((entry) => ({
      name: fileOf(entry.name),
      from: entry.name,
      ...(offset !== undefined && entry === image && { at: { nested, offset, size: entry.size } }),
    })),
  };
}

/** An archive inside the archive: deliveries are a tar of ZIPs. */
async function unpackNested(outer: Archive, nested: ArchiveEntry, task: Task): Promise<Contents> {
  const path = join(task.folder, NESTED);
  await extract(outer, [{ entry: nested, path }], task);
  const name = `${task.name}/${nested.name}`;
  const inner = await openArchive(path, name, task.access.signal);
  try {
    const choice = chooseEntries(inner.entries, name);
    if ('nested' in choice)
      refuse(name, `holds yet another archive, ${choice.nested.name}; unpack it and name what is in it`);
    const { file, files } = await unpackChoice(inner, choice, { ...task, name, nested: true });
    if (!files.some(({ at }) => at)) await rm(path);
    return {
      ...(file !== undefined && { file }),
      files: files.map((f) => ({ ...f, from: `${nested.name}/${f.from}` })),
    };
  } finally {
    await inner.close();
  }
}

/** Unpacks what the scene in an archive needs into `folder`. Rejects with RasterError where the archive is damaged, unsafe, or not one scene. */
export async function unpack(path: string, folder: string, access: SceneAccess): Promise<void> {
  const archive = await openArchive(path, path, access.signal);
  try {
    const task = { folder, name: path, access };
    const choice = chooseEntries(archive.entries, path);
    const contents =
      'nested' in choice
        ? await unpackNested(archive, choice.nested, task)
        : await unpackChoice(archive, choice, { ...task, nested: false });
    await writeFile(join(folder, CONTENTS), JSON.stringify(contents));
  } finally {
    await archive.close();
  }
}
