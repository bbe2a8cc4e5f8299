// The tiles of abundances, as they are unmixed.
import { assertPlausible, mapBands, planBands, type Seen, sumSeen } from '@egunet/infer';
import type { ModelPlace, RemoteModel, RemoteScene } from '@egunet/infer-web';
import { type SceneSourceOptions, sceneSource } from '@egunet/infer-web/openlayers';
import type DataTile from 'ol/source/DataTile.js';
import type { Meter } from './meter.js';
import type { Precedence } from './precedence.js';
import type { Progress } from './progress.js';

export interface UnmixingOptions {
  readonly meter: Meter;
  /** What is read before. */
  readonly precedence: Precedence;
  readonly resample: boolean;
  /** Ends what is under way, when the layer is shown no longer. */
  readonly signal: AbortSignal;
  /** Of the work while a person lets it go on. */
  readonly progress: Pick<Progress, 'stop'>;
  /** Called with where a tile was unmixed. */
  ran(place: ModelPlace): void;
  /** Called where a tile cannot be had. */
  lost(error: unknown): void;
  /** Called once with what makes the abundances doubtful. */
  fail(error: unknown): void;
}

/** Unmixes windows, each of which is counted and looked at. */
function watched(scene: RemoteScene, model: RemoteModel, options: UnmixingOptions): SceneSourceOptions['read'] {
  const { meter, precedence, resample, signal: shown, progress, ran, lost, fail } = options;
  let all: Seen | undefined;
  let doubtful = false;
  const look = (seen: Seen) => {
    all = sumSeen(all ? [all, seen] : [seen]);
    if (doubtful || all.validPixels === 0) return;
    try {
      assertPlausible(all, scene.name, model.card);
    } catch (error) {
      doubtful = true;
      fail(error);
    }
  };
  return async (window, how) => {
    const signal = AbortSignal.any([shown, progress.stop, ...(how.signal ? [how.signal] : [])]);
    try {
      await precedence.clear();
      signal.throwIfAborted();
      const unmixed = scene.unmix(model, window, { ...how, resample, spread: true, signal });
      const { abundances, seen, place } = await meter.tile(unmixed, (done) => done.seen.validPixels);
      ran(place);
      look(seen);
      return abundances;
    } catch (error) {
      if (!signal.aborted) lost(error);
      throw error;
    }
  };
}

/** Tiles of a scene's abundances, of an ensemble with the spread of each behind them. Throws InferError where its bands do not match the model's. */
export function unmixedSource(scene: RemoteScene, model: RemoteModel, options: UnmixingOptions): DataTile {
  planBands(scene, model.card, { resample: options.resample });
  const samples = mapBands(model.card, { spread: true }).length;
  return sceneSource({ scene, samples, read: watched(scene, model, options) });
}
