// What belongs to a scene, and to a model.
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Folder, openSceneAt, type Scene } from '@egunet/raster';
import { nodeCodecs, openFolder } from '@egunet/raster/node';
import { readModelCard } from '../pipeline/model-card.js';
import { CommandError } from '../support/errors.js';

/** A file that is served. */
export interface NamedFile {
  readonly name: string;
  /** On disk, links resolved. */
  readonly path: string;
  readonly bytes: number;
}

/** Something that the user named, with the files that belong to it, its own first. */
export interface NamedThing {
  readonly name: string;
  readonly files: readonly [NamedFile, ...NamedFile[]];
}

export interface NamedScene extends NamedThing, Pick<Scene, 'format' | 'rows' | 'cols' | 'sampleType'> {
  /** Number of bands. */
  readonly bands: number;
}

async function fileAt(path: string): Promise<NamedFile> {
  const real = await realpath(path);
  return { name: basename(path), path: real, bytes: (await stat(real)).size };
}

/** A folder whose links are not seen, but for the file that the user named; `opened` collects the names of what is opened of it. */
function watchedFolder(path: string, named: string | undefined): { folder: Folder; opened: Set<string> } {
  const folder = openFolder(path);
  const opened = new Set<string>(named === undefined ? [] : [named]);
  const seen = <R extends unknown[], T>(open: (file: string, ...rest: R) => T) => {
    return (file: string, ...rest: R) => {
      opened.add(file);
      return open(file, ...rest);
    };
  };
  const list = async () => {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile() || entry.name === named).map(({ name }) => name);
  };
  return { folder: { ...folder, list, open: seen(folder.open), openHdf5: seen(folder.openHdf5!) }, opened };
}

/** Opens the quality layers of a scene, so that it is known which files they have. A damaged one is the reader's matter. */
async function touchLayers({ qualityLayers = [] }: Scene): Promise<void> {
  for (const { open } of qualityLayers)
    await open().then(
      (layer) => layer.close(),
      () => {},
    );
}

/**
 * Opens a scene and says which files its reader took: those are what belongs to it. Its own file is the one that was named, of a folder the largest one,
 * which is the image. Rejects with RasterError where there is no scene, with CommandError where it is one that cannot be read over HTTP.
 */
export async function nameScene(path: string): Promise<NamedScene> {
  if (/\.(zip|tar|tgz|tar\.gz)$/i.test(path))
    throw new CommandError(`${path}: an archive, which no web page can read; unpack it and name the scene in it`);
  const isFolder = (await stat(path)).isDirectory();
  const [place, named] = isFolder ? [path, undefined] : [dirname(path), basename(path)];
  const { folder, opened } = watchedFolder(place, named);
  const scene = await openSceneAt({ folder, ...(named !== undefined && { file: named }) }, nodeCodecs);
  const { format, rows, cols, sampleType, bands } = scene;
  try {
    if (format === 'Zarr') throw new CommandError(`${path}: a map in a Zarr store, expected a scene; name that`);
    await touchLayers(scene);
  } finally {
    await scene.close();
  }
  const found = await Promise.all([...opened].map((name) => fileAt(join(place, name))));
  const own = named === undefined ? found.reduce((a, b) => (b.bytes > a.bytes ? b : a)) : found[0]!;
  const files: NamedThing['files'] = [own, ...found.filter((file) => file !== own)];
  return { name: basename(resolve(path)), files, format, rows, cols, sampleType, bands: bands.length };
}

/** Reads a model's card, to be sure that it is one of ours. Rejects with CommandError where it is not. */
export async function nameModel(path: string): Promise<NamedThing> {
  await readModelCard(path);
  const file = await fileAt(path);
  return { name: file.name, files: [file] };
}
