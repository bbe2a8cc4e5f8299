import type { EmitOptions } from './hdf5/emit.js';
import type { Scene } from './scene.js';
import type { ByteSource } from './source.js';

/** Files that lie beside each other: a folder on disk, a browser's directory handle, a set of dropped files. */
export interface Folder {
  /** As the user named it. */
  readonly name: string;
  /** The names of its files. */
  list(): Promise<readonly string[]>;
  /** What to call a file of it so that the user recognises it. */
  pathOf(file: string): string;
  open(file: string): Promise<ByteSource>;
  /** Opens an HDF5 scene of it with the platform's HDF5 library; absent where there is none. */
  openHdf5?(file: string, options?: EmitOptions): Promise<Scene>;
}

/** All of a small text file; UTF-8. */
export async function readText(folder: Folder, file: string): Promise<string> {
  const source = await folder.open(file);
  try {
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}
