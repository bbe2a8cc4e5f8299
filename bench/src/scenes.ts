// Scenes with reference abundances. Legend: N pixels, row by row; B bands; C materials. MATLAB files number pixels column by column.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { abundanceFields, seededRandom } from '@egunet/fixtures';
import { type Matrix, readMatMatrix } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import type { SampleWindow, SpectraReader } from '@egunet/train';

/** A scene held in memory with its reference. */
export interface ReferenceScene {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  /** [N, B] */
  readonly spectra: Float32Array;
  /** Reference abundances [N, C]. */
  readonly reference: Float32Array;
  /** Reference spectra [C, B]. */
  readonly referenceEndmembers: Float32Array;
  readonly materials: readonly string[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of real scenes. */
export const dataFolder = resolve(root, process.env.EGUNET_DATA ?? '../shared/data');

async function matrix(file: string, variable: string): Promise<Matrix> {
  const source = await openFile(join(dataFolder, file));
  try {
    return await readMatMatrix(source, nodeCodecs, variable);
  } finally {
    await source.close();
  }
}

/** A matrix [V, N] whose columns are pixels numbered column by column, as [N, V] row by row. */
function pixelMajor(
  { data, rows: values, cols: pixels }: Matrix,
  [rows, cols]: [number, number],
  scale = 1,
): Float32Array {
  const out = new Float32Array(values * pixels);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++)
      for (let v = 0; v < values; v++)
        out[(row * cols + col) * values + v] = data[v * pixels + col * rows + row]! * scale;
  return out;
}

/** A matrix [B, C] as [C, B]. */
function transposed({ data, rows, cols }: Matrix): Float32Array {
  return Float32Array.from({ length: rows * cols }, (_, i) => data[(i % rows) * cols + Math.floor(i / rows)]!);
}

/** AVIRIS Jasper Ridge, 100 x 100 x 198, 4 materials. The file names no scale; 1e-4 makes reflectance of its values. */
export async function jasperRidge(): Promise<ReferenceScene> {
  const image = await matrix('jasper-ridge/jasperRidge2_R198.mat', 'Y');
  const file = 'jasper-ridge/Jasper_GT.mat';
  return {
    name: 'Jasper Ridge',
    rows: 100,
    cols: 100,
    bands: 198,
    spectra: pixelMajor(image, [100, 100], 1e-4),
    reference: pixelMajor(await matrix(file, 'A'), [100, 100]),
    referenceEndmembers: transposed(await matrix(file, 'M')),
    materials: ['tree', 'water', 'dirt', 'road'],
  };
}

/** Samson, 95 x 95 x 156, 3 materials. */
export async function samson(): Promise<ReferenceScene> {
  const file = 'samson/Samson_GT.mat';
  return {
    name: 'Samson',
    rows: 95,
    cols: 95,
    bands: 156,
    spectra: pixelMajor(await matrix('samson/Samson.mat', 'V'), [95, 95]),
    reference: pixelMajor(await matrix(file, 'A'), [95, 95]),
    referenceEndmembers: transposed(await matrix(file, 'M')),
    materials: ['soil', 'tree', 'water'],
  };
}

/** What the synthetic scene's description leaves open, as chosen here. */
export const SYNTHETIC = {
  rows: 200,
  cols: 200,
  radius: 8,
  contrast: 5,
  variability: 0.25,
  snr: 25,
  seed: 100,
} as const;

/**
 * The synthetic scene of the paper, rebuilt from its five endmembers: smooth random abundances, each endmember scaled per pixel by
 * U(1 - v, 1 + v), noise at `snr` dB on the endmembers and on the image.
 */
export async function synthetic(): Promise<ReferenceScene> {
  const { rows, cols, radius, contrast, variability, snr, seed } = SYNTHETIC;
  const found = await matrix('egu-synthetic-ingredients/Extracted_EM.mat', 'endmembers');
  const { rows: bands, cols: count } = found;
  const endmembers = transposed(found); // [C, B]
  const random = seededRandom(seed);
  const reference = abundanceFields(rows, cols, { random, materials: count, radius, contrast });
  const spectra = new Float32Array(rows * cols * bands);
  const powers = Array.from({ length: count }, (_, e) => meanSquare(endmembers.subarray(e * bands, (e + 1) * bands)));
  for (let p = 0; p < rows * cols; p++)
    for (let e = 0; e < count; e++) {
      const scale = 1 + variability * (2 * random.uniform() - 1);
      const sigma = Math.sqrt(powers[e]! / 10 ** (snr / 10));
      const abundance = reference[p * count + e]!;
      for (let b = 0; b < bands; b++)
        spectra[p * bands + b]! += abundance * (endmembers[e * bands + b]! * scale + sigma * random.normal());
    }
  const sigma = Math.sqrt(meanSquare(spectra) / 10 ** (snr / 10));
  for (let i = 0; i < spectra.length; i++) spectra[i] = Math.max(0, spectra[i]! + sigma * random.normal());
  const materials = Array.from({ length: count }, (_, i) => `material ${i + 1}`);
  return { name: 'synthetic', rows, cols, bands, spectra, reference, referenceEndmembers: endmembers, materials };
}

const meanSquare = (values: Float32Array) => values.reduce((sum, v) => sum + v * v, 0) / values.length;

/** The scene as training reads scenes. */
export function readerOf({ rows, cols, bands, spectra }: ReferenceScene): SpectraReader {
  const readSpectra = async (window: SampleWindow, wanted: readonly number[]) => {
    const out = new Float32Array(window.rows * window.cols * wanted.length);
    let at = 0;
    for (let row = window.row; row < window.row + window.rows; row++)
      for (let col = window.col; col < window.col + window.cols; col++)
        for (const band of wanted) out[at++] = spectra[(row * cols + col) * bands + band]!;
    return { spectra: out, valid: new Uint8Array(window.rows * window.cols).fill(1) };
  };
  return { rows, cols, block: { rows, cols }, readSpectra };
}
