// The scene in an archive as files in a folder: unpacked ones, and ranges of the archive.
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SceneAccess } from '../access.js';
import type { Folder } from '../folder.js';
import { openFile } from '../node-files.js';
import type { ScenePlace } from '../open.js';
import { refuse } from '../refuse.js';
import { type ByteSource, readInto } from '../source.js';
import { folderKey, shareFolder } from './shared-folder.js';
import { CONTENTS, type Contents, FILES, NESTED, unpack } from './unpack.js';

/** The layout of the folders of unpacked files: another number, other folders. */
const LAYOUT = 1;

/** A range of a source as one by itself. */
function rangeOf(
  source: ByteSource,
  { name, offset, size }: { name: string; offset: number; size: number },
): ByteSource {
  const assertInside = (at: number, length: number) => {
    if (!(at >= 0 && length >= 0 && at + length <= size))
      refuse(name, `bytes ${at}..${at + length} are not in the file of ${size} bytes; it is damaged, get it again`);
  };
  return {
    name,
    size,
    async read(at, length) {
      assertInside(at, length);
      return source.read(offset + at, length);
    },
    async readInto(at, bytes) {
      assertInside(at, bytes.length);
      await readInto(source, offset + at, bytes);
    },
    close: () => source.close(),
  };
}

/**
 * Opens the scene in an archive: what it needs is unpacked once for all threads and processes that use it meanwhile; an image that is not
 * packed is read where it lies. Release it when the scene is closed. Rejects with RasterError as `unpack` does.
 */
export async function openArchived(
  path: string,
  access: SceneAccess,
): Promise<{ readonly place: ScenePlace; release(): Promise<void> }> {
  const { size, mtimeMs, ino } = await stat(path);
  const key = folderKey(LAYOUT, await realpath(path), size, mtimeMs, ino);
  const shared = await shareFolder(key, (folder) => unpack(path, folder, access), access);
  try {
    const contents: Contents = JSON.parse(await readFile(join(shared.path, CONTENTS), 'utf8'));
    const { file } = contents;
    const folder = folderOf(path, shared.path, contents);
    return { place: { folder, ...(file !== undefined && { file }) }, release: shared.release };
  } catch (cause) {
    await shared.release();
    throw cause;
  }
}

function folderOf(archive: string, unpacked: string, { files }: Contents): Folder {
  const find = (name: string) =>
    files.find((file) => file.name === name) ?? refuse(archive, `holds no ${name} beside the scene; get it again`);
  return {
    name: archive,
    list: async () => files.map(({ name }) => name),
    // Where it can be opened, for what comes with a scene.
    pathOf: (name) => (find(name).at ? `${archive}/${find(name).from}` : join(unpacked, FILES, name)),
    async open(name) {
      const { from, at } = find(name);
      const shown = `${archive}/${from}`;
      if (!at) return { ...(await openFile(join(unpacked, FILES, name))), name: shown };
      const source = await openFile(at.nested ? join(unpacked, NESTED) : archive);
      return rangeOf(source, { name: shown, ...at });
    },
  };
}
