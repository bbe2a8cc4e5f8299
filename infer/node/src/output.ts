// What must hold of an output before any work is done for it.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve, sep } from 'node:path';
import { InferError } from '@egunet/infer';
import { assertMapWritable, type MapFormatName, mapFiles, mapFormatOf } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { isProductFile } from './identity.js';

/** The path with links followed; as it is where it leads to nothing. */
const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));

const stemOf = (path: string) => basename(path, extname(path)).toLowerCase();
const isTiff = (path: string) => /\.tiff?$/i.test(path);

/**
 * Whether writing `output` would destroy a part of the scene: the file itself, the other file of an ENVI pair (same name,
 * another extension), or a file of the product that lies in the scene's folder.
 */
async function belongsToScene(output: string, scene: string): Promise<boolean> {
  const [to, from] = await Promise.all([realPathOf(output), realPathOf(scene)]);
  const found = await stat(from).catch(() => undefined);
  const folder = found?.isDirectory() ? from : dirname(from);
  if (to === from) return true;
  if (dirname(to) !== folder) return false;
  return isProductFile(basename(to)) || (stemOf(to) === stemOf(from) && !isTiff(to));
}

/**
 * The format of the map, the one asked for or that of its name. Throws InferError where it would replace the model, a mask, an area, a list or a file of a scene,
 * overwriting or not; RasterError where the format is unclear, or the map cannot be written: its folder is not there or not writable, or
 * something exists that may not be overwritten.
 */
export async function assertOutput(
  output: string,
  inputs: Inputs & {
    readonly overwrite?: boolean | undefined;
    readonly format?: MapFormatName | undefined;
  },
): Promise<MapFormatName> {
  await assertNoInput(output, inputs);
  const format = mapFormatOf(output, inputs.format);
  for (const file of mapFiles(output, format)) await assertNoInput(file, inputs);
  await assertMapWritable(output, { format, overwrite: inputs.overwrite });
  return format;
}

/** What a map is made of. */
interface Inputs {
  readonly scenes: readonly string[];
  readonly others: readonly (readonly [what: string, path: string])[];
}

/** Throws InferError where an input is, or lies in, the folder of an old store. */
async function assertHoldsNone(folder: string, { scenes, others }: Inputs): Promise<void> {
  const to = await realPathOf(folder);
  for (const [what, path] of [...scenes.map((scene) => ['scene', scene] as const), ...others])
    if (`${await realPathOf(path)}${sep}`.startsWith(`${to}${sep}`))
      throw new InferError(`${folder}: holds the ${what} ${publicPath(path)}; choose another name for the map`);
}

async function assertNoInput(output: string, inputs: Inputs): Promise<void> {
  const existing = await stat(output).catch(() => undefined);
  if (existing?.isDirectory()) return assertHoldsNone(output, inputs);
  if (!existing?.isFile()) return;
  for (const scene of inputs.scenes)
    if (await belongsToScene(output, scene))
      throw new InferError(`${output}: is a file of the scene ${scene}; choose another name for the map`);
  const to = await realPathOf(output);
  for (const [what, path] of inputs.others)
    if ((await realPathOf(path)) === to)
      throw new InferError(`${output}: is the ${what} itself; choose another name for the map`);
}
