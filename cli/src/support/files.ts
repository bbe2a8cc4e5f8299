import { access, constants, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles } from '@egunet/raster/node';
import { systemReason } from '@egunet/raster/system-reason';
import { CommandError } from './errors.js';

export { assertWritable } from '@egunet/raster/node';

/** Writes a file, replacing what is there, so that a broken-off one never bears the final name. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
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
    const reason = systemReason(cause) ?? (cause as Error).message;
    throw new CommandError(`${path}: cannot be written: ${reason}`, { cause });
  }
  return {
    async removeIfEmpty() {
      if (!there) await rmdir(path).catch(() => undefined); // fails, as it should, where something is in it
    },
  };
}
