// A map that has got its final name, but whose folder of finished tiles was not removed: the process ended in between.
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** In the folder of tiles: which files (or which store) the map became, one a line. */
export const FINISHED = 'finished';

/** Tells one file from another, and from itself once it was changed; a folder likewise, by its own entries. Renaming leaves it. */
async function fingerprint(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs].join(' ');
}

/** Notes in the folder of tiles that `path` is a complete file of the map, whatever it will be called. Where it cannot, the map matters more. */
export async function markFinished(folder: string, path: string): Promise<void> {
  await fingerprint(path)
    .then((own) => appendFile(join(folder, FINISHED), `${own}\n`))
    .catch(() => {});
}

/** Whether what is there of `files` was made of the tiles in `folder`: all of them, or the first ones, which a killed process left. */
export async function isFinished(folder: string, files: readonly string[]): Promise<boolean> {
  const marks = await readFile(join(folder, FINISHED), 'utf8').catch(() => '');
  const found = await Promise.all(files.map((file) => fingerprint(file).catch(() => undefined)));
  const own = found.filter((one) => one !== undefined);
  return own.length > 0 && own.every((one) => marks.split('\n').includes(one));
}
