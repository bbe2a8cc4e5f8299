// What an archive holds, and which of it a scene needs. Nothing here touches the disk.
import { findEnmapFiles, isEnmapMetadata } from '../enmap-files.js';
import { findEnviData, findEnviHeader, isEnviHeaderFile } from '../envi-files.js';
import { refuse } from '../refuse.js';

/** One thing in an archive. */
export interface ArchiveEntry {
  /** With its folders, as the archive spells it, from its top. */
  readonly name: string;
  /** Bytes once unpacked, as the archive declares them. */
  readonly size: number;
  /** Links and devices are never followed or made. */
  readonly isFile: boolean;
}

/** An opened ZIP or tar archive. */
export interface Archive {
  readonly entries: readonly ArchiveEntry[];
  /** Where the bytes of an entry begin in the archive's own file, where they lie there unpacked. */
  locate(entry: ArchiveEntry): Promise<number | undefined>;
  /** Writes entries to new files, `path` of each; no more bytes than declared. Rejects with RasterError where they are damaged. */
  extract(
    wanted: readonly { readonly entry: ArchiveEntry; readonly path: string }[],
    signal?: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

/** More entries than any product has; directories of archives are held in memory. */
export const MOST_ENTRIES = 100_000;

/** What of an archive makes the scene: an archive inside it, or files of one folder. */
export type Choice =
  | { readonly nested: ArchiveEntry }
  | {
      /** The file to open; absent where the folder is the scene (a product). */
      readonly file?: string;
      /** The large one, read where it lies if it lies there unpacked. */
      readonly image?: ArchiveEntry;
      /** All files that the scene needs. */
      readonly needed: readonly ArchiveEntry[];
    };

const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;
const SCENE = /\.(tiff?|geotiff|hdr|mat|he5|h5|hdf5?|nc)$/i;
/** Formats whose readers take bytes wherever they lie. */
const RANDOM_ACCESS = /\.(tiff?|geotiff|hdr)$/i;

/** The name without its folders. */
export const fileOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
const folderOf = (name: string): string => name.slice(0, name.lastIndexOf('/') + 1);

/** What macOS packs beside each file. */
const isDebris = ({ name }: ArchiveEntry): boolean => /(^|\/)(__MACOSX\/|\._)/.test(name);

/** Names that are no plain file name on some system, or lead elsewhere. */
const isUnsafe = (file: string): boolean =>
  file === '' || file.length > 200 || /^\.+$/.test(file) || /[\\/:*?"<>|\p{Cc}]/u.test(file);

/** Throws where a name leads out of the folder that the archive would be unpacked into. */
export function assertInside(name: string, archive: string): void {
  if (/^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes('..'))
    refuse(archive, `holds a file named '${name}', which lies outside of it; no delivery does that: do not unpack it`);
}

/** The entry among its neighbours, by its name without folders. */
type Neighbours = ReadonlyMap<string, ArchiveEntry>;

function neighboursOf(entry: ArchiveEntry, files: readonly ArchiveEntry[], archive: string): Neighbours {
  const folder = folderOf(entry.name);
  const found = new Map<string, ArchiveEntry>();
  const spelled = new Set<string>();
  for (const file of files) {
    if (folderOf(file.name) !== folder) continue;
    const name = fileOf(file.name);
    if (spelled.has(name.toLowerCase())) refuse(archive, `holds ${file.name} twice; unpack it and name one`);
    spelled.add(name.toLowerCase());
    if (!isUnsafe(name)) found.set(name, file);
  }
  return found;
}

const listed = (entries: readonly ArchiveEntry[]): string =>
  entries
    .slice(0, 5)
    .map(({ name }) => name)
    .join(', ') + (entries.length > 5 ? ` and ${entries.length - 5} more` : '');

function chooseProduct(metadata: ArchiveEntry, files: readonly ArchiveEntry[], archive: string): Choice {
  const beside = neighboursOf(metadata, files, archive);
  const names = [...beside.keys()];
  const product = findEnmapFiles(names, undefined, `${archive}/${folderOf(metadata.name)}`);
  const rasters = [product.image, ...product.layers.map(({ file }) => file)];
  const headers = rasters.flatMap((file) => findEnviHeader(names, file) ?? []);
  const needed = [...new Set([product.metadata, ...rasters, ...headers])].map((name) => beside.get(name)!);
  return { needed, image: beside.get(product.image)! };
}

function chooseFile(entry: ArchiveEntry, files: readonly ArchiveEntry[], archive: string): Choice {
  const beside = neighboursOf(entry, files, archive);
  const file = fileOf(entry.name);
  if (!isEnviHeaderFile(file)) return { file, needed: [entry], ...(RANDOM_ACCESS.test(file) && { image: entry }) };
  const data = beside.get(findEnviData([...beside.keys()], file, `${archive}/${folderOf(entry.name)}`))!;
  return { file, needed: [entry, data], image: data };
}

/** Chooses what of an archive is the scene. Throws RasterError where there is none, or more than one. */
export function chooseEntries(entries: readonly ArchiveEntry[], archive: string): Choice {
  for (const { name } of entries) assertInside(name, archive);
  const kept = entries.filter((entry) => !isDebris(entry));
  const link = kept.find(({ name, isFile }) => !isFile && SCENE.test(name));
  if (link) refuse(archive, `${link.name} is a link, not a file, in it; unpack it and name the scene`);
  const files = kept.filter(({ isFile }) => isFile);
  const one = (found: readonly ArchiveEntry[], what: string): ArchiveEntry | undefined => {
    if (found.length > 1) refuse(archive, `holds several ${what} (${listed(found)}); unpack it and name one`);
    return found[0];
  };
  const metadata = one(
    files.filter(({ name }) => isEnmapMetadata(fileOf(name))),
    'products',
  );
  if (metadata) return chooseProduct(metadata, files, archive);
  const nested = one(
    files.filter(({ name }) => ARCHIVE.test(name)),
    'archives',
  );
  if (nested) return { nested };
  const scenes = files.filter(({ name }) => SCENE.test(name));
  const images = scenes.filter(({ name }) => !isEnviHeaderFile(name));
  const stems = new Set(images.map(({ name }) => name.replace(SCENE, '')));
  const scene = one(
    scenes.filter((entry) => images.includes(entry) || !stems.has(entry.name.replace(SCENE, ''))),
    'scenes',
  );
  if (scene) return chooseFile(scene, files, archive);
  return refuse(
    archive,
    'holds no scene: neither an EnMAP METADATA.XML nor a GeoTIFF, ENVI header, MATLAB or HDF5 file',
  );
}
