import { access, constants, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
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
  /** Removes the folder, and those above it, as far as this command made them and nothing is in them. */
  removeIfEmpty(): Promise<void>;
}

/** Makes a folder and those above it, as far as they are not there. Throws CommandError where it cannot be used. */
export async function makeFolder(path: string): Promise<OutputFolder> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isDirectory())
    throw new CommandError(`${path}: is a file, expected a folder; choose another name`);
  const whole = resolve(path);
  let made: string | undefined;
  try {
    made = await mkdir(whole, { recursive: true });
    await access(whole, constants.W_OK);
  } catch (cause) {
    const reason = systemReason(cause) ?? (cause as Error).message;
    throw new CommandError(`${path}: cannot be written: ${reason}`, { cause });
  }
  return {
    async removeIfEmpty() {
      if (made === undefined) return;
      try {
        for (let at = whole; at.length >= made.length; at = dirname(at)) await rmdir(at);
      } catch {} // something is in it
    },
  };
}

/** What to find in a folder that may be replaced: a file, and words that it must contain. */
export interface Marker {
  readonly file: string;
  readonly contains: string;
  /** `a run of egunet`: what such a folder is. */
  readonly what: string;
}

/** Throws CommandError where `path` holds anything but its own kind (told by `marker`), of which the hint says what to do unless it may be replaced. */
export async function assertReplaceable(
  path: string,
  { marker, replace, hint, ignore }: AssertReplaceable,
): Promise<void> {
  const name = (await readdir(path)).find((name) => !ignore?.(name));
  if (name === undefined) return;
  const text = await readFile(join(path, marker.file), 'utf8').catch(() => '');
  if (!text.includes(marker.contains))
    throw new CommandError(
      `${path}: holds something that is not ${marker.what} (${name}); choose another folder or remove that`,
    );
  if (!replace) throw new CommandError(`${path}: holds ${marker.what} already; ${hint}`);
}

interface AssertReplaceable {
  readonly marker: Marker;
  readonly replace: boolean;
  readonly hint: string;
  /** Names that count as nothing. */
  readonly ignore?: (name: string) => boolean;
}
