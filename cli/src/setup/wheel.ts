// TensorFlow's shared libraries and C headers, from its wheel for Python: no Python code is used.
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkedEntry } from '@egunet/raster/node';
import { systemReason } from '@egunet/raster/system-reason';
import { type Entry, openPromise } from 'yauzl';
import { CommandError } from '../support/errors.js';

/** Files of a wheel, and the folder below which they are wanted. */
type Wanted = (name: string) => string | undefined;

const LIBRARIES = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/;
const HEADERS = /^tensorflow\/(include\/(?:tensorflow\/c\/.*|(?:(?:xla|tensorflow)\/)?tsl\/c\/.*|(?:(?:xla|tensorflow)\/)?tsl\/platform\/ctstring[^/]*|tensorflow\/core\/platform\/ctstring[^/]*)\.h)$/; // biome-ignore format: one pattern
const LICENCES =
  /^(?:tensorflow\/(?:include\/)?|[^/]+\.dist-info\/(?:licenses\/)?)((?:LICENSE|THIRD_PARTY)[^/]*|METADATA)$/;

/** What the binding needs of TensorFlow's own wheel, as `lib/`, `include/` and licences. */
export const ofTensorflow: Wanted = (name) => {
  const library = LIBRARIES.exec(name)?.[1];
  return library ? `lib/${library}` : (HEADERS.exec(name)?.[1] ?? LICENCES.exec(name)?.[1]);
};

/** What TensorFlow loads of NVIDIA's wheels: libraries and licences, under the names that they have there. */
export const ofNvidia: Wanted = (name) => (/^nvidia\/.*(?:\.so[.\d]*|\/License[^/]*)$/.test(name) ? name : undefined);

/** Unpacks what is wanted of a wheel into `folder`. Throws CommandError where it is no whole wheel. */
export async function unpackWheel(
  path: string,
  folder: string,
  { wanted, signal }: { wanted: Wanted; signal?: AbortSignal },
): Promise<void> {
  try {
    const zip = await openPromise(path, { autoClose: false });
    try {
      for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
        signal?.throwIfAborted();
        const place = wanted(entry.fileName);
        if (place === undefined || place.split('/').includes('..')) continue;
        const target = join(folder, place);
        await mkdir(dirname(target), { recursive: true });
        await pipeline(await zip.openReadStreamPromise(entry), checkedEntry(entry), createWriteStream(target));
      }
    } finally {
      zip.close();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = systemReason(cause);
    if (reason) throw new CommandError(`${basename(path)}: cannot be unpacked into ${folder}: ${reason}`, { cause });
    throw new CommandError(`${basename(path)}: is not a whole archive (${(cause as Error).message}); get it again`, {
      cause,
    });
  }
}

/** Bytes of all files below a folder, as far as they can be read while others write them. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return sizes.reduce((sum, one) => sum + (one?.isFile() ? one.size : 0), 0);
}
