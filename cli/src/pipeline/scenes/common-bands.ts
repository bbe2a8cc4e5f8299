// The bands that all scenes of a pool have and can use. Legend: M bands of the first scene, S of another one.
import { assignOnLine, DEFAULT_FWHM } from '@egunet/infer';
import { MOST_TIMES_AS_WIDE } from '@egunet/infer-node';
import { bandRanges } from '../../support/bands.js';
import { CommandError } from '../../support/errors.js';
import { note } from '../../support/output.js';
import { noteBands } from '../prepare-notes.js';
import type { LookedScene } from './look.js';

/** The bands used: of the first scene by index, and for each scene which of its bands these are. */
export interface CommonBands {
  readonly bands: readonly number[];
  readonly ofScene: readonly (readonly number[])[];
}

type Wavelengths = readonly { readonly wavelength?: number; readonly fwhm?: number }[];

const sensorOf = ({ sensor }: LookedScene): string => sensor ?? 'a sensor that is not named';

/** What to say of two scenes that no network can be trained on together. */
const different = (first: LookedScene, other: LookedScene, how: string): CommandError =>
  new CommandError(
    `${other.name} (${sensorOf(other)}) and ${first.name} (${sensorOf(first)}) do not go together: ${how}; a network is trained for one sensor: name scenes of one`,
  );

/** Bands by rising wavelength; undefined where some have none. */
function byWavelength(bands: Wavelengths): { index: number; wavelength: number; fwhm?: number }[] | undefined {
  const known = bands.flatMap(({ wavelength, fwhm }, index) =>
    wavelength === undefined ? [] : [{ index, wavelength, ...(fwhm !== undefined && { fwhm }) }],
  );
  if (known.length < bands.length) return undefined;
  return known.sort((a, b) => a.wavelength - b.wavelength || a.index - b.index);
}

/** For each band of the first scene the band of another one [M]; -1 where it has none within half a FWHM. Without wavelengths by order. */
function partnersOf(first: LookedScene, other: LookedScene): Int32Array {
  const plain = (name: string) => name.trim().toLowerCase();
  if (first.sensor && other.sensor && plain(first.sensor) !== plain(other.sensor))
    throw different(first, other, 'they are of different sensors');
  const [wanted, offered] = [byWavelength(first.bands), byWavelength(other.bands)];
  const M = first.bands.length;
  if (!wanted && !offered) {
    if (other.bands.length !== M) throw different(first, other, `they have ${other.bands.length} and ${M} bands, without wavelengths`); // biome-ignore format: one call
    return Int32Array.from({ length: M }, (_, m) => m);
  }
  if (!wanted || !offered)
    throw different(first, other, `the bands of ${(wanted ? other : first).name} have no wavelengths`);
  const found = assignOnLine(
    Float64Array.from(wanted, (band) => band.wavelength),
    Float64Array.from(offered, (band) => band.wavelength),
    (m, s) => (wanted[m]!.fwhm ?? offered[s]!.fwhm ?? DEFAULT_FWHM) / 2,
  );
  const partners = new Int32Array(M).fill(-1);
  found.forEach((s, m) => {
    if (s === -1) return;
    const [one, two] = [wanted[m]!, offered[s]!];
    partners[one.index] = two.index;
    const [a, b] = [one.fwhm ?? two.fwhm ?? 1, two.fwhm ?? one.fwhm ?? 1];
    if (Math.max(a, b) > MOST_TIMES_AS_WIDE * Math.min(a, b))
      throw different(first, other, `their bands at ${one.wavelength} nm are ${a} and ${b} nm wide`);
  });
  return partners;
}

/** The share of a scene's usable bands that another must have within half a FWHM, to be of its sensor. */
const LEAST_SHARED = 0.9;

/** Throws CommandError where too many bands of `one` are `missing` in the other. */
function assertShared(one: LookedScene, missing: number, other: LookedScene): void {
  if (missing > (1 - LEAST_SHARED) * one.usable.length)
    throw different(
      one,
      other,
      `${missing} of ${one.usable.length} bands of the latter have none within half a FWHM in the former`,
    );
}

/**
 * The bands that every scene has and can use, telling on standard error which are left out. Throws CommandError where two scenes are not of one sensor, or no band is left.
 */
export function commonBands(scenes: readonly LookedScene[]): CommonBands {
  const [first, ...others] = scenes as [LookedScene, ...LookedScene[]];
  noteBands(first.dropped);
  const partners = others.map((other) => partnersOf(first, other));
  let kept = [...first.usable];
  for (const [i, other] of others.entries()) {
    const matched = new Set(partners[i]);
    assertShared(first, first.usable.filter((m) => partners[i]![m] === -1).length, other);
    assertShared(other, other.usable.filter((s) => !matched.has(s)).length, first);
    const lost = kept.filter((m) => !other.usable.includes(partners[i]![m]!));
    if (lost.length === 0) continue;
    note(`left out, of no use in ${other.name}: band${lost.length > 1 ? 's' : ''} ${bandRanges(lost)}`);
    kept = kept.filter((m) => !lost.includes(m));
  }
  if (kept.length === 0)
    throw new CommandError('no band can be used in all of these scenes; name fewer, or exclude fewer bands');
  return { bands: kept, ofScene: [kept, ...partners.map((of) => kept.map((m) => of[m]!))] };
}
