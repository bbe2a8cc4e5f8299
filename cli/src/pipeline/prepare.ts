import { basename } from 'node:path';
import { createChecks } from '@egunet/models/check';
import { type OpenOptions, resampleLibrary, type Scene } from '@egunet/raster';
import { openScene, readSpectralLibrary } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import {
  BRIGHTNESS,
  type Brightness,
  COUNT_WAYS,
  type CountBy,
  type EndmemberMethodName,
  type Endmembers,
  endmemberMethods,
  findEndmembers,
  type RunFacts,
  type SceneSample,
  sampleScene,
  type TrainingSet,
  usableBands,
} from '@egunet/train';
import { ENGINES, type EngineId } from '../doctor/ids.js';
import { type Control, sceneAccess } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { pixelSize } from '../support/ground.js';
import type { Interval } from '../support/options.js';
import { stages } from '../support/progress.js';
import { openCheck } from './open-check.js';
import { noteBands, noteEndmembers, noteSample } from './prepare-notes.js';

// Legend: N pixels, B bands used, C endmembers, m candidates.

/** What decides which data a network is trained on, and what trains it; saved with a run, so that a resumed one finds the same. */
export interface DataRequest {
  /** Absolute path, or URL. */
  readonly scene: string;
  readonly open: OpenOptions;
  /** Intervals in nm whose bands are left out. */
  readonly exclude: readonly Interval[];
  readonly seed: number;
  /** How endmembers are found; absent in a run of a version that knew `kmeans` alone. */
  readonly method: EndmemberMethodName | undefined;
  /** What an abundance of 1 means, where it is not the method's default. */
  readonly brightness?: Brightness;
  /** Endmembers to find; estimated when absent. */
  readonly count?: number;
  /** How they are counted, where that is not by HySime. */
  readonly countBy?: CountBy;
  /** Absolute path of a spectral library that gives the endmembers. */
  readonly library?: string;
  readonly libraryScale?: number;
  /** What trained it last; onnxruntime on the CPU when absent. */
  readonly engine?: EngineId;
  readonly maxPixels?: number;
  readonly maxBlocks?: number;
}

/** What a network is to be made of the data: the spatial one needs patches of the scene. */
export interface DataNeeds {
  readonly patches?: boolean;
}

/** Throws CommandError where a request read from the manifest at `path` is none. */
export function assertDataRequest(value: unknown, path: string): asserts value is DataRequest {
  const invalid = (field: string, expected: string, got: string) =>
    new CommandError(`${path}: ${field} should be ${expected}, got ${got}; train anew with egunet train SCENE`);
  const checks = createChecks(invalid);
  const { number, positive, count, text, oneOf, optional, list, record } = checks;
  record({
    scene: text,
    open: openCheck(checks),
    exclude: list(list(number, 2), 0),
    seed: count,
    method: optional(oneOf(Object.keys(endmemberMethods))),
    brightness: optional(oneOf(Object.keys(BRIGHTNESS))),
    count: optional(count),
    countBy: optional(oneOf([...COUNT_WAYS])),
    library: optional(text),
    libraryScale: optional(positive),
    engine: optional(oneOf([...ENGINES])),
    maxPixels: optional(count),
    maxBlocks: optional(count),
  })(value, 'request');
}

/** A scene made ready for training. */
export interface PreparedData {
  /** The bands used, by index in the scene. */
  readonly bands: readonly number[];
  readonly sample: SceneSample;
  readonly found: Endmembers;
  readonly facts: RunFacts;
}

/** The library's spectra at the scene's bands [C, B], with their names. */
async function readLibrary(scene: Scene, bands: readonly number[], request: DataRequest & { library: string }) {
  const { library: path, libraryScale } = request;
  const library = await readSpectralLibrary(path, libraryScale === undefined ? {} : { reflectanceScale: libraryScale });
  const used = bands.map((band) => scene.bands[band]!);
  return { given: resampleLibrary(library, used, { name: path }), names: library.names };
}

/** Pixels of a scene at these bands, with a progress line. */
export async function readSample(
  scene: Scene,
  bands: readonly number[],
  work: DataNeeds & {
    readonly request: Pick<DataRequest, 'seed' | 'maxPixels' | 'maxBlocks'>;
    readonly control: Control;
  },
): Promise<SceneSample> {
  const { request, control, patches = false } = work;
  const { seed, maxPixels, maxBlocks } = request;
  const line = control.startProgress('reading the scene', scene.rows * scene.cols);
  try {
    return await sampleScene(scene, {
      bands,
      seed,
      patches,
      signal: control.signal,
      onProgress: ({ done }) => line.update(done),
      ...(maxPixels === undefined ? {} : { maxPixels }),
      ...(maxBlocks === undefined ? {} : { maxBlocks }),
    });
  } finally {
    line.stop();
  }
}

interface Work extends DataNeeds {
  readonly request: DataRequest;
  readonly control: Control;
}

async function findIn(scene: Scene, sample: SceneSample, { work, bands }: { work: Work; bands: readonly number[] }) {
  const { request, control } = work;
  const { library, method = 'kmeans', brightness, count, countBy, seed } = request;
  const given = library === undefined ? undefined : await readLibrary(scene, bands, { ...request, library });
  const { show, stop } = stages(control.startProgress);
  try {
    const found = await findEndmembers(sample, {
      seed,
      method,
      signal: control.signal,
      onProgress: ({ stage, done, total }) => show(`endmembers: ${stage}`, done, total),
      ...(count === undefined ? {} : { count }),
      ...(countBy === undefined ? {} : { countBy }),
      ...(brightness === undefined ? {} : { brightness }),
      ...(given === undefined ? {} : { given: given.given }),
    });
    return given === undefined ? found : { ...found, names: given.names };
  } finally {
    stop();
  }
}

function methodOf({ method, brightness, count, countSource, estimate }: Endmembers, { library }: DataRequest): string {
  if (library !== undefined) return `given by ${basename(library)}`;
  const how = brightness === undefined ? method : `${method}, ${brightness} brightness`;
  if (estimate === undefined) return `${how}, number given`;
  if (countSource === 'residual') return `${how}, number estimated by the residual`;
  return `${how}, number estimated by HySime${estimate > count ? ` (${estimate}, cut to ${count})` : ''}`;
}

function factsOf(scene: Scene, data: Omit<PreparedData, 'facts'>, request: DataRequest): RunFacts {
  const { bands, sample, found } = data;
  const B = bands.length;
  return {
    sensor: scene.sensor ?? null,
    bands: bands.map((band) => {
      const { wavelength = null, fwhm = null } = scene.bands[band]!;
      return { wavelength, fwhm, index: band };
    }),
    endmembers: found.names.map((name, c) => ({
      name,
      spectrum: [...found.endmembers.subarray(c * B, (c + 1) * B)],
    })),
    endmemberMethod: methodOf(found, request),
    scene: {
      name: basename(publicPath(request.scene)),
      rows: scene.rows,
      cols: scene.cols,
      bands: scene.bands.length,
      pixelSize: pixelSize(scene.georeference) ?? null,
    },
    pixels: sample.pixels.length / B,
    candidates: found.candidates.length / B,
  };
}

/** Reads a scene, finds its endmembers and labels the candidates, telling on standard error what happens. */
export const prepareData = (request: DataRequest, control: Control, needs: DataNeeds = {}): Promise<PreparedData> =>
  withData(request, { control, ...needs }, async (data) => data);

/** The same for work that needs the scene still: it is closed when that is done. */
export async function withData<T>(
  request: DataRequest,
  { control, ...needs }: DataNeeds & { readonly control: Control },
  work: (data: PreparedData, scene: Scene) => Promise<T>,
): Promise<T> {
  const scene = await openScene(request.scene, request.open, sceneAccess(control));
  try {
    const { bands, dropped } = await usableBands(scene, { exclude: request.exclude, signal: control.signal });
    noteBands(dropped);
    const sample = await readSample(scene, bands, { request, control, ...needs });
    noteSample(sample);
    const found = await findIn(scene, sample, { work: { request, control }, bands });
    noteEndmembers(found);
    const data = { bands, sample, found };
    return await work({ ...data, facts: factsOf(scene, data, request) }, scene);
  } finally {
    await scene.close();
  }
}

/** What `fit` takes; with the scene itself, for a network of images. */
export function trainingSet({ bands, sample, found }: PreparedData, scene?: Scene): TrainingSet {
  return {
    bands: bands.length,
    endmembers: found.count,
    pixels: sample.pixels,
    candidates: found.candidates,
    labels: found.labels,
    ...(sample.patches && { patches: sample.patches }),
    ...(scene && { image: { reader: scene, bands, positions: found.positions } }),
  };
}
