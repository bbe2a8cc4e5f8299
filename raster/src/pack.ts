// From stored values to what a model takes, in one pass: the valid pixels' reflectance, packed. Legend: B bands asked for, n pixels of a pack.
import type { Band, SampleArray, SampleType, SpectraPack, Window } from './scene.js';

/** Stored values of whole rows of a part of the scene, wherever they lie in memory. */
export interface StoredRows {
  readonly window: Window;
  /** Sample i of pixel (row, col) of the window is values[start + row * rowStride + col * pixelStride + bandOffsets[i]]. */
  readonly values: SampleArray;
  readonly start: number;
  readonly rowStride: number;
  readonly pixelStride: number;
  /** [B] */
  readonly bandOffsets: Int32Array;
}

export const FLOAT32_MAX = 3.4028234663852886e38;

/** The largest magnitude of each integer type. */
const LARGEST: Partial<Record<SampleType, number>> = {
  uint8: 2 ** 8,
  int8: 2 ** 7,
  uint16: 2 ** 16,
  int16: 2 ** 15,
  uint32: 2 ** 32,
  int32: 2 ** 31,
};

interface Scale {
  readonly gains: Float64Array;
  readonly offsets: Float64Array;
  /** NaN equals nothing. */
  readonly noData: Float64Array;
  /** True where every stored value gives a finite reflectance. */
  readonly alwaysFinite: boolean;
}

function scaleOf(bands: readonly Band[], sampleType: SampleType): Scale {
  const largest = LARGEST[sampleType] ?? Number.POSITIVE_INFINITY;
  return {
    gains: Float64Array.from(bands, (b) => b.gain),
    offsets: Float64Array.from(bands, (b) => b.offset),
    noData: Float64Array.from(bands, (b) => b.noData ?? Number.NaN),
    alwaysFinite: bands.every(({ gain, offset }) => Math.abs(gain) * largest + Math.abs(offset) <= FLOAT32_MAX),
  };
}

export interface PackOptions {
  /** What was asked for: pixels are counted in it. */
  readonly window: Window;
  /** The bands asked for [B]. */
  readonly bands: readonly Band[];
  readonly sampleType: SampleType;
  /** Pixels of a pack. */
  readonly pixels: number;
}

/**
 * Packs the pixels with data of `rows`. A pixel is left out where any of its bands holds NoData or a reflectance that is not finite in float32.
 * Every pack but the last is full.
 */
export async function* packSpectra(
  rows: AsyncIterable<StoredRows>,
  { window, bands, sampleType, pixels: capacity }: PackOptions,
): AsyncGenerator<SpectraPack, void, undefined> {
  const B = bands.length;
  const scale = scaleOf(bands, sampleType);
  const pack = { pixels: new Uint32Array(capacity), spectra: new Float32Array(capacity * B) };
  let count = 0;
  for await (const part of rows)
    for (let row = 0; row < part.window.rows; row++) {
      const first = (part.window.row + row - window.row) * window.cols + part.window.col - window.col;
      for (let col = 0; col < part.window.cols; ) {
        const took = packRow(part, { row, col, first, count }, { ...pack, scale });
        col = took.col;
        count = took.count;
        if (count < capacity) continue;
        yield { count, ...pack };
        count = 0;
      }
    }
  if (count === 0) return;
  pack.spectra.fill(0, count * B);
  yield { count, ...pack };
}

/** Packs a row's pixels from `col` on until the row ends or the pack is full. */
function packRow(
  { window, values, start, rowStride, pixelStride, bandOffsets }: StoredRows,
  at: { readonly row: number; readonly col: number; readonly first: number; readonly count: number },
  { pixels, spectra, scale }: { pixels: Uint32Array; spectra: Float32Array; scale: Scale },
): { col: number; count: number } {
  const { gains, offsets, noData, alwaysFinite } = scale;
  const B = bandOffsets.length;
  const capacity = pixels.length;
  let { col, count } = at;
  let from = start + at.row * rowStride + col * pixelStride;
  for (; col < window.cols && count < capacity; col++, from += pixelStride) {
    const to = count * B;
    let b = 0;
    for (; b < B; b++) {
      const value = values[from + bandOffsets[b]!]!;
      if (value === noData[b]!) break;
      const reflectance = value * gains[b]! + offsets[b]!;
      if (!alwaysFinite && !(Math.abs(reflectance) <= FLOAT32_MAX)) break; // NaN too
      spectra[to + b] = reflectance;
    }
    if (b === B) pixels[count++] = at.first + col;
  }
  return { col, count };
}
