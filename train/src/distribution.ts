// What training pixels look like, for the card: so that a scene unlike them is told. Legend: n pixels, B bands, k spectra.
import type { CardDistribution } from '@egunet/models/card';
import { measureWith } from '@egunet/models/distribution';
import { unitRows } from './endmembers/directions.js';
import { dotRows } from './linear-algebra.js';

/** So many that mixtures of them leave little of any training pixel, whichever pixels a seed drew: `npm run bench:likeness`. */
const SPECTRA = 20;
/** What real surfaces differ by from those of a library, and in noise: less is no sign of anything. */
const LEAST_REMAINDER = 0.08;
/** Of the training pixels, those outside on either side are this share. */
const [REMAINDER_OUTSIDE, BRIGHTNESS_OUTSIDE] = [0.01, 0.005];
/** Fewer training pixels say nothing of their distribution. */
const LEAST_PIXELS = 100;
/** What rounding leaves. */
const LEAST_LEFT = 1e-4;
/** Significant digits on the card. */
const DIGITS = 5;

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** The distribution of `pixels` [n, B], rows with NaN or of zeros left out; undefined where fewer than a hundred are left. */
export function distributionOf(pixels: Float32Array, bands: number): CardDistribution | undefined {
  const whole = rowsOf(pixels, bands).filter((row) => row.every(Number.isFinite) && row.some((value) => value !== 0));
  if (whole.length < LEAST_PIXELS) return undefined;
  const spectra = spanning(whole);
  const measure = measureWith(spectra);
  const measured = whole.map((row) => {
    const { brightness, remainder } = measure(row, 0)!;
    return { brightness, remainder: remainder() };
  });
  const brightness = measured.map((one) => one.brightness);
  const remainders = measured.map((one) => one.remainder);
  const remainder = Math.max(LEAST_REMAINDER, rounded(quantile(remainders, 1 - REMAINDER_OUTSIDE)));
  const [least, most] = [rounded(quantile(brightness, BRIGHTNESS_OUTSIDE)), rounded(quantile(brightness, 1 - BRIGHTNESS_OUTSIDE))]; // biome-ignore format: one line says more
  const outside = measured.filter(
    (one) => one.remainder > remainder || one.brightness < least || one.brightness > most,
  );
  return { spectra, remainder, brightness: [least, most], share: rounded(outside.length / whole.length) };
}

const rowsOf = (values: Float32Array, width: number): Float32Array[] =>
  Array.from({ length: values.length / width }, (_, n) => values.subarray(n * width, (n + 1) * width));

/**
 * Of `rows` [n, B], at unit length and rounded: the most typical one, then always the one that mixtures of those chosen leave most of, as long as they leave anything
 * (C.-I. Chang & D. C. Heinz 2000, IEEE TGRS 38(3), who find endmembers so).
 */
function spanning(rows: readonly Float32Array[]): number[][] {
  const unit = rows.map((row) => unitRows(Float64Array.from(row), row.length));
  const mean = unit[0]!.map((_, b) => unit.reduce((sum, row) => sum + row[b]!, 0));
  const typical = unit.map((row) => dotRows(row, mean, { a: 0, b: 0, length: mean.length }));
  const chosen: number[][] = [];
  for (let next = largest(typical); chosen.length < SPECTRA; ) {
    chosen.push(Array.from(unit[next]!, rounded));
    const measure = measureWith(chosen);
    const left = rows.map((row) => measure(row, 0)!.remainder());
    next = largest(left);
    if (left[next]! < LEAST_LEFT) break;
  }
  return chosen;
}

/** The index of the largest value, of equal ones the first. */
const largest = (values: readonly number[]): number =>
  values.reduce((best, value, n) => (value > values[best]! ? n : best), 0);

/** The value below which `share` of the values lie. */
function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
