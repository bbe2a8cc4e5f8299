// Files and folders that were dropped.
import { InferError } from '@egunet/infer';

/** Files that are looked through at most: a product has some dozens. */
const MOST = 1000;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** A folder's entries come some at a time, until none come. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
    if (all.length > MOST) return all;
  }
}

/** Adds the files at or below an entry, without hidden ones. */
async function gather(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (entry.name.startsWith('.')) return;
  if (into.length >= MOST)
    throw new InferError(`the folder holds more than ${MOST} files; drop the folder of one scene alone`);
  if (entry.isFile) into.push(await fileOf(entry as FileSystemFileEntry));
  else for (const one of await entriesOf(entry as FileSystemDirectoryEntry)) await gather(one, into);
}

/** The files that were dropped, and those in the folders that were. Rejects with InferError where they are too many, or cannot be read. */
export async function droppedFiles({ items }: DataTransfer): Promise<File[]> {
  // All at once: after the first pause the browser has forgotten them.
  const dropped = [...items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files: File[] = [];
  try {
    for (const one of dropped)
      if (one instanceof File) files.push(one);
      else if (one) await gather(one, files);
  } catch (cause) {
    if (cause instanceof InferError) throw cause;
    throw new InferError(`what was dropped cannot be read: ${(cause as Error).message}; choose the files instead`, {
      cause,
    });
  }
  if (files.length === 0) throw new InferError('no file is in what was dropped; drop the files of a scene, or a model');
  return files;
}
