// Files that a person dropped on a page, or picked.
import { isEnmapFile, isEnmapMetadata } from './enmap-files.js';
import { isEnviHeaderFile } from './envi-files.js';
import type { Folder } from './folder.js';
import type { ScenePlace } from './open.js';
import { kindOf, UNREADABLE } from './open-raster.js';
import { refuse } from './refuse.js';
import { assertInside, type ByteSource } from './source.js';

/** What is needed of a browser's `File`. */
export interface WebFile {
  readonly name: string;
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

function openWebFile(file: WebFile): ByteSource {
  const { name, size } = file;
  return {
    name,
    size,
    async read(offset, length) {
      assertInside(file, offset, length);
      const gone = (cause?: unknown) =>
        refuse(name, 'can no longer be read: it was changed, moved or deleted meanwhile; choose it again', cause);
      const buffer = await file
        .slice(offset, offset + length)
        .arrayBuffer()
        .catch(gone);
      return buffer.byteLength === length ? new Uint8Array(buffer) : gone();
    },
    close: async () => {},
  };
}

function folderOf(files: readonly WebFile[]): Folder {
  const name = files.length === 1 ? files[0]!.name : 'the files';
  const byName = new Map(files.map((file) => [file.name, file]));
  if (byName.size < files.length) refuse(name, 'some have the same name; choose the files of one scene');
  return {
    name,
    list: async () => [...byName.keys()],
    pathOf: (file) => file,
    async open(file) {
      return openWebFile(byName.get(file) ?? refuse(file, 'is not among the files; choose it too'));
    },
  };
}

/** What accompanies a GeoTIFF and looks like one. */
const COMPANION = /\.(ovr|msk)$/i;

/** The file that is the scene, among several that are no product. */
async function findScene(folder: Folder, files: readonly WebFile[]): Promise<string> {
  const scenes: string[] = [];
  const headers: string[] = [];
  for (const { name, size } of files) {
    if (size === 0 || COMPANION.test(name)) continue;
    const kind = await kindOf(folder, name);
    if (kind === 'envi header' || isEnviHeaderFile(name)) headers.push(name);
    else if (kind !== 'unknown') scenes.push(name);
  }
  const [first, ...others] = scenes.length > 0 ? scenes : headers;
  if (first === undefined) return refuse(folder.name, UNREADABLE);
  if (others.length > 0) refuse(folder.name, `are several scenes (${[first, ...others].join(', ')}); choose one`);
  return first;
}

/** Where the scene is that some files are together: one file, an ENVI image and its header, or a product. Rejects with RasterError where they are none, or several. */
export async function webFilesPlace(files: readonly WebFile[]): Promise<ScenePlace> {
  if (files.length === 0) refuse('the files', 'are none; choose the files of a scene');
  const folder = folderOf(files);
  const names = files.map(({ name }) => name);
  if (names.length === 1) return { folder, file: names[0]! };
  if (names.some(isEnmapMetadata)) return { folder };
  return { folder, file: names.find(isEnmapFile) ?? (await findScene(folder, files)) };
}
