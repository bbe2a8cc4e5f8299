// A scene as sensors deliver it, and a model for it, that the browser and Node both get. Legend: B bands of the model, C endmembers, N pixels.
import { GAIN, NO_DATA, NO_DATA_BANDS, type SimulatedScene, simulateScene } from '@egunet/fixtures';
import type { Georeference } from '@egunet/raster';
import { createMap } from '@egunet/raster/node';
import type { Checkpoint } from '@egunet/train';
import { asEnsemble } from '../support/ensembles.js';
import { modelFile, untrained, withLayer } from '../support/models.js';

export const ROWS = 75;
export const COLS = 83;
export const ENDMEMBERS = 5;

/** With a footprint that leaves corners without data. */
export const simulated: SimulatedScene = simulateScene({ seed: 5, rows: ROWS, cols: COLS });

/** The scene's bands that the model takes. */
export const modelBands: readonly number[] = simulated.bands.flatMap((_, i) =>
  NO_DATA_BANDS.includes(i as (typeof NO_DATA_BANDS)[number]) ? [] : [i],
);

/** Where the scene lies unless told otherwise. */
const GEOREFERENCE: Georeference = { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 };

interface WriteOptions {
  /** null: nowhere. */
  readonly georeference?: Georeference | null | undefined;
  /** Samples of a pixel together when absent. */
  readonly interleave?: 'pixel' | 'band';
  /** Pixels a side of a block; 32 when absent. */
  readonly tile?: number;
  /** How many times the scene stands in the file, one below the other; once when absent. */
  readonly times?: number;
}

/** Writes the scene: int16 tiles, DEFLATE with predictor. */
export async function writeScene(
  path: string,
  { georeference = GEOREFERENCE, interleave = 'pixel', tile = 32, times = 1 }: WriteOptions = {},
): Promise<void> {
  const map = await createMap(path, {
    rows: times * ROWS,
    cols: COLS,
    sampleType: 'int16',
    interleave,
    tile,
    noData: NO_DATA,
    bands: simulated.bands.map((band) => ({ wavelength: band.wavelength, fwhm: band.fwhm, gain: GAIN })),
    ...(georeference && { georeference }),
  });
  for (let row = 0; row < times * ROWS; row += ROWS)
    await map.writeWindow({ row, col: 0, rows: ROWS, cols: COLS }, simulated.stored);
  await map.close();
}

/** Reflectance of the pixels with data [N, B], and which pixels they are [N]. */
export function validSpectra(): { spectra: Float32Array; pixels: number[] } {
  const { footprint, stored, bands } = simulated;
  const pixels = [...footprint.keys()].filter((i) => footprint[i] === 1);
  const [R, B] = [bands.length, modelBands.length];
  const spectra = new Float32Array(pixels.length * B);
  for (const [n, pixel] of pixels.entries())
    for (const [b, band] of modelBands.entries())
      spectra[n * B + b] = Math.fround(stored[pixel * R + band]! * Math.fround(GAIN));
  return { spectra, pixels };
}

/** For the scene; of another sensor where its bands are shifted by some nm. */
export const checkpoint = (shift = 0): Checkpoint =>
  untrained({
    bands: modelBands.map((i) => {
      const { wavelength, fwhm } = simulated.bands[i]!;
      return { wavelength: wavelength + shift, fwhm };
    }),
    endmembers: ENDMEMBERS,
    probe: validSpectra().spectra.slice(0, 64 * modelBands.length),
    scene: { rows: ROWS, cols: COLS },
  });

/** The model file's bytes; of another sensor where its bands are shifted by some nm. */
export const makeModel = (shift = 0): Promise<Uint8Array> => modelFile(checkpoint(shift));

/** The bytes of a spatial model, which looks two pixels around each. */
export const makeSpatialModel = (): Promise<Uint8Array> => modelFile(withLayer(checkpoint()));

/** The bytes of an ensemble. */
export const makeEnsemble = (): Promise<Uint8Array> => modelFile(asEnsemble(checkpoint()));
