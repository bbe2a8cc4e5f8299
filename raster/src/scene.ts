// Legend: rows x cols pixels, B bands. Windows are in pixels of the scene, origin top left.

/** Sample types a scene file may hold. */
export type SampleType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

export type SampleArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A rectangle of pixels: `row`, `col` of its first pixel, then its size. Always inside the scene. */
export interface Window {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}

/** What is known of one band. */
export interface Band {
  /** The file's own description, or `band N` (1-based). */
  readonly name: string;
  /** Band centre in nm; absent where the file does not say. */
  readonly wavelength?: number;
  /** Full width at half maximum in nm. */
  readonly fwhm?: number;
  /** True where the product or its bad-band list says not to use the band. */
  readonly bad: boolean;
  /** Reflectance (unitless, 1 = 100 %) = stored value * gain + offset. */
  readonly gain: number;
  readonly offset: number;
  /** The stored value that means "no data", exactly as samples hold it; NaN and infinities always do. */
  readonly noData?: number;
}

/** Where the pixels lie on the ground. */
export interface Georeference {
  /** [a, b, c, d, e, f]: x = a*col + b*row + c, y = d*col + e*row + f at the top left corner of pixel (row, col), in CRS units. */
  readonly affine: readonly [number, number, number, number, number, number];
  /** EPSG code of the CRS, where known. */
  readonly epsg?: number;
  /** GeoTIFF's key directory, kept to be written back unchanged. */
  readonly geoKeys?: GeoKeys;
}

/** Where a place of the image lies, in CRS units; pixel centres are at halves. */
export const toGround = (
  [a, b, c, d, e, f]: Georeference['affine'],
  { row, col }: { readonly row: number; readonly col: number },
): [x: number, y: number] => [a * col + b * row + c, d * col + e * row + f];

/** Whether rows run from west to east, and follow one another from north to south. */
export const isNorthUp = ([a, b, , d, e]: Georeference['affine']): boolean => b === 0 && d === 0 && a > 0 && e < 0;

export interface GeoKeys {
  readonly directory: readonly number[];
  readonly doubles?: readonly number[];
  readonly ascii?: string;
}

/** Stored values of a window. */
export interface Block {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  /** Stored values, pixel-major [rows * cols, bands], in the order of the bands asked for. */
  readonly data: SampleArray;
}

/** Spectra of a window. */
export interface SpectraBlock {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  /** Reflectance, pixel-major [rows * cols, bands]; 0 where the pixel is not valid. */
  readonly spectra: Float32Array;
  /** [rows * cols], 1 = every band asked for has data, 0 = no data. */
  readonly valid: Uint8Array;
}

/** Spectra of pixels with data. */
export interface SpectraPack {
  /** Pixels packed, n; as many as were asked for, but for the last pack. */
  readonly count: number;
  /** Their numbers in the window, counted row by row; [count] or longer. */
  readonly pixels: Uint32Array;
  /** Reflectance [n, bands]; zeros behind the last of them. */
  readonly spectra: Float32Array;
}

/** How a window is read. */
export interface ReadOptions {
  /** Asked before each piece that is read of the file: what is no longer wanted ends with its reason. */
  readonly signal?: Stop | undefined;
}

/** The part of an AbortSignal that stops work between two pieces of it. */
export type Stop = Pick<AbortSignal, 'throwIfAborted'>;

/** Which pixels of a window a stream leaves out. */
export interface StreamOptions extends ReadOptions {
  /** [rows * cols], 1 = leave the pixel out, as if it had no data; none when absent. */
  readonly leaveOut?: Uint8Array;
  /** Windows asked for later will reach so many pixels over the edges of the file's blocks: these edges are kept where that saves decoding them again. */
  readonly edges?: number | undefined;
}

/** A mask or class map that comes with a product. */
export interface QualityLayer {
  /** CLOUD, CLOUDSHADOW, CIRRUS, HAZE, SNOW, CLASSES, TESTFLAGS or PIXELMASK. */
  readonly name: string;
  /** As the scene itself was named. */
  readonly path: string;
  open(): Promise<Scene>;
}

/** The whole scene with fewer pixels. */
export interface Overview {
  readonly rows: number;
  readonly cols: number;
  /** A scene of its own, with the bands of the scene that it belongs to. It can be read until that one is closed; closing it does nothing. */
  open(): Promise<Scene>;
}

/** An opened scene, whatever its format. Close it when done. */
export interface Scene {
  /** What was opened, as the user named it. */
  readonly name: string;
  /** `GeoTIFF`, `EnMAP L2A`, `DESIS L2A`, `EMIT L2A`, `PRISMA L2D`, `ENVI`, `MATLAB v5` or `Zarr` (a map). */
  readonly format: string;
  /** Sensor, where the product says. */
  readonly sensor?: string;
  readonly rows: number;
  readonly cols: number;
  readonly sampleType: SampleType;
  /** In the file's own order, which need not be that of wavelength. */
  readonly bands: readonly Band[];
  readonly georeference?: Georeference;
  /** The window shape that reads fastest: a tile, a strip, a line. */
  readonly block: { readonly rows: number; readonly cols: number };
  /** Facts a person may want to see (`egunet info`): product id, processing version, quality layers found. */
  readonly facts: Readonly<Record<string, string>>;
  /** Largest first; absent where the file has none. */
  readonly overviews?: readonly Overview[];
  /** Of a product that has any. */
  readonly qualityLayers?: readonly QualityLayer[];
  /** Stored values of `window`, bands by index (all, in file order, when absent). Rejects with RasterError where the file is damaged. */
  readWindow(window: Window, bands?: readonly number[], options?: ReadOptions): Promise<Block>;
  /**
   * Reflectance of `window`: gain and offset applied, NoData and non-finite values found. Where `into` has room for the spectra they lie there, so
   * that window after window takes the same memory.
   */
  readSpectra(window: Window, bands?: readonly number[], into?: Float32Array): Promise<SpectraBlock>;
  /**
   * The same, packed: the pixels of `window` that have data, `pixels` at a time, in the order in which they are read. For models: nothing
   * is held but a pack and what is being decoded. A pack's arrays are used again for the next one.
   */
  streamSpectra(
    window: Window,
    bands: readonly number[],
    pixels: number,
    options?: StreamOptions,
  ): AsyncIterable<SpectraPack>;
  close(): Promise<void>;
}
