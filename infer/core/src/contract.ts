// The two small interfaces that inference runs on; every runtime and every source of spectra fits behind them.
// Legend: B bands, C endmembers. Arrays are flat and pixel-major.

/** A rectangle of pixels: `row`, `col` of its first pixel, then its size. */
export interface Window {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}

/** What band matching needs to know of a scene's band. */
export interface ReaderBand {
  readonly name: string;
  /** Band centre in nm; absent where unknown. */
  readonly wavelength?: number;
  /** Full width at half maximum in nm. */
  readonly fwhm?: number;
  /** True where the product says not to use the band. */
  readonly bad: boolean;
}

/** Of an AbortSignal, what reading and unmixing need. */
export type Stop = Pick<AbortSignal, 'throwIfAborted'>;

/** Spectra of pixels with data. Its arrays may be used again for the next pack. */
export interface SpectraPack {
  /** Pixels packed, n; as many as were asked for, but for the last pack. */
  readonly count: number;
  /** Their numbers in the window, counted row by row; [count] or longer. */
  readonly pixels: Uint32Array;
  /** Reflectance [n, bands], bands in the order asked for; zeros behind the last of them. */
  readonly spectra: Float32Array;
}

/** A source of spectra: a structural subset of raster's `Scene`. */
export interface SpectraReader {
  readonly name: string;
  readonly sensor?: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: readonly ReaderBand[];
  /** The window shape that reads fastest. */
  readonly block: { readonly rows: number; readonly cols: number };
  /**
   * The pixels of a window that have data, `pixels` at a time, in any order, but row by row where no two blocks lie beside each other in it; without those where `leaveOut` [rows * cols] is 1; `signal` is
   * asked between two pieces of reading; `edges`: windows asked for later will reach so many pixels over the edges of blocks. An error about
   * a block that cannot be decoded, where others can, has `damaged`: the block's name and its pixels in the scene.
   */
  streamSpectra(
    window: Window,
    bands: readonly number[],
    pixels: number,
    options?: { readonly leaveOut?: Uint8Array; readonly signal?: Stop; readonly edges?: number },
  ): AsyncIterable<SpectraPack>;
}

/** What an input of a model is given: float32, row-major. */
export interface InputTensor {
  readonly name: string;
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A loaded model, whatever runs it. */
export interface Session {
  /**
   * The abundances, flat, of what `spectraInputs` or, for a spatial model, `imageInputs` makes; of an ensemble then the spread of all pixels behind those of
   * all pixels. The session keeps none of the arrays.
   */
  run(inputs: readonly InputTensor[]): Promise<Float32Array>;
  /** Gives the runtime's memory back; the session cannot be used afterwards. */
  release(): Promise<void>;
}
