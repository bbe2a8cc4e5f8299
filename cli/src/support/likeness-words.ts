import { basename } from 'node:path';
import type { Likeness } from '@egunet/infer-node';

/** Scenes that a warning names at most; --json lists all. */
const MOST_NAMED = 5;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The line that says how many pixels are unlike the training's. */
export const likenessWords = (likeness: Likeness | undefined): [string, string][] => {
  if (!likeness) return [];
  const { unlikeShare, darkShare, comparedPixels, trainingShare } = likeness;
  const words = `${percent(unlikeShare)} of ${comparedPixels} pixels compared, and ${percent(darkShare)} darker`;
  return [['unlike training', `${words}; of its own ${percent(trainingShare)} are either`]];
};

/** What a warning says of a scene unlike the training; `sensor` is that of the model. Undefined where it is like it. */
export function likenessWarning(likeness: Likeness | undefined, sensor: string | null): string | undefined {
  const { unlikeShare, darkShare, comparedPixels, isUnlike = false, isDark = false } = likeness ?? {};
  if (isDark)
    return `${percent(darkShare!)} of ${comparedPixels} pixels compared are darker than what the model was trained on; is the scene of the night, or of deep water alone? Its abundances mean little then`;
  if (!isUnlike) return undefined;
  const { scenes } = likeness!;
  const odd = scenes?.slice(0, MOST_NAMED).map((one) => `${basename(one.name)} ${percent(one.unlikeShare)}`);
  const where = odd ? ` (${odd.join(', ')}${scenes!.length > odd.length ? ', ...' : ''})` : '';
  return `${percent(unlikeShare!)} of ${comparedPixels} pixels compared${where} look unlike what the model was trained on, by the shape of their spectra or by being brighter; its abundances mean little there. Is the scene surface reflectance (1 = 100 %)${sensor ? ` of ${sensor}` : ''}, without clouds (--mask cloud)? Else train a model on scenes like it`;
}
