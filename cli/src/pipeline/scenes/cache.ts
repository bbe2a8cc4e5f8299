// What was read of the scenes of a pool, kept beside the run: a training that is stopped, resumed or done again with other settings reads none of them twice.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSample, encodeSample, type SceneSample } from '@egunet/train';
import { writeWhole } from '../../support/files.js';

/** The folder of a run that holds it. */
export const CACHE_FOLDER = 'scenes';

/** Raised when scenes are looked at or sampled in another way. */
const VERSION = 1;

/** With what a killed process left half-written. */
const CACHE_FILE = /^(facts|sample)-[0-9a-f]{16}(\.[0-9a-f]{8}\.partial)?$/;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface SceneCache {
  /** What was found out by `key`, of any kind that JSON holds; made where it is not there, and kept unless it is undefined. */
  facts<T>(key: object, make: () => Promise<T>): Promise<T>;
  /** Whether a sample was kept by `key`, and is whole. */
  has(key: object): Promise<boolean>;
  /** The sample that was kept by `key`; undefined where there is none, or it is damaged. */
  sample(key: object): Promise<SceneSample | undefined>;
  keep(key: object, sample: SceneSample): Promise<void>;
  /** Removes what was not asked for or kept since the cache was opened. */
  tidy(): Promise<void>;
}

/** Opens the cache in a folder, made when something is kept. A key holds all that decides about what is kept by it. */
export function openCache(folder: string): SceneCache {
  const used = new Set<string>();
  const fileOf = (kind: string, key: object): { path: string; text: string } => {
    const text = JSON.stringify([VERSION, key]);
    const name = `${kind}-${sha256(text).slice(0, 16)}`;
    used.add(name);
    return { path: join(folder, name), text };
  };
  const write = async (path: string, bytes: Uint8Array | string) => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path, bytes);
  };
  const sample = async (key: object) => {
    const { path, text } = fileOf('sample', key);
    const bytes = await readFile(path).catch(() => undefined);
    return bytes && decodeSample(bytes, text);
  };
  return {
    async facts<T>(key: object, make: () => Promise<T>): Promise<T> {
      const { path, text } = fileOf('facts', key);
      const [keptKey, digest, ...rest] = (await readFile(path, 'utf8').catch(() => '')).split('\n');
      const kept = rest.join('\n');
      if (keptKey === text && sha256(kept) === digest) return JSON.parse(kept) as T;
      const found = await make();
      if (found === undefined) return found;
      const made = JSON.stringify(found);
      await write(path, [text, sha256(made), made].join('\n'));
      return JSON.parse(made) as T;
    },
    has: async (key) => (await sample(key)) !== undefined,
    sample,
    async keep(key, made) {
      const { path, text } = fileOf('sample', key);
      await write(path, encodeSample(made, text));
    },
    async tidy() {
      const names = await readdir(folder).catch(() => []);
      for (const name of names.filter((one) => CACHE_FILE.test(one) && !used.has(one)))
        await rm(join(folder, name), { force: true });
    },
  };
}

/** Removes a cache in which no scene was read yet: what was only looked at is soon looked at again. What cannot be removed does no harm. */
export async function dropEmptyCache(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0 || names.some((name) => !CACHE_FILE.test(name) || name.startsWith('sample-'))) return;
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}
