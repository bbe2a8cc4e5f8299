// Which scenes are meant: files, products, lists, patterns, and folders that are searched.
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { listScenes, type SceneNames } from '@egunet/infer-node';
import { isUrl } from '@egunet/raster/url';
import { glob, isDynamicPattern } from 'tinyglobby';
import { CommandError } from '../../support/errors.js';

/** Files that may be scenes, by their endings; of an ENVI image its header. */
const SCENE_FILE = /\.(tiff?|hdr|mat|nc|he5|h5|zip|tar|tgz|tar\.gz)$/i;
const METADATA_FILE = /METADATA\.XML$/i;
const ZARR_FILE = 'zarr.json';

/** All scenes that are meant, absolute paths or URLs, in their order, each once. Rejects with CommandError where a folder or a pattern holds none, with InferError where a list cannot be read. */
export async function findScenes(names: SceneNames): Promise<string[]> {
  const named = typeof names === 'object' && 'list' in names ? await namesIn(names) : [names].flat();
  const plain = (await Promise.all(named.map(matchPattern))).flat();
  const found = (await Promise.all((await namesIn(plain)).map(searchFolder))).flat();
  const places = new Set<string>();
  const scenes: string[] = [];
  for (const path of found) {
    const place = await placeOf(path);
    if (!places.has(place)) scenes.push(path);
    places.add(place);
  }
  return scenes;
}

/** Where a scene lies, links followed; of an ENVI image its header, by whatever file it is named. */
async function placeOf(path: string): Promise<string> {
  if (isUrl(path)) return path;
  const place = await realpath(path).catch(() => path);
  const { dir, name, ext } = parse(place);
  for (const header of [`${place}.hdr`, join(dir, `${name}.hdr`)])
    if (!/^\.(tiff?|zip|tar|tgz|gz)$/i.test(ext) && (await isThere(header))) return header;
  return place;
}

/** The names in a list, and the scenes of virtual mosaics. */
const namesIn = async (names: SceneNames): Promise<string[]> =>
  (await listScenes(names)).sources.map(({ path }) => path);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What a pattern matches, by name; a name that is none, or that is there as it stands, is itself. */
async function matchPattern(name: string): Promise<string[]> {
  if (isUrl(name) || !isDynamicPattern(name) || (await isThere(name))) return [name];
  const pattern = process.platform === 'win32' ? name.replaceAll('\\', '/') : name;
  const found = await glob(pattern, { absolute: true, onlyFiles: false, expandDirectories: false });
  if (found.length === 0) throw new CommandError(`${name}: no file or folder matches; check the pattern`);
  return found.map((path) => resolve(path)).sort();
}

/** The scenes of a folder and its folders; what is no folder, or the folder of one product, is itself. */
async function searchFolder(name: string): Promise<string[]> {
  if (isUrl(name)) return [name];
  const path = resolve(name);
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder || (await isProduct(path))) return [path];
  const found = await search(path, new Set());
  if (found.length === 0)
    throw new CommandError(
      `${name}: holds no scene, nor do its folders; name scenes, or a folder with products, GeoTIFF, ENVI, HDF5 or MATLAB files or archives`,
    );
  return found;
}

/** Whether a folder is one scene: an unpacked product, or a Zarr store. */
async function isProduct(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return names.includes(ZARR_FILE) || names.filter((name) => METADATA_FILE.test(name)).length === 1;
}

/** Scenes of a folder, by name, those of its folders among them; links are followed, once. */
async function search(folder: string, seen: Set<string>): Promise<string[]> {
  const place = await realpath(folder);
  if (seen.has(place)) return [];
  seen.add(place);
  if (await isProduct(folder)) return [folder];
  const names = (await readdir(folder)).sort();
  const products = names.filter((name) => METADATA_FILE.test(name));
  if (products.length > 0) return products.map((name) => join(folder, name));
  const found: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined); // a link to nothing is no scene
    if (entry?.isDirectory()) found.push(...(await search(path, seen)));
    else if (entry?.isFile() && SCENE_FILE.test(basename(name))) found.push(path);
  }
  return found;
}
