// The tiles of abundances, as they are unmixed.
import { assertPlausible, planBands, type Seen, sumSeen } from '@egunet/infer';
import type { RemoteModel, RemoteScene } from '@egunet/infer-web';
import { abundanceSource } from '@egunet/infer-web/openlayers';
import type DataTile from 'ol/source/DataTile.js';
import type { Meter } from './meter.js';
import type { Precedence } from './precedence.js';

export interface UnmixingOptions {
  readonly meter: Meter;
  /** What is read before. */
  readonly precedence: Precedence;
  readonly resample: boolean;
  /** Ends what is under way, when the layer is shown no longer. */
  readonly signal: AbortSignal;
  /** Called with what fails, and once with what makes the abundances doubtful. */
  fail(error: unknown): void;
}

/** The scene, with each window that is unmixed counted and looked at. */
function watched(
  scene: RemoteScene,
  { card }: RemoteModel,
  { meter, precedence, signal: shown, fail }: UnmixingOptions,
): RemoteScene {
  let all: Seen | undefined;
  let doubtful = false;
  const look = (seen: Seen) => {
    all = sumSeen(all ? [all, seen] : [seen]);
    if (doubtful || all.validPixels === 0) return;
    try {
      assertPlausible(all, scene.name, card);
    } catch (error) {
      doubtful = true;
      fail(error);
    }
  };
  return {
    ...scene,
    async unmix(model, window, options) {
      const signal = options?.signal ? AbortSignal.any([shown, options.signal]) : shown;
      try {
        await precedence.clear();
        signal.throwIfAborted();
        const unmixed = scene.unmix(model, window, { ...options, signal });
        const done = await meter.tile(unmixed, ({ seen }) => seen.validPixels);
        look(done.seen);
        return done;
      } catch (error) {
        if (!signal.aborted) fail(error);
        throw error;
      }
    },
  };
}

/** Tiles of a scene's abundances. Throws InferError where its bands do not match the model's. */
export function unmixedSource(scene: RemoteScene, model: RemoteModel, options: UnmixingOptions): DataTile {
  const { resample } = options;
  planBands(scene, model.card, { resample });
  return abundanceSource({ scene: watched(scene, model, options), model, resample });
}
