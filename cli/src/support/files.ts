import { access, constants, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError } from './errors.js';

/** Whether anything is at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Throws CommandError unless `path` can become a file: its folder is there and writable, and nothing is there already that may not be replaced. */
export async function assertWritable(path: string, { overwrite }: { overwrite: boolean }): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    if (!(await stat(folder)).isDirectory()) throw new CommandError(`${folder} is not a folder; choose another place`);
    await access(folder, constants.W_OK);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      `${path}: cannot be written, ${folder} is missing or may not be written; make it or choose another place`,
      {
        cause,
      },
    );
  }
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new CommandError(`${path}: is a folder, name a file`);
  if (there && !overwrite) throw new CommandError(`${path}: exists already; choose another name or add --overwrite`);
}

/** Writes a file, replacing what is there, so that a broken-off one never bears the final name. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const { writeFiles } = await import('@egunet/raster/node');
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await writeFiles([[path, bytes]], { overwrite: true });
}

/** A folder that a command fills. */
export interface OutputFolder {
  /** Removes the folder if this command made it and nothing is in it. */
  removeIfEmpty(): Promise<void>;
}

/** What to find in a folder that may be replaced: a file, and words that it must contain. */
export interface Marker {
  readonly file: string;
  readonly contains: string;
  /** `a run of egunet`: what such a folder is. */
  readonly what: string;
}

/**
 * Makes `path` ready to be filled. A folder that holds something else than its own kind (told by `marker`) is never touched, one of its own kind only with `replace`.
 * Throws CommandError where the folder cannot be used.
 */
export async function prepareFolder(
  path: string,
  { marker, replace, hint }: { marker: Marker; replace: boolean; hint: string },
): Promise<OutputFolder> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isDirectory())
    throw new CommandError(`${path}: is a file, expected a folder; choose another name`);
  const names = there ? await readdir(path) : [];
  if (names.length > 0) {
    const text = await readFile(join(path, marker.file), 'utf8').catch(() => '');
    if (!text.includes(marker.contains))
      throw new CommandError(`${path}: holds something that is not ${marker.what}; choose another folder`);
    if (!replace) throw new CommandError(`${path}: holds ${marker.what} already; ${hint}`);
  }
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw new CommandError(
      `${path}: cannot be written (${(cause as NodeJS.ErrnoException).code}); choose another place`,
      { cause },
    );
  }
  return {
    async removeIfEmpty() {
      if (!there) await rmdir(path).catch(() => undefined); // fails, as it should, where something is in it
    },
  };
}
