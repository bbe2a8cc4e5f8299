import { readFile } from 'node:fs/promises';
import { readCard } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { CommandError } from '../support/errors.js';

/** The card of a model file, read without loading the model. Errors name the file. */
export async function readModelCard(path: string): Promise<ModelCard> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new CommandError(`${path}: cannot be read (${cause.message}); check the path`, { cause });
  });
  try {
    return readCard(bytes);
  } catch (cause) {
    throw new CommandError(`${path}: ${(cause as Error).message}`, { cause });
  }
}
