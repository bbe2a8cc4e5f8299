// Models that come with the program: `zoo:NAME` where a model is named.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './errors.js';

const PREFIX = 'zoo:';

const zooFolder = (): string => dirname(fileURLToPath(import.meta.resolve('@egunet/models/zoo/README.md')));

/** Names of the models of the zoo, without `zoo:`, in order. */
export const zooNames = (): string[] =>
  readdirSync(zooFolder())
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => file.slice(0, -'.onnx'.length))
    .sort();

/** The file of a model as the user names it: of the zoo, or a path as it is. Throws UsageError at a name that the zoo does not have. */
export function modelFile(given: string): string {
  if (!given.startsWith(PREFIX)) return given;
  const name = given.slice(PREFIX.length).toLowerCase();
  const names = zooNames();
  if (!names.includes(name))
    throw new UsageError(`${given}: the zoo has ${names.join(', ')}; egunet models lists them`);
  return join(zooFolder(), `${name}.onnx`);
}
