// A scene as sensors deliver it, and a model for it, that the browser and Node both get. Legend: B bands of the model, C endmembers, N pixels.
import { GAIN, NO_DATA, NO_DATA_BANDS, type SimulatedScene, simulateScene } from '@egunet/fixtures';
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import type { Georeference } from '@egunet/raster';
import { createMap } from '@egunet/raster/node';
import { type Checkpoint, createRandom, DEFAULT_SETTINGS, exportHead } from '@egunet/train';

export const ROWS = 75;
export const COLS = 83;
export const ENDMEMBERS = 5;

/** With a footprint that leaves corners without data. */
export const simulated: SimulatedScene = simulateScene({ seed: 5, rows: ROWS, cols: COLS });

/** The scene's bands that the model takes. */
export const modelBands: readonly number[] = simulated.bands.flatMap((_, i) =>
  NO_DATA_BANDS.includes(i as (typeof NO_DATA_BANDS)[number]) ? [] : [i],
);

/** Where the scene lies, unless told otherwise. */
const UTM: Georeference = { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 };

/** Writes the scene: int16 tiles, DEFLATE with predictor, pixel-interleaved unless told otherwise; nowhere where `georeference` is null. */
export async function writeScene(
  path: string,
  georeference: Georeference | null = UTM,
  interleave: 'pixel' | 'band' = 'pixel',
): Promise<void> {
  const map = await createMap(path, {
    rows: ROWS,
    cols: COLS,
    sampleType: 'int16',
    interleave,
    tile: 32,
    noData: NO_DATA,
    bands: simulated.bands.map((band) => ({ wavelength: band.wavelength, fwhm: band.fwhm, gain: GAIN })),
    ...(georeference && { georeference }),
  });
  await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, simulated.stored);
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

/** A network of seeded parameters that no training has levelled: its abundances differ from pixel to pixel. */
export function checkpoint(shift = 0): Checkpoint {
  const network = pixelwiseNetwork(modelBands.length, ENDMEMBERS);
  const random = createRandom(11);
  const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.15 * random.normal());
  const moving = initialStatistics(network).map((v) => v + 0.2 * random.uniform());
  const probe = validSpectra().spectra.slice(0, 64 * modelBands.length);
  return {
    settings: { ...DEFAULT_SETTINGS, batch: 64 },
    inputScale: 1.5,
    dataDigest: '00',
    epoch: 1,
    history: [],
    state: { parameters, first: parameters, second: parameters, moving },
    probe,
    facts: {
      sensor: null,
      bands: modelBands.map((i) => ({
        wavelength: simulated.bands[i]!.wavelength + shift,
        fwhm: simulated.bands[i]!.fwhm,
      })),
      endmembers: Array.from({ length: ENDMEMBERS }, (_, c) => ({
        name: `material ${c + 1}`,
        spectrum: modelBands.map((_, b) => 0.1 + 0.05 * c + b / 1000),
      })),
      endmemberMethod: 'known',
      scene: { name: 'simulated', rows: ROWS, cols: COLS, pixelSize: 30 },
      pixels: 64,
      candidates: 64,
    },
  };
}

/** The model file's bytes; of another sensor where its bands are shifted by some nm. */
export const makeModel = async (shift = 0): Promise<Uint8Array> =>
  (await exportHead(checkpoint(shift), { softwareVersion: '0.0.0', created: new Date(0) })).bytes;
