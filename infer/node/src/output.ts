// What must hold of an output before any work is done for it.
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { InferError } from '@egunet/infer';
import { reasonOf } from './reason.js';

/** The path with links followed, also where its last part does not exist; as it is where its folder does not either. */
async function realPathOf(path: string): Promise<string> {
  const full = resolve(path);
  const folder = await realpath(dirname(full)).catch(() => dirname(full));
  return realpath(full).catch(() => join(folder, basename(full)));
}

const stemOf = (path: string) => basename(path, extname(path)).toLowerCase();
const isTiff = (path: string) => /\.tiff?$/i.test(path);

/** The files of an EnMAP product, whatever stands before and after. */
const PRODUCT_FILE = /(^|-)(SPECTRAL_IMAGE|METADATA|QL_)/i;

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
  return PRODUCT_FILE.test(basename(to)) || (stemOf(to) === stemOf(from) && !isTiff(to));
}

async function assertFolder(output: string): Promise<void> {
  const folder = dirname(resolve(output));
  const refuse = (reason: string, options?: ErrorOptions): never => {
    throw new InferError(`${output}: cannot write into ${folder}: ${reason}`, options);
  };
  const found = await stat(folder).catch((cause) => refuse(reasonOf(cause), { cause }));
  if (!found.isDirectory()) refuse('it is not a folder; choose another');
  await access(folder, constants.W_OK).catch((cause) => refuse(reasonOf(cause), { cause }));
}

/**
 * Throws InferError unless the map can be written: its folder is there and writable, an existing file may be overwritten,
 * and it is neither the model nor a file of the scene.
 */
export async function assertOutput(
  output: string,
  inputs: { readonly scene: string; readonly model: string; readonly overwrite?: boolean },
): Promise<void> {
  await assertFolder(output);
  const existing = await stat(output).catch(() => undefined);
  if (!existing) return;
  if (!existing.isFile()) throw new InferError(`${output}: is not a file; name the map's file`);
  if (await belongsToScene(output, inputs.scene))
    throw new InferError(`${output}: is a file of the scene ${inputs.scene}; choose another name for the map`);
  if ((await realPathOf(output)) === (await realPathOf(inputs.model)))
    throw new InferError(`${output}: is the model itself; choose another name for the map`);
  if (!inputs.overwrite)
    throw new InferError(`${output}: exists already; choose another name`, { remedy: 'overwrite' });
}
