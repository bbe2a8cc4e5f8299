// Maps on disk as independent readers see them: Zarr stores by zarrita, any file by its bytes.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import * as zarr from 'zarrita';

export const openStore = (path: string) => zarr.open(new FileSystemStore(path), { kind: 'group' });

/** An array of a store, as zarrita reads it. */
export async function readArray(path: string, name: string) {
  const array = await zarr.open((await openStore(path)).resolve(name), { kind: 'array' });
  return { array, ...(await zarr.get(array)) };
}

/** The samples of a map. */
type Samples = Float32Array | Uint16Array | Uint8Array;

/** The map of a store, pixel-major. */
export async function readStore(path: string): Promise<Samples> {
  const { data, shape } = await readArray(path, 'abundance');
  const [bands, rows, cols] = shape as [number, number, number];
  const planes = data as Samples;
  return planes.map((_, i) => planes[(i % bands) * rows * cols + Math.floor(i / bands)]!);
}

/** Every file at or below a path, by its path in it, with its bytes. */
export function snapshot(path: string): Map<string, Buffer> {
  if (!existsSync(path)) return new Map();
  if (statSync(path).isFile()) return new Map([['', readFileSync(path)]]);
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(path, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(path, name))]));
}
