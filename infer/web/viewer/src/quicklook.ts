// A scene in true colour. Legend: N pixels, B bands.
import type { ReadOptions, RemoteScene } from '@egunet/infer-web';
import { sceneSource } from '@egunet/infer-web/openlayers';
import type { Band, Block, Window } from '@egunet/raster';
import type DataTile from 'ol/source/DataTile.js';
import type { Precedence } from './precedence.js';

/** Of red, green and blue, nm. */
const WANTED = [660, 560, 480] as const;
/** How far a band may be from it, nm. */
const REACH = 30;
/** Parts of the pixels that are darker than black and brighter than white. */
const [DARK, BRIGHT] = [0.02, 0.98];
/** Pixels a side that the stretch looks at, at least and at most. */
const [LEAST, MOST] = [64, 256];

export interface Colours {
  /** Red, green, blue: bands by their number. */
  readonly bands: readonly [number, number, number];
  /** In words. */
  readonly text: string;
}

/** The bands for red, green and blue: by wavelength, else the first three. */
export function colourBands(bands: readonly Band[]): Colours {
  const nearest = WANTED.map((wanted) => {
    const distances = bands.map(({ wavelength, bad }) => (wavelength && !bad ? Math.abs(wavelength - wanted) : REACH));
    const least = Math.min(...distances);
    return least < REACH ? distances.indexOf(least) : -1;
  });
  const [red, green, blue] = nearest as [number, number, number];
  if (!nearest.includes(-1)) {
    const listed = nearest.map((band) => bands[band]!.wavelength!.toFixed(0)).join(', ');
    return { bands: [red, green, blue], text: `True colour: bands at ${listed} nm` };
  }
  const last = bands.length - 1;
  const first = [0, Math.min(1, last), Math.min(2, last)] as const;
  const why = bands.some(({ wavelength }) => wavelength) ? 'no bands of visible light' : 'no wavelengths';
  return { bands: first, text: `The scene has ${why}: bands ${first.map((band) => band + 1).join(', ')} as colours` };
}

interface Stretch {
  readonly low: number;
  readonly high: number;
}

const hasData = (value: number, { noData }: Band): boolean => Number.isFinite(value) && value !== noData;

/** A part of so many pixels around the middle, in as few whole blocks as hold enough. */
function sample(size: number, block: number): readonly [start: number, count: number] {
  const count = Math.min(size, MOST, block * Math.ceil(LEAST / block));
  const start = Math.floor(size / 2 / block) * block;
  return [Math.min(start, size - count), count];
}

/** Which stored values of each band are black and white, by the middle of the smallest overview. */
async function stretches(scene: RemoteScene, bands: Colours['bands'], signal: AbortSignal): Promise<Stretch[]> {
  const level = scene.levels.length - 1;
  const { rows, cols, block = { rows: MOST, cols: MOST } } = scene.levels[level]!;
  const [[row, height], [col, width]] = [sample(rows, block.rows), sample(cols, block.cols)];
  const window = { row, col, rows: height, cols: width };
  const { data } = await scene.readWindow(window, bands, { level, signal });
  return bands.map((band, b) => {
    const values = Float64Array.from({ length: data.length / bands.length }, (_, n) => data[n * bands.length + b]!);
    const sorted = values.filter((value) => hasData(value, scene.bands[band]!)).sort();
    const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
    return { low: at(DARK), high: at(BRIGHT) };
  });
}

/** Colours [N, 3], 0 to 1, NaN where a band has no data, from stored values [N, 3]. */
function colour({ data }: Block, bands: readonly Band[], stretch: readonly Stretch[]): Float32Array {
  const B = bands.length;
  const colours = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += B)
    for (const [b, { low, high }] of stretch.entries()) {
      const value = data[from + b]!;
      const part = (value - low) / (high - low || 1);
      if (!hasData(value, bands[b]!)) {
        colours.fill(Number.NaN, from, from + B);
        break;
      }
      colours[from + b] = Math.min(1, Math.max(0, part));
    }
  return colours;
}

export interface QuicklookOptions {
  /** Ends what is read. */
  readonly signal: AbortSignal;
  /** Colours are seen before anything else. */
  readonly precedence: Precedence;
  /** Called where a tile cannot be read. */
  lost(error: unknown): void;
}

/** Tiles of colours: bands red, green, blue, from 0 to 1, and one that is 1 where there is data. */
export function quicklookSource(
  scene: RemoteScene,
  { bands }: Colours,
  { signal, precedence, lost }: QuicklookOptions,
): DataTile {
  let stretch: Promise<Stretch[]> | undefined;
  const known = bands.map((band) => scene.bands[band]!);
  const read = async (window: Window, options: ReadOptions) => {
    stretch ??= stretches(scene, bands, signal);
    try {
      const levels = await stretch.catch((error) => {
        stretch = undefined;
        throw error;
      });
      return colour(await scene.readWindow(window, bands, options), known, levels);
    } catch (error) {
      if (!signal.aborted && !options.signal?.aborted) lost(error);
      throw error;
    }
  };
  return sceneSource({
    scene,
    samples: bands.length,
    read: (window, options) => precedence.first(read(window, options)),
  });
}
