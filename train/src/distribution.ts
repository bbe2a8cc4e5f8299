// What training pixels look like, for the card: so that a scene unlike them is told. Legend: n pixels, B bands, k directions.
import { type CardDistribution, DARK } from '@egunet/models/card';
import { unitRows } from './endmembers/directions.js';
import { columnGram, dotRows, symmetricEigen } from './linear-algebra.js';

/** As few directions as hold what spectra of materials have in common: more follow the training's own detail, and real scenes lie outside. */
const DIRECTIONS = 6;
/** Of the training pixels, those outside on either side are this share. */
const [REMAINDER_OUTSIDE, BRIGHTNESS_OUTSIDE] = [0.01, 0.005];
/** Significant digits on the card. */
const DIGITS = 5;

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** The distribution of `spectra` [n, B], rows with NaN left out; undefined where fewer than a hundred are left, or all are zero. */
export function distributionOf(spectra: Float32Array, bands: number): CardDistribution | undefined {
  const whole = rowsOf(spectra, bands).filter((row) => row.every(Number.isFinite) && row.some((value) => value !== 0));
  if (whole.length < 100) return undefined;
  const rows = Float64Array.from(whole.flatMap((row) => [...row]));
  const { vectors } = symmetricEigen(columnGram(Float32Array.from(unitRows(rows, bands)), bands), bands);
  const k = Math.min(DIRECTIONS, Math.floor(bands / 2));
  if (k === 0) return undefined;
  const directions = rowsOf(vectors.subarray(0, k * bands), bands).map((row) => Array.from(row, rounded));
  const flat = Float64Array.from(directions.flat());
  const remainders = whole.map((row) => remainderOf(row, flat));
  const brightness = whole.map((row) => Math.sqrt(dotRows(row, row, { a: 0, b: 0, length: bands }) / bands));
  const remainder = rounded(quantile(remainders, 1 - REMAINDER_OUTSIDE));
  const [least, most] = [rounded(quantile(brightness, BRIGHTNESS_OUTSIDE)), rounded(quantile(brightness, 1 - BRIGHTNESS_OUTSIDE))]; // biome-ignore format: one line says more
  const outside = whole.filter(
    (_, n) => remainders[n]! > remainder || brightness[n]! < least || brightness[n]! > most,
  ).length;
  return { directions, remainder, brightness: [least, most], share: rounded(outside / whole.length) };
}

function rowsOf<T extends Float32Array | Float64Array>(values: T, width: number): T[] {
  return Array.from({ length: values.length / width }, (_, n) => values.subarray(n * width, (n + 1) * width) as T);
}

/** What `directions` [k, B] leave of a spectrum [B], as `CardDistribution` has it. */
function remainderOf(spectrum: Float32Array, directions: Float64Array): number {
  const length = spectrum.length;
  const energy = dotRows(spectrum, spectrum, { a: 0, b: 0, length });
  let within = 0;
  for (let a = 0; a < directions.length; a += length) within += dotRows(directions, spectrum, { a, b: 0, length }) ** 2;
  return Math.sqrt(Math.max(0, energy - within) / Math.max(energy, DARK * DARK * length));
}

/** The value below which `share` of the values lie. */
function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
