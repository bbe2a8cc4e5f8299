// The page's side: models and scenes that a worker holds. Nothing here takes longer than a message.
// Legend: N pixels of a window, B bands asked for, C endmembers.
import { InferError } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { Block, OpenOptions, Window } from '@egunet/raster';
import type { SceneFacts, UnmixedWindow, UnmixHow, WorkerCalls } from './calls.js';
import type { ExportProgress, MapToExport } from './export-map.js';
import type { ModelPlace, OpenWebModelOptions } from './model.js';
import { type CallOptions, makeCaller } from './rpc.js';

/** A model in the worker. */
export interface RemoteModel {
  readonly card: ModelCard;
  /** Where it ran last: one whose GPU is lost goes on where it can. */
  readonly place: ModelPlace;
  close(): Promise<void>;
}

export interface ReadOptions extends CallOptions {
  /** 0, the default: the scene itself; n: its n-th overview, in whose pixels the window is. */
  readonly level?: number;
}

export interface ExportOptions extends MapToExport, CallOptions {
  /** Called after each tile. */
  readonly onProgress?: (progress: ExportProgress) => void;
}

/** A scene in the worker. */
export interface RemoteScene extends SceneFacts {
  /** Abundances [N, C] of a window, NaN where there is no data; with `spread`, of an ensemble, [N, 2 C]. */
  unmix(model: RemoteModel, window: Window, options?: ReadOptions & UnmixHow): Promise<UnmixedWindow>;
  /**
   * The abundances of the scene, or of a window of it, as a cloud-optimised GeoTIFF: the map that `egunet infer` writes. It is the browser's
   * to keep, outside the page's memory. Rejects where the scene's bands do not match, or its values are no reflectance.
   */
  exportMap(model: RemoteModel, options?: ExportOptions): Promise<File>;
  /** Stored values [N, B] of a window. */
  readWindow(window: Window, bands: readonly number[], options?: ReadOptions): Promise<Block>;
  close(): Promise<void>;
}

/** A worker that opens models and scenes and unmixes windows. */
export interface Unmixer {
  /** As `openModel`, in the worker. */
  openModel(model: string | Uint8Array, options?: OpenWebModelOptions): Promise<RemoteModel>;
  /** A scene by its URL, or the files of one that were dropped or chosen. */
  openScene(place: string | readonly File[], options?: Omit<OpenOptions, 'sensor'> & CallOptions): Promise<RemoteScene>;
  /** Ends the worker; what is under way rejects. */
  close(): void;
}

/** URLs are the page's: the worker's script may lie elsewhere. */
const absolute = (url: string): string => new URL(url, document.baseURI).href;

/** What is known of a model of this worker. */
interface HeldModel {
  readonly number: number;
  /** Notes where it ran. */
  ran(place: ModelPlace): void;
}

/** Starts a worker. `worker` is one that runs this package's `worker` script; a new one when absent. */
export function createUnmixer(
  worker: Worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
): Unmixer {
  const { call, end } = makeCaller<WorkerCalls>(worker, (ask, value) => {
    // What was opened in the moment in which it was stopped.
    const { model, scene } = value as { readonly model?: number; readonly scene?: number };
    const ended = () => {};
    if (ask === 'openModel') call('closeModel', { model: model! }).catch(ended);
    if (ask === 'openScene') call('closeScene', { scene: scene! }).catch(ended);
  });
  const models = new WeakMap<RemoteModel, HeldModel>();
  const heldOf = (model: RemoteModel): HeldModel => {
    const held = models.get(model);
    if (!held) throw new InferError('the model was opened by another worker; open it by this one');
    return held;
  };
  worker.addEventListener('error', ({ message }) =>
    end(new InferError(`the worker ended: ${message || 'its script cannot be loaded'}; reload the page`)),
  );
  return {
    async openModel(model, { signal, runtime, ...options } = {}) {
      const where = typeof model === 'string' ? absolute(model) : model;
      const asked = { model: where, ...options, ...(runtime !== undefined && { runtime: absolute(runtime) }) };
      const { model: number, card, place } = await call('openModel', asked, { signal });
      const opened = { card, place, close: () => call('closeModel', { model: number }) };
      models.set(opened, { number, ran: (place) => Object.assign(opened, { place }) });
      return opened;
    },
    async openScene(place, { signal, ...open } = {}) {
      const where = typeof place === 'string' ? absolute(place) : place;
      const { scene, facts } = await call('openScene', { place: where, open }, { signal });
      return {
        ...facts,
        async unmix(model, window, { level = 0, signal, ...how } = {}) {
          const { number, ran } = heldOf(model);
          const unmixed = await call('unmix', { scene, level, window, model: number, ...how }, { signal });
          ran(unmixed.place);
          return unmixed;
        },
        exportMap: async (model, { signal, onProgress, ...what } = {}) =>
          call('exportMap', { scene, model: heldOf(model).number, ...what }, { signal, onProgress }),
        readWindow: (window, bands, { level = 0, signal } = {}) =>
          call('readWindow', { scene, level, window, bands }, { signal }),
        close: () => call('closeScene', { scene }),
      };
    },
    close() {
      worker.terminate();
      end(new InferError('the worker was ended'));
    },
  };
}
