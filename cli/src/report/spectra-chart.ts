import { type ChartOptions, lineChart, type Series } from './chart.js';

// Legend: B bands, C endmembers.

/** Spectra to draw, in any order of bands. */
export interface SpectraSet {
  /** Band centres in nm [B]; null where unknown: then the band's number stands in. */
  readonly wavelengths: readonly (number | null)[];
  readonly names: readonly string[];
  /** Reflectance [C][B]. */
  readonly spectra: readonly ArrayLike<number>[];
  /** What is shaded around each spectrum, reflectance [C][B]. */
  readonly spread?: { readonly low: readonly ArrayLike<number>[]; readonly high: readonly ArrayLike<number>[] };
}

/** Bands this many times further apart than usual have removed bands between them. */
const GAP = 2.5;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Points of one spectrum in order of wavelength, with a break where bands were removed. */
export function spectrumPoints(
  wavelengths: readonly (number | null)[],
  spectrum: ArrayLike<number>,
): [x: number, y: number | null][] {
  const known = wavelengths.every((nm) => nm !== null);
  const order = wavelengths.map((nm, b) => ({ x: known ? nm! : b + 1, b })).sort((p, q) => p.x - q.x);
  const step = median(order.slice(1).map(({ x }, i) => x - order[i]!.x));
  return order.flatMap(({ x, b }, i): [number, number | null][] => {
    const before = order[i - 1]?.x;
    const value = spectrum[b]!;
    const point: [number, number | null] = [x, Number.isFinite(value) ? value : null];
    return before !== undefined && x - before > GAP * step ? [[(before + x) / 2, null], point] : [point];
  });
}

function toSeries({ wavelengths, names, spectra, spread }: SpectraSet, offset: number): Series[] {
  return names.map((name, c) => {
    const points = spectrumPoints(wavelengths, spectra[c]!);
    const line = { name, points, dashed: offset > 0, colour: c };
    if (!spread) return line;
    const [low, high] = [spread.low[c]!, spread.high[c]!].map((edge) => spectrumPoints(wavelengths, edge));
    return { ...line, spread: low!.map(([, y], i) => [y, high![i]![1]] as const) };
  });
}

/** Endmember spectra against wavelength as SVG; those of `reference` dashed, in the colours of the endmembers at the same place. */
export function spectraChart(
  set: SpectraSet,
  options: { reference?: SpectraSet; background?: string; size?: Pick<ChartOptions, 'width' | 'height'> } = {},
): Promise<string> {
  const { reference, background, size } = options;
  const series = [...toSeries(set, 0), ...(reference ? toSeries(reference, 1) : [])];
  const known = set.wavelengths.every((nm) => nm !== null);
  return lineChart(series, {
    x: known ? 'wavelength (nm)' : 'band',
    y: 'reflectance (1 = 100 %)',
    ...(background ? { background } : {}),
    ...size,
  });
}
