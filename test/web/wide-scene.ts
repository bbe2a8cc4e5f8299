// A scene wider than a tile of a map, of few bands, and a model for it.
import { createMap } from '@egunet/raster/node';
import { createRandom } from '@egunet/train';
import { modelFile, untrained } from '../support/models.js';

export const ROWS = 140;
export const COLS = 560;
export const ENDMEMBERS = 3;

const GAIN = 1e-4;
const NO_DATA = -32768;
const BANDS = [500, 600, 700, 800].map((wavelength) => ({ wavelength, fwhm: 10 }));

/** [ROWS, COLS, B] as they are stored, with a corner without data. */
function storedValues(): Int16Array {
  const random = createRandom(3);
  const B = BANDS.length;
  return Int16Array.from({ length: ROWS * COLS * B }, (_, i) => {
    const [row, col] = [Math.floor(i / B / COLS), Math.floor(i / B) % COLS];
    if (2 * row + col < 200) return NO_DATA;
    return 2500 + 2000 * Math.sin(row / 40 + (i % B)) * Math.cos(col / 50) + 300 * random.uniform();
  });
}

/** Writes the scene, with a place on Earth or without one. */
export async function writeWideScene(
  path: string,
  { placed = true }: { readonly placed?: boolean } = {},
): Promise<void> {
  const map = await createMap(path, {
    rows: ROWS,
    cols: COLS,
    sampleType: 'int16',
    interleave: 'pixel',
    tile: 128,
    noData: NO_DATA,
    bands: BANDS.map((band) => ({ ...band, gain: GAIN })),
    ...(placed && { georeference: { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 } }),
  });
  await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, storedValues());
  await map.close();
}

/** The model file's bytes. */
export function makeWideModel(): Promise<Uint8Array> {
  const probe = Float32Array.from({ length: 64 * BANDS.length }, (_, i) => 0.2 + 0.1 * Math.sin(i));
  return modelFile(untrained({ bands: BANDS, endmembers: ENDMEMBERS, probe, scene: { rows: ROWS, cols: COLS } }));
}
