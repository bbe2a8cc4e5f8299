import { matchBands } from '@egunet/infer';
import { type OpenOptions, readMatMatrix, resampleLibrary, type Scene } from '@egunet/raster';
import { nodeCodecs, openFile, openScene, readSpectralLibrary } from '@egunet/raster/node';
import { type Evaluation, evaluateAbundances, nnlsAbundances, usableBands } from '@egunet/train';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { readModelCard } from './model-card.js';

// Legend: N pixels compared, B bands, C endmembers or materials.

/** What to compare. */
export interface EvaluateRequest {
  /** Map of abundances. */
  readonly map: string;
  /** Map of reference abundances, or a .mat file that holds a matrix [C, pixels]. */
  readonly reference: string;
  /** The matrix of the .mat file. */
  readonly referenceVariable: string;
  /** Names of the reference materials; the reference's own band names when absent. */
  readonly names?: readonly string[];
  readonly scene?: { readonly path: string; readonly open: OpenOptions };
  /** The model that made the map: gives its endmembers and bands. */
  readonly model?: string;
  /** Spectral library with the endmembers, in the order of the map's bands. */
  readonly endmembers?: string;
  /** Library or .mat file with the reference spectra, in the order of the reference maps. */
  readonly referenceEndmembers?: string;
  /** The matrix [B, C] of that .mat file. */
  readonly endmemberVariable: string;
  /** Every k-th pixel is taken so that no more than this are compared. */
  readonly maxPixels: number;
}

/** A comparison with what it was made on. */
export interface EvaluateResult extends Evaluation {
  /** 1: every pixel was looked at, k: every k-th. */
  readonly step: number;
  /** The map's own names [C]. */
  readonly endmembers: readonly string[];
}

const isMat = (path: string): boolean => /\.mat$/i.test(path);

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** The smallest step that leaves at most `most` of the pixels and does not walk along columns. */
function stepFor({ rows, cols }: Scene, most: number): number {
  let step = Math.ceil((rows * cols) / most);
  while (step > 1 && greatestCommonDivisor(step, cols) !== 1) step++;
  return step;
}

/** How pixels are read: every `step`-th, shown as `label` on a progress line. */
interface Reading {
  readonly step: number;
  readonly label: string;
  readonly control: Control;
}

/** Lets signals in; throws where one asked to stop. */
async function pause({ signal }: Control): Promise<void> {
  await new Promise(setImmediate);
  signal.throwIfAborted();
}

/** Every `step`-th pixel's values of `bands` [N, bands], NaN where there is no data. */
async function readPixels(scene: Scene, bands: readonly number[], how: Reading): Promise<Float32Array> {
  const line = how.control.startProgress(how.label, scene.rows);
  try {
    return await gatherPixels(scene, bands, { ...how, onRow: (row) => line.update(row) });
  } finally {
    line.stop();
  }
}

async function gatherPixels(
  scene: Scene,
  bands: readonly number[],
  { step, control, onRow }: Reading & { onRow: (row: number) => void },
): Promise<Float32Array> {
  const { rows, cols } = scene;
  const B = bands.length;
  const pixels = new Float32Array(Math.ceil((rows * cols) / step) * B);
  const height = Math.max(1, Math.min(scene.block.rows, 256));
  for (let row = 0; row < rows; row += height) {
    const window = { row, col: 0, rows: Math.min(height, rows - row), cols };
    const { spectra, valid } = await scene.readSpectra(window, bands);
    const first = row * cols;
    for (let at = Math.ceil(first / step) * step; at < first + valid.length; at += step) {
      const from = (at - first) * B;
      const to = (at / step) * B;
      if (valid[at - first]) pixels.set(spectra.subarray(from, from + B), to);
      else pixels.fill(Number.NaN, to, to + B);
    }
    onRow(row + window.rows);
    await pause(control);
  }
  return pixels;
}

const allBands = (scene: Scene): number[] => scene.bands.map((_, b) => b);

function assertSameSize(scene: Scene, map: Scene): void {
  if (scene.rows !== map.rows || scene.cols !== map.cols)
    throw new CommandError(
      `${scene.name}: ${scene.rows} rows x ${scene.cols} columns, but ${map.name} has ${map.rows} x ${map.cols}; compare maps of one scene`,
    );
}

async function withScene<T>(path: string, open: OpenOptions, use: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await openScene(path, open);
  try {
    return await use(scene);
  } finally {
    await scene.close();
  }
}

/** What the parts of a comparison share. */
interface Work {
  readonly map: Scene;
  readonly step: number;
  readonly control: Control;
}

async function readReference(request: EvaluateRequest, { map, step, control }: Work) {
  const { reference, referenceVariable, names } = request;
  const open = isMat(reference) ? { variable: referenceVariable, rows: map.rows, cols: map.cols } : {};
  return withScene(reference, open, async (scene) => {
    assertSameSize(scene, map);
    if (names && names.length !== scene.bands.length)
      throw new CommandError(`--names: ${names.length} names, but ${reference} has ${scene.bands.length} materials`);
    return {
      reference: await readPixels(scene, allBands(scene), { step, control, label: 'reading the reference' }),
      names: names ?? scene.bands.map(({ name }) => name),
    };
  });
}

/** The bands in which spectra are compared, and the endmembers of the map in them [C, B], where they are known. */
async function bandsAndEndmembers(request: EvaluateRequest, scene: Scene, { signal }: Control) {
  const { model, endmembers } = request;
  if (model !== undefined) {
    const card = await readModelCard(model);
    return {
      bands: matchBands(scene, card),
      endmembers: Float32Array.from(card.endmembers.flatMap(({ spectrum }) => spectrum)),
    };
  }
  const { bands } = await usableBands(scene, { signal });
  if (endmembers === undefined) return { bands };
  return { bands, endmembers: await readLibrary(endmembers, scene, { bands, variable: request.endmemberVariable }) };
}

/** Spectra at the given bands of the scene [C, B]. */
async function readLibrary(
  path: string,
  scene: Scene,
  { bands, variable }: { bands: readonly number[]; variable: string },
): Promise<Float32Array> {
  if (!isMat(path)) {
    const library = await readSpectralLibrary(path);
    return resampleLibrary(
      library,
      bands.map((band) => scene.bands[band]!),
      path,
    );
  }
  const source = await openFile(path);
  try {
    const { rows, cols, data } = await readMatMatrix(source, nodeCodecs, variable); // [B, C]
    if (rows !== bands.length)
      throw new CommandError(
        `${path}: '${variable}' has ${rows} bands, ${bands.length} of the scene are used; they must agree`,
      );
    return Float32Array.from({ length: rows * cols }, (_, i) => data[(i % rows) * cols + Math.floor(i / rows)]!);
  } finally {
    await source.close();
  }
}

/** Pixels of NNLS between two looks at the signals. */
const NNLS_PIXELS = 4096;

/** What `nnlsAbundances` gives [N, C], part by part. Pixels without data get whatever zeros give; they are not compared. */
async function unmixByNnls(spectra: Float32Array, endmembers: Float32Array, { bands, control }: NnlsWork) {
  const [total, count] = [spectra.length / bands, endmembers.length / bands];
  const all = new Float32Array(total * count); // [N, C]
  const line = control.startProgress('NNLS with the same endmembers', total);
  try {
    for (let from = 0; from < total; from += NNLS_PIXELS) {
      const part = spectra.slice(from * bands, (from + NNLS_PIXELS) * bands);
      const finite = part.map((value) => (Number.isFinite(value) ? value : 0));
      all.set(nnlsAbundances(endmembers, finite, bands).abundances, from * count);
      line.update(Math.min(total, from + NNLS_PIXELS));
      await pause(control);
    }
  } finally {
    line.stop();
  }
  return all;
}

interface NnlsWork {
  readonly bands: number;
  readonly control: Control;
}

async function readSpectra(request: EvaluateRequest, { map, step, control }: Work) {
  const { scene: place, referenceEndmembers, endmemberVariable } = request;
  if (!place) return {};
  return withScene(place.path, place.open, async (scene) => {
    assertSameSize(scene, map);
    const { bands, endmembers } = await bandsAndEndmembers(request, scene, control);
    const spectra = await readPixels(scene, bands, { step, control, label: 'reading the scene' });
    const fits = endmembers?.length === map.bands.length * bands.length; // else the comparison says what is wrong
    return {
      spectra,
      ...(endmembers && { endmembers }),
      ...(endmembers && fits && { baseline: await unmixByNnls(spectra, endmembers, { bands: bands.length, control }) }),
      ...(referenceEndmembers !== undefined && {
        referenceEndmembers: await readLibrary(referenceEndmembers, scene, { bands, variable: endmemberVariable }),
      }),
    };
  });
}

/** Compares a map of abundances with a reference; with the scene also its spectra, and NNLS on the same endmembers. Rejects with the signal's reason when stopped. */
export async function evaluateMap(request: EvaluateRequest, control: Control): Promise<EvaluateResult> {
  return withScene(request.map, {}, async (map) => {
    const step = stepFor(map, request.maxPixels);
    const work = { map, step, control };
    const reference = await readReference(request, work);
    const spectra = await readSpectra(request, work);
    const abundances = await readPixels(map, allBands(map), { step, control, label: 'reading the map' });
    const evaluation = evaluateAbundances({ abundances, ...reference, ...spectra });
    return { ...evaluation, step, endmembers: map.bands.map(({ name }) => name) };
  });
}
