// ZIP archives.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import { refuse } from '../refuse.js';
import { checkedEntry } from './checked-entry.js';
import { type Archive, type ArchiveEntry, MOST_ENTRIES } from './entries.js';
import { damaged } from './errors.js';

/** The file type of a UNIX mode, which ZIP keeps in the upper half of the attributes. */
const isPlain = ({ externalFileAttributes, fileName }: Entry): boolean => {
  const type = (externalFileAttributes >>> 28) & 15;
  return !fileName.endsWith('/') && (type === 0 || type === 8);
};

/** DEFLATE makes at most this many bytes of one. */
const DEFLATE_RATIO = 1032;

/** Throws where an entry cannot be unpacked: encrypted, packed by another method, or larger than its bytes can become. */
function assertPacked(entry: Entry, archive: string, bytes: number): void {
  const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted())
    refuse(archive, `${fileName} is encrypted; unpack it with its password, then name the folder`);
  if (!entry.canDecodeFileData())
    refuse(
      archive,
      `${fileName} is packed by method ${compressionMethod}, readable are DEFLATE (8) and none (0); unpack it and name the folder`,
    );
  if (compressedSize > bytes || uncompressedSize > DEFLATE_RATIO * (compressedSize + 1))
    refuse(
      archive,
      `${fileName} claims ${uncompressedSize} bytes packed into ${compressedSize}, which cannot be; get it again`,
    );
}

/** Opens a ZIP archive, ZIP64 too; `name` is what messages call it. Rejects with RasterError where it is damaged or not safe. */
export async function openZip(path: string, name: string): Promise<Archive> {
  const zip = await openPromise(path, { autoClose: false }).catch((cause) => damaged(name, cause));
  const known = new Map<ArchiveEntry, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (known.size === MOST_ENTRIES) refuse(name, `holds more than ${MOST_ENTRIES} files; no delivery does that`);
      known.set({ name: entry.fileName, size: entry.uncompressedSize, isFile: isPlain(entry) }, entry);
    }
  } catch (cause) {
    zip.close();
    throw damaged(name, cause);
  }
  return {
    entries: [...known.keys()].filter(({ name }) => !name.endsWith('/')),
    async locate(entry) {
      const found = known.get(entry)!;
      if (found.compressionMethod !== 0 || found.isEncrypted()) return undefined;
      const { fileDataStart } = await zip
        .readLocalFileHeaderPromise(found, { minimal: true })
        .catch((cause) => damaged(name, cause, entry.name));
      if (fileDataStart + entry.size > zip.fileSize) damaged(name, new Error('it is cut off'), entry.name);
      return fileDataStart;
    },
    async extract(wanted, signal) {
      for (const { entry } of wanted) assertPacked(known.get(entry)!, name, zip.fileSize);
      for (const { entry, path: to } of wanted) {
        const found = known.get(entry)!;
        try {
          const bytes = await zip.openReadStreamPromise(found);
          await pipeline(bytes, checkedEntry(found), createWriteStream(to, { flags: 'wx' }), { signal });
        } catch (cause) {
          signal?.throwIfAborted();
          damaged(name, cause, entry.name);
        }
      }
    },
    close: async () => zip.close(),
  };
}
