import type { BandReader, SampleWindow, SpectraReader } from '@egunet/train';

export interface FakeScene extends SpectraReader, BandReader {
  /** Windows asked for, in order. */
  readonly read: SampleWindow[];
  /** The spectrum of a pixel in the bands asked for. */
  spectrum(position: number, bands: readonly number[]): number[];
}

export interface FakeOptions {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly block?: { readonly rows: number; readonly cols: number };
  /** Value of a band in a pixel; one that tells every pixel and band apart when absent. */
  readonly value?: (position: number, band: number) => number;
  /** Whether a pixel has data in all bands. */
  readonly valid?: (position: number) => boolean;
  readonly describe?: (band: number) => Partial<BandReader['bands'][number]>;
}

/** A scene in memory that behaves as raster's do. */
export function fakeScene(options: FakeOptions): FakeScene {
  const { rows, cols, block = { rows: 1, cols }, valid = () => true } = options;
  const value = options.value ?? ((position, band) => position + band / 100);
  const read: SampleWindow[] = [];
  function values(window: SampleWindow, bands: readonly number[]): { data: Float32Array; positions: number[] } {
    if (window.row < 0 || window.col < 0 || window.row + window.rows > rows || window.col + window.cols > cols)
      throw new Error(`window outside the scene: ${JSON.stringify(window)}`);
    read.push(window);
    const positions = Array.from(
      { length: window.rows * window.cols },
      (_, n) => (window.row + Math.floor(n / window.cols)) * cols + window.col + (n % window.cols),
    );
    return { data: Float32Array.from(positions.flatMap((p) => bands.map((band) => value(p, band)))), positions };
  }
  return {
    rows,
    cols,
    block,
    read,
    bands: Array.from({ length: options.bands }, (_, band) => ({ bad: false, ...options.describe?.(band) })),
    spectrum: (position, bands) => bands.map((band) => Math.fround(value(position, band))),
    async readSpectra(window, bands, into) {
      const { data, positions } = values(window, bands);
      if (into) into.set(data);
      return {
        spectra: into?.subarray(0, data.length) ?? data,
        valid: Uint8Array.from(positions, (p) => Number(valid(p))),
      };
    },
    readWindow: async (window, bands) => ({ data: values(window, bands).data }),
  };
}
