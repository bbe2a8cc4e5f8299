// What makes two unmixings the same piece of work, so that one may go on from the other's finished tiles.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { httpIdentity, type SceneAccess } from '@egunet/raster';
import { isUrl } from '@egunet/raster/url';

const ENVI_FILE = /^\.(hdr|img|dat|bsq|bil|bip|raw)?$/i;

/** The files of an EnMAP product, whatever stands before and after. */
const PRODUCT_FILE = /(^|-)(SPECTRAL_IMAGE|METADATA|QL_)/i;

/** True for the name of a product's file. */
export const isProductFile = (name: string): boolean => PRODUCT_FILE.test(name);

/** What the names of a product's files begin with; undefined for other files. */
const productOf = (name: string): string | undefined => {
  const found = PRODUCT_FILE.exec(name);
  return found ? name.slice(0, found.index) : undefined;
};

/** Name, size and time of change of a scene's files: of a folder or a product all, of an ENVI image both, else the file itself (an archive is one); over HTTP name, size and version. */
export async function sceneIdentity(path: string, access: SceneAccess = {}): Promise<string[]> {
  if (isUrl(path)) return httpIdentity(path, access);
  const folder = (await stat(path)).isDirectory();
  const place = folder ? path : dirname(path);
  const stem = basename(path, extname(path));
  const envi = ENVI_FILE.test(extname(path));
  const product = productOf(basename(path));
  const belongs = (name: string) =>
    folder ||
    name === basename(path) ||
    (product !== undefined && productOf(name) === product) ||
    (envi && basename(name, extname(name)) === stem && ENVI_FILE.test(extname(name)));
  const names = (await readdir(place)).filter(belongs).sort();
  const found = await Promise.all(names.map(async (name) => ({ name, at: await stat(join(place, name)) })));
  return found.filter(({ at }) => at.isFile()).map(({ name, at }) => `${name} ${at.size} ${at.mtime.toISOString()}`);
}

/** SHA-256 of a file, hexadecimal. */
export const digestOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
