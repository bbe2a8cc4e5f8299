// What a run is trained on: scenes, or a library.
import { join } from 'node:path';
import { DEFAULT_SETTINGS, fit, fitLibrary, type RunFacts, type TrainingSet } from '@egunet/train';
import { CommandError } from '../support/errors.js';
import { prepareLibrary } from './library/prepare.js';
import type { LibraryRequest } from './library/request.js';
import { prepareData, trainingSet, withData } from './prepare.js';
import { runAndSave, type Training, type TrainOptions, type TrainRequest, type TrainResult } from './run-and-save.js';
import { CACHE_FOLDER } from './scenes/cache.js';
import { noteUnlearned } from './train-notes.js';
import { assertSetUp, libraryEngine, trainingEngine } from './training-engine.js';

/** Whether a library is trained on. */
export const isOfLibrary = (request: TrainRequest): request is LibraryRequest =>
  'kind' in request && request.kind === 'library';

/** Trains on what is asked for, as a run. */
export async function train(training: Training, options: TrainOptions): Promise<TrainResult> {
  const { request, settings, resume } = training;
  if (isOfLibrary(request)) return trainOnLibrary({ ...training, request }, options);
  const { control } = options;
  const { model } = resume?.settings ?? { ...DEFAULT_SETTINGS, ...settings };
  const { engine = 'onnx', device = 'cpu' } = options.engine ?? {};
  if (model === 'ss-paper' && (engine !== 'onnx' || device !== 'cpu'))
    throw new CommandError('--model ss-paper is trained by --engine onnx on --device cpu alone; leave both out');
  await assertSetUp(options.engine ?? {});
  if (model === 'ss-paper') {
    if ('kind' in request)
      throw new CommandError('--model ss-paper is trained on the image of one scene; name one, or take --model ss');
    return withData(request, { control }, (data, scene) =>
      trainOnScene({ ...training, set: trainingSet(data, scene), facts: data.facts }, options),
    );
  }
  const cache = join(training.run, CACHE_FOLDER);
  const data = await prepareData(request, { control, cache, patches: model === 'ss' });
  return trainOnScene({ ...training, set: trainingSet(data), facts: data.facts }, options);
}

async function trainOnScene(
  { set, facts, ...training }: Training & { set: TrainingSet; facts: RunFacts },
  options: TrainOptions,
): Promise<TrainResult> {
  const { settings, resume, request } = training;
  const { threads, control } = options;
  const { id, make } = await trainingEngine(options.engine ?? {}, {
    ...{ control, threads, batch: settings.batch },
    ...(resume && { before: request.engine ?? 'onnx-cpu' }),
  });
  const given = { ...settings, ...(threads === undefined ? {} : { threads }), ...(make && { engine: make }) };
  const done = await runAndSave({ ...training, id, fit: (how) => fit(set, facts, { ...given, ...how }) }, options);
  if (done.finished) noteUnlearned(done.checkpoint, set);
  return done;
}

async function trainOnLibrary(
  training: Training & { request: LibraryRequest },
  options: TrainOptions,
): Promise<TrainResult> {
  const { request, settings, resume } = training;
  const { id, make } = libraryEngine(options.engine ?? {}, {
    threads: options.threads,
    before: resume && (request.engine ?? 'onnx-cpu'),
  });
  const { library, facts, noise } = await prepareLibrary(request, options.control);
  const { mixtures, members, seed } = request;
  const given = { ...settings, seed, mixtures, members, noise, engine: make };
  return runAndSave({ ...training, id, fit: (how) => fitLibrary(library, facts, { ...given, ...how }) }, options);
}
