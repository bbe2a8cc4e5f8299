import type { UnmixResult } from '../pipeline/unmix-scene.js';
import { damageWarning, damageWords } from './damage-words.js';
import { placeWords } from './device-options.js';
import { likenessWarning, likenessWords } from './likeness-words.js';
import { formatSeconds, note } from './output.js';
import { pixelWords } from './pixel-words.js';

/** Which scene wins, as a person reads it. */
const OVERLAP_WORDS = { last: 'the last one on top', quality: 'the least RMSE on top' } as const;

/** Warns of what a map lacks, and of scenes unlike the model's training. */
export function warnOfMap({ damage, scenes, likeness, sensor }: UnmixResult): void {
  if (damage && damage.blocks > 0) note(`egunet: warning: ${damageWarning(damage, scenes !== undefined)}`);
  const unlike = likenessWarning(likeness, sensor);
  if (unlike) note(`egunet: warning: ${unlike}`);
}

/** The lines that a person reads of a map that was made; `model` is its name, `time` what is said of the time it took. */
export function mapFacts(result: UnmixResult, model: string, time: string): [string, string | undefined][] {
  const { output, format, rows, cols, endmembers, scenes, overlap } = result;
  return [
    ['map', `${output} (${format}), ${rows} rows x ${cols} columns, ${endmembers.length} endmembers`],
    ['scenes', scenes === undefined ? undefined : `${scenes} on one grid, ${OVERLAP_WORDS[overlap!]}`],
    ['model', `${model}, ${result.precision}${placeWords(result)}`],
    ...pixelWords(result),
    ...damageWords(result.damage),
    ...likenessWords(result.likeness),
    ['time', time],
    ['mean abundance', endmembers.map(({ name, mean }) => `${mean.toFixed(4)}  ${name}`).join('\n')],
    ['mean spread', result.spread?.map(({ name, mean }) => `${mean.toFixed(4)}  ${name}`).join('\n')],
    ...(result.quality ?? []).map(({ name, unit, mean }): [string, string] => [
      name,
      `${mean.toPrecision(3)} ${unit} on average`,
    ]),
  ];
}

/** What is said of the time that unmixing took. */
export const speedWords = ({
  seconds,
  megapixelsPerSecond,
  workers,
}: Pick<UnmixResult, 'seconds' | 'megapixelsPerSecond' | 'workers'>): string =>
  `${formatSeconds(seconds)}, ${megapixelsPerSecond.toPrecision(3)} Mpixel/s, ${workers} worker${workers === 1 ? '' : 's'}`;
