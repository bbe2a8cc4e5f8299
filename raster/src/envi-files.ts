import { refuse } from './refuse.js';

/** Extensions of ENVI data files. */
const DATA = /\.(img|dat|bsq|bil|bip|raw|bin|sli|slb|cub|rfl|rad)$/i;
const HEADER = /\.hdr$/i;

/** True for the name of an ENVI header. */
export const isEnviHeaderFile = (file: string): boolean => HEADER.test(file);

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const stem = (file: string): string => file.replace(/\.[^.]*$/, '');

/** The names that the other file of an ENVI image may have, where they cannot be listed: of a header the data's, of any other file its header's. */
export function enviNames(file: string): string[] {
  const base = stem(file);
  if (!isEnviHeaderFile(file)) return [`${file}.hdr`, `${base}.hdr`];
  return [base, ...['img', 'dat', 'bsq', 'bil', 'bip'].map((extension) => `${base}.${extension}`)];
}

/** The header of a data file: its name with `.hdr` added, or in place of its extension; undefined where there is none. */
export function findEnviHeader(files: readonly string[], data: string): string | undefined {
  const wanted = [`${data}.hdr`, `${stem(data)}.hdr`];
  return wanted.flatMap((name) => files.filter((file) => same(file, name)))[0];
}

/** The data file of a header: its name without `.hdr`, or that with an extension of ENVI data. Throws RasterError where there is none, or several. */
export function findEnviData(files: readonly string[], header: string, folder: string): string {
  const base = header.replace(HEADER, '');
  const others = files.filter((file) => file !== header);
  const exact = others.find((file) => file === base) ?? others.find((file) => same(file, base));
  if (exact !== undefined) return exact;
  const found = others.filter((file) => same(stem(file), base) && DATA.test(file));
  if (found.length > 1) refuse(folder, `${header} could be the header of ${found.join(' or ')}; name one of them`);
  return (
    found[0] ??
    refuse(folder, `no data file beside ${header}: expected ${base} or ${base}.img (.dat, .bsq, .bil, .bip)`)
  );
}
