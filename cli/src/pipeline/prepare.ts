import { basename } from 'node:path';
import { publicPath } from '@egunet/raster/url';
import {
  type Endmembers,
  type RunFacts,
  type SceneSample,
  sampleScene,
  type TrainingSet,
  usableBands,
} from '@egunet/train';
import { type Control, sceneAccess } from '../support/control.js';
import { pixelSize } from '../support/ground.js';
import { openChosenScene, type TrainingScene } from './chosen-scene.js';
import type { DataNeeds, DataRequest } from './data-request.js';
import { type AnyRequest, findIn, type KnownBand, methodOf } from './find-in-sample.js';
import { noteBands, noteEndmembers, noteLeft, noteSample } from './prepare-notes.js';
import { openCache } from './scenes/cache.js';
import { type Pool, readPool } from './scenes/read-pool.js';

// Legend: N pixels, B bands used, C endmembers, m candidates.

/** A scene, or a pool of several, made ready for training. */
export interface PreparedData {
  /** The bands used, by index in the scene, of several in the first. */
  readonly bands: readonly number[];
  readonly sample: SceneSample;
  readonly found: Endmembers;
  readonly facts: RunFacts;
}

/** Pixels of a scene at these bands, with a progress line. */
export async function readSample(
  scene: TrainingScene,
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

/** What was read, and what it was read from. */
interface ReadData extends Omit<PreparedData, 'facts' | 'found'> {
  readonly origin: Pick<RunFacts, 'sensor' | 'scene' | 'scenes'>;
  /** The bands used, in order [B]. */
  readonly used: readonly KnownBand[];
}

/** Finds endmembers in what was read. */
async function prepare(
  { origin, used, bands, sample }: ReadData,
  request: AnyRequest,
  control: Control,
): Promise<PreparedData> {
  const found = await findIn(sample, used, { request, control });
  noteEndmembers(found);
  const B = bands.length;
  const facts: RunFacts = {
    ...origin,
    bands: bands.map((index, b) => {
      const { wavelength = null, fwhm = null } = used[b]!;
      return { wavelength, fwhm, index };
    }),
    endmembers: found.names.map((name, c) => ({
      name,
      spectrum: [...found.endmembers.subarray(c * B, (c + 1) * B)],
    })),
    endmemberMethod: methodOf(found, request),
    pixels: sample.pixels.length / B,
    candidates: found.candidates.length / B,
  };
  return { bands, sample, found, facts };
}

/** Where data is read, and where what was read of several scenes is kept. */
interface Work extends DataNeeds {
  readonly control: Control;
  /** Folder of the cache. */
  readonly cache: string;
}

/** Reads a scene, or a pool of several, finds endmembers and labels the candidates, telling on standard error what happens. */
export async function prepareData(request: AnyRequest, { control, cache, ...needs }: Work): Promise<PreparedData> {
  if (!('kind' in request)) return withData(request, { control, ...needs }, async (data) => data);
  const pool = await readPool({ request, control, cache: openCache(cache), ...needs });
  noteSample(pool.sample);
  const used = pool.bands.map((band) => pool.scenes[0]!.bands[band]!);
  return prepare({ origin: originOf(pool), used, bands: pool.bands, sample: pool.sample }, request, control);
}

/** A pool as one image of its scenes below each other. */
function originOf({ scenes, sample }: Pool): ReadData['origin'] {
  const [first] = scenes;
  const { sensor = null, pixelSize, bands } = first!;
  const { rows, cols } = sample;
  return {
    sensor,
    scene: {
      name: `${scenes.length} scenes`,
      ...{ rows, cols, bands: bands.length },
      pixelSize: scenes.every((scene) => scene.pixelSize === pixelSize) ? pixelSize : null,
    },
    scenes: scenes.map(({ name, files, rows, cols }, s) => ({ name, files, rows, cols, ...sample.scenes[s]! })),
  };
}

/** The same of one scene, for work that needs it still: it is closed when that is done. */
export async function withData<T>(
  request: DataRequest,
  { control, ...needs }: DataNeeds & { readonly control: Control },
  work: (data: PreparedData, scene: TrainingScene) => Promise<T>,
): Promise<T> {
  const { scene, left } = await openChosenScene(request.scene, request, sceneAccess(control));
  try {
    if (left) noteLeft(left);
    const { bands, dropped } = await usableBands(scene, { exclude: request.exclude, signal: control.signal });
    noteBands(dropped);
    const sample = await readSample(scene, bands, { request, control, ...needs });
    noteSample(sample);
    const { rows, cols, sensor = null, georeference } = scene;
    const name = basename(publicPath(request.scene));
    const origin = {
      sensor,
      scene: { name, rows, cols, bands: scene.bands.length, pixelSize: pixelSize(georeference) ?? null },
    };
    const used = bands.map((band) => scene.bands[band]!);
    return await work(await prepare({ origin, used, bands, sample }, request, control), scene);
  } finally {
    await scene.close();
  }
}

/** What `fit` takes; with the scene itself, for a network of images. */
export function trainingSet({ bands, sample, found }: PreparedData, scene?: TrainingScene): TrainingSet {
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
