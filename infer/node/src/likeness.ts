// Whether what goes through a model looks like what it was trained on. Legend: n pixels, B bands, k directions.
import type { Session } from '@egunet/infer';
import { type CardDistribution, DARK, type ModelCard } from '@egunet/models/card';
import { publicPath } from '@egunet/raster/url';
import type { Likeness } from './infer-scene.js';

/** Pixels that were compared with the training's. */
export interface Compared {
  readonly compared: number;
  /** Those unlike them: in shape, or brighter. */
  readonly unlike: number;
  /** Those darker than all but a few of them, as deep water is, and night: their shape says nothing. */
  readonly dark: number;
}

/** Pixels of a map that are compared, about. */
export const COMPARED_PIXELS = 10_000;

/** Above these shares a scene is unlike the training, or too dark for it. */
export const MOST_UNLIKE = 0.25;
export const MOST_DARK = 0.95;

export const sumCompared = (all: Iterable<Compared>): Compared => {
  const sum = { compared: 0, unlike: 0, dark: 0 };
  for (const one of all) for (const key of Object.keys(sum) as (keyof Compared)[]) sum[key] += one[key];
  return sum;
};

/** Says how the spectrum at `from` compares with the training's; undefined where all of it is 0, as in what fills up a run. */
type Compare = (spectra: Float32Array, from: number) => 'like' | 'unlike' | 'dark' | undefined;

/** A comparison with a card's distribution: of what its directions leave, and of the root mean square. */
export function compareWith({ directions, remainder, brightness: [least, most] }: CardDistribution): Compare {
  const B = directions[0]!.length;
  const V = Float64Array.from(directions.flat()); // [k, B]
  const dark = DARK * DARK * B;
  return (spectra, from) => {
    let energy = 0;
    for (let b = 0; b < B; b++) energy += spectra[from + b]! ** 2;
    if (energy === 0) return undefined;
    const root = Math.sqrt(energy / B);
    if (root < least) return 'dark';
    let within = 0;
    for (let v = 0; v < V.length; ) {
      let product = 0;
      for (let b = 0; b < B; b++) product += V[v++]! * spectra[from + b]!;
      within += product * product;
    }
    const left = (energy - within) / Math.max(energy, dark);
    return left <= remainder * remainder && root <= most ? 'like' : 'unlike';
  };
}

/** A session that compares one in `every` pixels that go through it, of each scene that they come from. */
export interface Watch {
  readonly session: Session;
  /** What goes through it from now on is of this scene, by its number. */
  begin(scene: number): void;
  /** Of each scene by its number; undefined where nothing of it went through. */
  counted(): readonly (Compared | undefined)[];
}

/** Watches what goes through a session. */
export function watchSession(session: Session, distribution: CardDistribution, every: number): Watch {
  const compare = compareWith(distribution);
  const B = distribution.directions[0]!.length;
  const all: { compared: number; unlike: number; dark: number }[] = [];
  let counts = { compared: 0, unlike: 0, dark: 0 };
  let at = 0; // in the next run
  return {
    session: {
      async run(inputs) {
        const [{ data: spectra }, valid] = inputs as [(typeof inputs)[0], (typeof inputs)[0] | undefined];
        const pixels = spectra.length / B;
        for (; at < pixels; at += every) {
          if (valid && valid.data[at] !== 1) continue;
          const found = compare(spectra, at * B);
          if (found === undefined) continue;
          counts.compared++;
          if (found !== 'like') counts[found]++;
        }
        at -= pixels; // the next run goes on from here
        return session.run(inputs);
      },
      release: () => session.release(),
    },
    begin(scene) {
      counts = { compared: 0, unlike: 0, dark: 0 };
      all[scene] = counts;
    },
    counted: () => all.map((one) => one && { ...one }),
  };
}

const shareOf = (part: number, { compared }: Compared): number => (compared === 0 ? 0 : part / compared);

/** Whether so many are unlike that the abundances are in doubt, or nearly all dark. */
const verdictOf = (one: Compared) => ({
  isUnlike: shareOf(one.unlike, one) > MOST_UNLIKE,
  isDark: shareOf(one.dark, one) > MOST_DARK,
});

/** Fewer compared pixels of one of several scenes may well be a cloud. */
const ENOUGH_COMPARED = 64;

/** What comparisons came to, of scenes by their paths; undefined where no pixel was compared. */
export function likenessOf(ofScenes: ReadonlyMap<string, Compared>, { distribution }: ModelCard): Likeness | undefined {
  const all = sumCompared(ofScenes.values());
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
