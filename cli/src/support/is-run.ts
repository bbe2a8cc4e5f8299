import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from './errors.js';

/** Whether a folder is that of a training. Throws CommandError where the training has saved nothing yet. */
export async function isRun(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  if ((await readdir(path)).join() === 'training.lock')
    throw new CommandError(`${path}: a training there has saved nothing yet; wait for its first checkpoint`);
  const manifest = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => '');
  return manifest.includes('egunet-run');
}
