// Whether what goes through a model looks like what it was trained on. Legend: B bands.
import { type CompareRun, type Seen, sumSeen } from '@egunet/infer';
import type { CardDistribution, ModelCard } from '@egunet/models/card';
import { measureWith } from '@egunet/models/distribution';
import { publicPath } from '@egunet/raster/url';
import type { Likeness } from './infer-scene.js';

/** Pixels of a map that are compared, about. */
export const COMPARED_PIXELS = 10_000;

/** Above these shares a scene is unlike the training, or too dark for it. */
export const MOST_UNLIKE = 0.25;
export const MOST_DARK = 0.95;

/** Comparisons with the distribution of a card: each of one in `every` pixels that go through a model, run after run. */
export function comparisonWith({
  spectra,
  remainder,
  brightness: [least, most],
}: CardDistribution): (every: number) => CompareRun {
  const measure = measureWith(spectra);
  const B = spectra[0]!.length;
  return (every) => {
    let next = 0; // in the run to come
    return (run, count, slots) => {
      const found = { compared: 0, unlike: 0, dark: 0 };
      for (; next < count; next += every) {
        const one = measure(run, (slots?.[next] ?? next) * B);
        if (!one) continue; // a spectrum of zeros has no shape
        found.compared++;
        if (one.brightness < least) found.dark++;
        else if (one.brightness > most || one.remainder() > remainder) found.unlike++;
      }
      next -= count;
      return found;
    };
  };
}

const shareOf = (part: number, { compared }: Seen): number => (compared === 0 ? 0 : part / compared);

/** Whether so many are unlike that the abundances are in doubt, or nearly all dark. */
const verdictOf = (one: Seen) => ({
  isUnlike: shareOf(one.unlike, one) > MOST_UNLIKE,
  isDark: shareOf(one.dark, one) > MOST_DARK,
});

/** Fewer compared pixels of one of several scenes may well be a cloud. */
const ENOUGH_COMPARED = 64;

/** What comparisons came to, of scenes by their paths; undefined where no pixel was compared. */
export function likenessOf(ofScenes: ReadonlyMap<string, Seen>, { distribution }: ModelCard): Likeness | undefined {
  const all = sumSeen(ofScenes.values());
  if (!distribution || all.compared === 0) return undefined;
  const several = [...ofScenes].filter(([, one]) => ofScenes.size > 1 && one.compared >= ENOUGH_COMPARED);
  const odd = several.filter(([, one]) => verdictOf(one).isUnlike);
  const { isUnlike, isDark } = verdictOf(all);
  return {
    comparedPixels: all.compared,
    unlikeShare: shareOf(all.unlike, all),
    darkShare: shareOf(all.dark, all),
    trainingShare: distribution.share,
    ...{ isUnlike: isUnlike || odd.length > 0, isDark },
    ...(odd.length > 0 && {
      scenes: odd.map(([path, one]) => ({ name: publicPath(path), unlikeShare: shareOf(one.unlike, one) })),
    }),
  };
}
