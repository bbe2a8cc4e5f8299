import { abundanceBands, matchBands } from '@egunet/infer';
import { type ModelCard, type Precision, precisionOf } from '@egunet/models/card';
import { makeScene, type OpenOptions, readMatFile, type Scene } from '@egunet/raster';
import { nodeCodecs, openFile, openScene } from '@egunet/raster/node';
import { type Evaluation, evaluateAbundances, nnlsAbundances, usableBands } from '@egunet/train';
import { type Control, sceneAccess } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { isMat } from '../support/scene-options.js';
import { readSpectraFor } from './evaluate-library.js';
import { assertSamePixels, pause, readAbundances, readPixels, stepFor } from './evaluate-pixels.js';
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
  /** The model that made the map, or its card: gives its endmembers and bands. */
  readonly model?: string | ModelCard;
  /** Spectral library with the endmembers, by the names of the map's bands or in their order. */
  readonly endmembers?: string;
  /** Library or .mat file with the reference spectra, by the materials' names or in the order of the reference maps. */
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
  /** Of the model, where it is given. */
  readonly precision?: Precision;
}

/** A scene to open, and what it is opened with. */
interface Place {
  readonly path: string;
  readonly open: OpenOptions;
  readonly control: Control;
}

async function withScene<T>({ path, open, control }: Place, use: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await openScene(path, open, sceneAccess(control));
  try {
    return await use(scene);
  } finally {
    await scene.close();
  }
}

/** A map without the bands of spread and quality, which stand behind its abundances. */
export function abundancesOf(map: Scene): Scene {
  const count = abundanceBands(map.bands.map(({ name }) => name));
  return count < map.bands.length ? makeScene({ ...map, bands: map.bands.slice(0, count) }) : map;
}

/** What the parts of a comparison share. */
interface Work {
  readonly map: Scene;
  readonly step: number;
  readonly control: Control;
}

/** Throws CommandError unless the matrix of a .mat file is one of abundances of the map's pixels. */
async function assertReferenceMatrix({ reference, referenceVariable: variable }: EvaluateRequest, map: Scene) {
  const source = await openFile(reference);
  const arrays = await readMatFile(source, nodeCodecs).finally(() => source.close());
  const dims = arrays.get(variable)?.dims;
  const pixels = map.rows * map.cols;
  if (dims && (dims.length === 2 ? dims.includes(pixels) : dims[0] === map.rows && dims[1] === map.cols)) return;
  const listed = [...arrays].map(([name, array]) => `${name} [${array.dims.join(' x ')}]`).join(', ') || 'no matrix';
  throw new CommandError(
    `${reference}: ${dims ? `${variable} is [${dims.join(' x ')}]` : `has no matrix ${variable}`}, expected [materials x ${pixels}] for the ${map.rows} rows x ${map.cols} columns of ${map.name}; it holds ${listed}: name one with --reference-variable, or another file`,
  );
}

async function readReference(request: EvaluateRequest, { map, step, control }: Work) {
  const { reference, referenceVariable, names } = request;
  const matrix = isMat(reference);
  if (matrix) await assertReferenceMatrix(request, map);
  const open = matrix ? { variable: referenceVariable, rows: map.rows, cols: map.cols } : {};
  return withScene({ path: reference, open, control }, async (opened) => {
    const scene = abundancesOf(opened);
    assertSamePixels(scene, map);
    const [expected, got] = [map.bands.length, scene.bands.length];
    if (expected !== got)
      throw new CommandError(
        `${map.name}: has ${expected} endmembers, but ${reference} has ${got} materials; a map is compared with as many`,
      );
    if (names && names.length !== got)
      throw new CommandError(`--names: ${names.length} names, but ${reference} has ${got} materials`);
    return {
      reference: await readAbundances(scene, { step, control, label: 'reading the reference' }),
      names: names ?? scene.bands.map(({ name }, c) => (matrix ? `material ${c + 1}` : name)),
    };
  });
}

const cardOf = async (model: string | ModelCard): Promise<ModelCard> =>
  typeof model === 'string' ? readModelCard(model) : model;

/** The bands in which spectra are compared, and the endmembers of the map in them [C, B], where they are known. */
async function bandsAndEndmembers(request: EvaluateRequest, scene: Scene, { map, control }: Work) {
  const { model, endmembers, endmemberVariable: variable } = request;
  const names = map.bands.map(({ name }) => name);
  if (model !== undefined) {
    const card = await cardOf(model);
    if (card.endmembers.length !== names.length)
      throw new CommandError(
        `${typeof model === 'string' ? model : 'the model'}: has ${card.endmembers.length} endmembers, but ${map.name} has ${names.length}; name the model that made it`,
      );
    return {
      bands: matchBands(scene, card),
      endmembers: Float32Array.from(card.endmembers.flatMap(({ spectrum }) => spectrum)),
    };
  }
  const { bands } = await usableBands(scene, { signal: control.signal });
  if (endmembers === undefined) return { bands };
  const wanted = { scene, bands, names, whose: 'endmembers of the map', variable };
  return { bands, endmembers: await readSpectraFor(endmembers, wanted) };
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

async function readSpectra(request: EvaluateRequest, names: readonly string[], work: Work) {
  const { scene: place, referenceEndmembers, endmemberVariable: variable } = request;
  const { map, step, control } = work;
  if (!place) return {};
  return withScene({ ...place, control: work.control }, async (scene) => {
    assertSamePixels(scene, map);
    const { bands, endmembers } = await bandsAndEndmembers(request, scene, work);
    const wanted = { scene, bands, names, whose: 'reference materials', variable };
    const reference = referenceEndmembers === undefined ? undefined : await readSpectraFor(referenceEndmembers, wanted);
    const spectra = await readPixels(scene, bands, { step, control, label: 'reading the scene' });
    return {
      spectra,
      ...(endmembers && {
        endmembers,
        baseline: await unmixByNnls(spectra, endmembers, { bands: bands.length, control }),
      }),
      ...(reference && { referenceEndmembers: reference }),
    };
  });
}

/** Compares a map of abundances with a reference; with the scene also its spectra, and NNLS on the same endmembers. Rejects with the signal's reason when stopped. */
export async function evaluateMap(request: EvaluateRequest, control: Control): Promise<EvaluateResult> {
  if (isMat(request.map))
    throw new CommandError(
      `${request.map}: is a MATLAB file, expected a map (GeoTIFF, Zarr or ENVI); --reference takes .mat`,
    );
  return withScene({ path: request.map, open: {}, control }, async (opened) => {
    const map = abundancesOf(opened);
    const step = stepFor(map, request.maxPixels);
    const work = { map, step, control };
    const reference = await readReference(request, work);
    const spectra = await readSpectra(request, reference.names, work);
    const abundances = await readAbundances(map, { step, control, label: 'reading the map' });
    const evaluation = evaluateAbundances({ abundances, ...reference, ...spectra });
    const endmembers = map.bands.map(({ name }) => name);
    if (request.model === undefined) return { ...evaluation, step, endmembers };
    return { ...evaluation, step, endmembers, precision: precisionOf(await cardOf(request.model)) };
  });
}
