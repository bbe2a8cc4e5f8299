// A part of a map that one of several processes makes.

import type { ShardResult } from '../pipeline/unmix-scene.js';
import { damageWords } from './damage-words.js';
import { UsageError } from './errors.js';
import { speedWords } from './map-words.js';
import { text } from './options.js';
import type { OptionOf } from './outline.js';

/** `3/16`. */
export const shardOption = {
  ...text(
    'shard',
    'Unmix this part alone, such as 3/16: the third of sixteen with about as many pixels with data each. Its tiles are kept beside the map until egunet merge',
  ),
  takes: 'K/N',
  recorded: 'never',
  coerce: (given: string | undefined) => {
    if (given === undefined) return undefined;
    const found = /^(\d{1,4})\/(\d{1,4})$/.exec(given);
    const [number, of] = [Number(found?.[1]), Number(found?.[2])];
    if (!(number >= 1 && number <= of))
      throw new UsageError(
        `--shard: expected a number from 1 and how many there are, at most 9999, such as 3/16, got '${given}'`,
      );
    return { number, of };
  },
} as const satisfies OptionOf;

/** The lines that a person reads of a shard that was unmixed. */
export function shardFacts(result: ShardResult): [string, string | undefined][] {
  const { output, folder, pixels, validPixels, keptPixels, shard } = result;
  const kept = keptPixels > 0 ? `, ${keptPixels} pixels were finished before` : '';
  return [
    ['shard', `${shard.number} of ${shard.of} of ${output}: ${validPixels} of ${pixels} pixels with data${kept}`],
    ['kept in', folder],
    ...damageWords(result.damage),
    ['time', speedWords(result)],
    ['next', `egunet merge ${output}, when all ${shard.of} are finished`],
  ];
}
