// The command line that makes a run again, as the run tells it.
import { basename, join } from 'node:path';
import { isUrl, publicPath } from '@egunet/raster/url';
import {
  type Checkpoint,
  DEFAULT_IMAGE_SETTINGS,
  DEFAULT_SETTINGS,
  DEFAULT_SIZES,
  type FitSettings,
  LIBRARY_SETTINGS,
  type SavedRun,
} from '@egunet/train';
import { splitExcluded } from '../support/bands.js';
import { DEFAULT_SEED } from '../support/data-options.js';
import type { Interval } from '../support/options.js';
import { flag } from '../support/outline.js';
import { shellCommand } from '../support/output.js';
import type { DataRequest, PixelRequest, ScenesRequest } from './data-request.js';
import type { LibraryRequest } from './library/request.js';
import type { TrainRequest } from './run-and-save.js';
import { isOfLibrary } from './train-on.js';
import { checkRequest } from './train-run.js';

type Value = string | number | boolean | undefined;

/** Options with their values, those that are not given left out. */
const options = (values: Readonly<Record<string, Value>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [flag(name)] : [flag(name), String(value)];
  });

/** What differs from a default. */
const unless = <T extends Value>(value: T, fallback: Value): T | undefined => (value === fallback ? undefined : value);

/** The folders around a file are the user's own, as a URL's login and query are. */
const publicName = (path: string): string => (isUrl(path) ? publicPath(path) : basename(path));

/** `1340-1460,1790-1960`; undefined for none. */
const intervalWords = (intervals: readonly Interval[]): string | undefined =>
  intervals.map(([from, to]) => `${from}-${to}`).join(',') || undefined;

/** How a scene is opened, and which bands are left out of it. */
const opening = ({ open, exclude }: Pick<TrainRequest, 'open' | 'exclude'>) => ({
  bands: intervalWords(splitExcluded(exclude).only),
  'reflectance-scale': open.reflectanceScale,
  variable: open.variable,
  rows: open.rows,
  cols: open.cols,
  'no-orthorectify': open.orthorectify === false,
  sensor: open.sensor && publicName(open.sensor),
  exclude: intervalWords(splitExcluded(exclude).rest),
});

function libraryOptions(request: LibraryRequest, settings: FitSettings): string[] {
  const { libraries, classes, classNames, sensor, mixtures, members } = request;
  return options({
    library: libraries.map(publicName).join(','),
    classes: classes.map(publicName).join(','),
    'class-column': request.classColumn,
    'source-column': request.sourceColumn,
    'class-names': classNames?.map(([from, to]) => (from === to ? from : `${from}=${to}`)).join(','),
    'library-scale': request.libraryScale,
    ...opening(request),
    ...(sensor !== undefined && { sensor: publicName(sensor) }),
    seed: unless(request.seed, DEFAULT_SEED),
    noise: request.noise,
    'class-shares': mixtures.classShares?.join(','),
    'pair-share': mixtures.pairShare,
    'component-brightness': mixtures.componentBrightness,
    'mixture-brightness': mixtures.brightness,
    'smooth-error': mixtures.smoothError,
    'reflectance-range': request.range?.join(','),
    ensemble: unless(members, 1),
    steps: unless(settings.epochs, LIBRARY_SETTINGS.epochs),
    ...rates(settings, LIBRARY_SETTINGS),
    batch: unless(settings.batch, LIBRARY_SETTINGS.batch),
  });
}

const rates = (
  { learningRate, weightDecay }: FitSettings,
  usual: Pick<FitSettings, 'learningRate' | 'weightDecay'>,
) => ({
  'learning-rate': unless(learningRate, usual.learningRate),
  'weight-decay': unless(weightDecay, usual.weightDecay),
});

/** Which pixels were taken. */
const pixelOptions = ({ bbox, aoi, masks }: PixelRequest) => ({
  bbox: bbox?.bounds.join(','),
  'bbox-crs': bbox?.epsg === undefined ? undefined : `EPSG:${bbox.epsg}`,
  aoi: aoi && publicName(aoi),
  mask: masks?.map(publicName).join(','),
});

function sceneOptions(request: DataRequest | ScenesRequest, settings: FitSettings): string[] {
  const { library, brightness, count, countBy, libraryScale, maxPixels, maxBlocks, seed } = request;
  const { model, epochs, schedule, dropRate, batch, candidateBatch } = settings;
  const ofImages = model === 'ss-paper';
  const batches = {
    batch: unless(batch, DEFAULT_SIZES.batch),
    'candidate-batch': unless(candidateBatch, batch),
  };
  return options({
    n: count,
    'count-by': countBy,
    brightness,
    library: library && publicName(library),
    'library-scale': libraryScale,
    ...opening(request),
    ...pixelOptions(request.pixels ?? {}),
    'max-pixels': maxPixels,
    'max-blocks': maxBlocks,
    seed: unless(seed, DEFAULT_SEED),
    model: unless(model, DEFAULT_SETTINGS.model),
    epochs,
    schedule: unless(schedule, DEFAULT_SETTINGS.schedule),
    'drop-rate': unless(dropRate, DEFAULT_SETTINGS.dropRate),
    ...rates(settings, ofImages ? DEFAULT_IMAGE_SETTINGS : DEFAULT_SETTINGS),
    ...(ofImages ? {} : batches),
  });
}

/** What trained it, where that is not onnxruntime on the processor. */
function engineOptions({ engine = 'onnx-cpu' }: TrainRequest): string[] {
  if (engine === 'onnx-cpu') return [];
  return options(engine.startsWith('onnx-') ? { device: engine.slice('onnx-'.length) } : { engine: 'tensorflow' });
}

/** The command line that trains such a run, in a folder that holds what it names: folders and the secrets of URLs are left out. */
export function trainCommand(run: string, request: TrainRequest, settings: FitSettings): string {
  const scenes = 'scenes' in request ? request.scenes : request.scene === undefined ? [] : [request.scene];
  const words = [
    ...(isOfLibrary(request) ? libraryOptions(request, settings) : sceneOptions(request, settings)),
    ...engineOptions(request),
  ];
  return shellCommand('egunet', 'train', ...scenes.map(publicName), ...words, '-o', basename(run));
}

/** A checkpoint whose card will say the command that trained it, where it is of a library. Throws CommandError where the run's request is none. */
export function withCommand(run: string, { checkpoint, request }: SavedRun): Checkpoint {
  const { library } = checkpoint.facts;
  if (!library) return checkpoint;
  const asked = checkRequest(request, checkpoint, join(run, 'manifest.json'));
  const about = { ...library.about, command: trainCommand(run, asked, checkpoint.settings) };
  return { ...checkpoint, facts: { ...checkpoint.facts, library: { ...library, about } } };
}
