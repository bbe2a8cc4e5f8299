// What lies beside a file on a web server. Servers do not list folders: files are looked for by the names that they would have.
import { enmapNames } from './enmap-files.js';
import { enviNames } from './envi-files.js';
import type { Folder } from './folder.js';
import { type HttpOptions, httpStatus } from './http-request.js';
import { type HttpSource, openHttp } from './http-source.js';
import { refuse } from './refuse.js';
import { publicPath } from './url.js';

/** Servers deny what is not there, too, to those who may not list. */
const ABSENT: readonly (number | undefined)[] = [403, 404, 410];

interface HttpFolder extends Folder {
  open(file: string): Promise<HttpSource>;
}

/** The names that files beside a file may have. */
function namesBeside(file: string): string[] {
  const enmap = enmapNames(file);
  const perhapsEnvi = enmap.length === 0 ? [file] : enmap.filter((name) => /\.(bsq|bil|bip)$/i.test(name));
  return [...new Set([...enmap, ...perhapsEnvi.flatMap(enviNames)])].filter((name) => name !== file);
}

/** A file on a web server, in its folder. Throws RasterError where the URL names no file. */
export function httpPlace(
  url: string,
  options: HttpOptions = {},
): { readonly folder: HttpFolder; readonly file: string } {
  const [whole, query = ''] = url.split(/(?=[?#])/, 2) as [string, string?];
  const slash = whole.lastIndexOf('/');
  const file = whole.slice(slash + 1);
  const base = whole.slice(0, slash + 1);
  if (file === '' || /^https?:\/*$/i.test(base))
    refuse(publicPath(url), 'names no file; write the URL of a scene file');
  const open = (name: string) => openHttp(`${base}${name}${query}`, options);
  const isThere = async (name: string): Promise<boolean> => {
    try {
      await (await open(name)).close();
      return true;
    } catch (error) {
      if (ABSENT.includes(httpStatus(error))) return false;
      throw error;
    }
  };
  const folder: HttpFolder = {
    name: publicPath(base),
    pathOf: (name) => publicPath(`${base}${name}`),
    async list() {
      const names = namesBeside(file);
      const there = await Promise.all(names.map(isThere));
      return [file, ...names.filter((_, i) => there[i])];
    },
    open,
  };
  return { folder, file };
}

/** Of which files, and which versions of them, a scene over HTTP is made: for telling whether it is the same as before. */
export async function httpIdentity(url: string, options: HttpOptions = {}): Promise<string[]> {
  const { folder } = httpPlace(url, options);
  const identityOf = async (file: string) => {
    const source = await folder.open(file);
    await source.close();
    return source.identity;
  };
  return Promise.all((await folder.list()).map(identityOf));
}
