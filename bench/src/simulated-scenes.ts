// Scenes whose abundances are exact, because the scene was made from them. Legend: N pixels, row by row; B bands; C materials.
import { abundanceFields, type Random, seededRandom } from '@egunet/fixtures';
import { cube, matrix, pixelMajor, type ReferenceScene, transposed } from './scenes.js';

/** What the synthetic scene's description leaves open, as chosen here. */
const SYNTHETIC = {
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
  addNoise(spectra, snr, random);
  const materials = materialNames(count);
  const made = `Rebuilt from the paper's description and its five endmembers; what that leaves open was chosen as ${JSON.stringify(SYNTHETIC)}: abundances are the softmax of contrast x smooth random fields of that radius (pixels), each endmember is scaled per pixel by U(1 - variability, 1 + variability), noise of snr dB is added to the endmembers and to the image.`;
  return { name: 'synthetic', rows, cols, bands, spectra, reference, referenceEndmembers: endmembers, materials, made };
}

/** Adds white noise; what becomes negative is 0. */
function addNoise(spectra: Float32Array, snr: number, random: Random): void {
  const sigma = Math.sqrt(meanSquare(spectra) / 10 ** (snr / 10));
  for (let i = 0; i < spectra.length; i++) spectra[i] = Math.max(0, spectra[i]! + sigma * random.normal());
}

const materialNames = (count: number) => Array.from({ length: count }, (_, i) => `material ${i + 1}`);

const meanSquare = (values: Float32Array) => values.reduce((sum, v) => sum + v * v, 0) / values.length;

const SIM1_SEED = 9000;

/**
 * Sim1 of Rasti et al. (2022, MiSiCNet), 105 x 105 x 224: linear mixtures of 6 endmembers, none of them above .75 anywhere, with white noise of
 * `snr` dB, or none.
 */
export async function sim1(snr?: number): Promise<ReferenceScene> {
  const size: [number, number] = [105, 105];
  const image = await cube('misicnet-sim/Sim1_Y_clean.mat', 'Y_clean');
  const spectra = pixelMajor(image, size);
  if (snr !== undefined) addNoise(spectra, snr, seededRandom(SIM1_SEED));
  return {
    name: { 30: 'Sim1', 20: 'Sim1, 20 dB' }[snr ?? 0] ?? 'Sim1, no noise',
    rows: size[0],
    cols: size[1],
    bands: image.rows,
    spectra,
    reference: pixelMajor(await cube('misicnet-sim/Sim1_A_true.mat', 'A_true'), size),
    referenceEndmembers: transposed(await matrix('misicnet-sim/Sim1_E.mat', 'E')),
    materials: materialNames(6),
    made: `Exact linear mixtures, none of them pure, ${snr === undefined ? 'without noise' : `with white noise of ${snr} dB`}.`,
  };
}

/** Materials of HYDICE Urban's references, and which part of its spectral library has their spectra. */
const URBAN = [
  ['asphalt', 'lib1'],
  ['grass', 'lib2'],
  ['tree', 'lib3'],
  ['roof', 'lib4'],
  ['dirt', 'lib6'],
] as const;
const URBAN_SEED = 500;

/**
 * HYDICE Urban, 307 x 307 x 162, made anew: the image itself is not there. Each pixel mixes its reference abundances of 4 or 5 materials, each with a
 * spectrum of its own: a random point between two of the material's spectra from the image's library. No noise is added.
 */
export async function urban(count: 4 | 5): Promise<ReferenceScene> {
  const size: [number, number] = [307, 307];
  const [N, library] = [size[0] * size[1], 'urban-gt-only/spectral_library_urban.mat'];
  const materials = URBAN.slice(0, count);
  const parts = await Promise.all(materials.map(([, part]) => matrix(library, part)));
  const bands = parts[0]!.rows;
  const reference = pixelMajor(await matrix(`urban-gt-only/end${count}_groundTruth.mat`, 'A'), size);
  sharesOf(reference, count);
  const random = seededRandom(URBAN_SEED);
  const spectra = new Float32Array(N * bands);
  for (const [c, { data, cols }] of parts.entries())
    for (let n = 0; n < N; n++) {
      const [a, b, t] = [Math.floor(random.uniform() * cols), Math.floor(random.uniform() * cols), random.uniform()];
      const share = reference[n * count + c]!;
      for (let band = 0; band < bands; band++)
        spectra[n * bands + band]! += share * (data[band * cols + a]! * t + data[band * cols + b]! * (1 - t));
    }
  return {
    name: `Urban${count}`,
    rows: size[0],
    cols: size[1],
    bands,
    spectra,
    reference,
    referenceEndmembers: Float32Array.from(parts.flatMap((part) => meanColumn(part))),
    materials: materials.map(([name]) => name),
    made: "The reference abundances of HYDICE Urban, mixed with spectra from the image's library: in each pixel, a random point between two spectra of each material. The reference endmembers are the library's means.",
  };
}

/** Makes abundances [N, C] shares: none below 0, one in sum. */
function sharesOf(abundances: Float32Array, count: number): void {
  for (let at = 0; at < abundances.length; at += count) {
    const pixel = abundances.subarray(at, at + count);
    const sum = pixel.reduce((total, value) => total + Math.max(0, value), 0);
    for (let c = 0; c < count; c++) pixel[c] = Math.max(0, pixel[c]!) / sum;
  }
}

/** The mean of a matrix' columns [B]. */
const meanColumn = ({ data, rows, cols }: { data: Float64Array; rows: number; cols: number }): number[] =>
  Array.from({ length: rows }, (_, b) => data.subarray(b * cols, (b + 1) * cols).reduce((a, v) => a + v, 0) / cols);
