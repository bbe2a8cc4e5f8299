// What the worker does: it holds models and scenes, and unmixes windows. Legend: N pixels of a window, B bands, C endmembers.
import { InferError, type Seen } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { Band, Block, Georeference, OpenOptions, Scene, Window } from '@egunet/raster';
import { assertWindow, makeGate, openWebScene } from '@egunet/raster/web';
import type { ExportProgress, MapToExport } from './export-map.js';
import { type LastingModel, openLasting } from './lasting.js';
import { makeLine, type Place } from './line.js';
import { type ModelPlace, type OpenWebModelOptions, readModelFile, type WebModel } from './model.js';
import type { CallHow } from './rpc.js';
import { type UnmixOnOptions, unmixOn } from './unmix-on.js';

/** How often a request is repeated: a person is waiting, who can ask again. */
const RETRIES = 2;

/** Windows that are unmixed side by side: one is read while the other, which goes before it, is run. */
const WINDOWS_AT_ONCE = 2;

/** An image of a scene: the first is the scene itself, the others its overviews, each smaller. */
export interface Level {
  readonly rows: number;
  readonly cols: number;
  /** The window shape that reads fastest; absent where an overview was not opened yet. */
  readonly block?: { readonly rows: number; readonly cols: number };
}

/** What is known of an opened scene. */
export interface SceneFacts {
  readonly name: string;
  readonly format: string;
  readonly sensor?: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: readonly Band[];
  readonly georeference?: Georeference;
  readonly levels: readonly Level[];
}

/** The abundances of a window. */
export interface UnmixedWindow {
  /** [N, C]: >= 0, sum 1; NaN where the scene has no data. With the spread of an ensemble [N, 2 C]: of each pixel C abundances, then the spread of each. */
  readonly abundances: Float32Array;
  readonly seen: Seen;
  /** Where they were made: a model whose GPU is lost goes on elsewhere. */
  readonly place: ModelPlace;
}

/** How to unmix. */
export type UnmixHow = Pick<UnmixOnOptions, 'resample' | 'spread'>;

/** Where to read: a scene, one of its levels, and a window in that level's pixels. */
export interface WindowOf {
  readonly scene: number;
  readonly level: number;
  readonly window: Window;
}

/** Things by number, as the page knows them. */
function makeShelf<T>(what: string) {
  const held = new Map<number, T>();
  let next = 0;
  return {
    put: (one: T) => held.set(next, one) && next++,
    get(key: number): T {
      const one = held.get(key);
      if (one === undefined) throw new InferError(`there is no ${what} ${key}: it was closed; open it again`);
      return one;
    },
    take(key: number): T | undefined {
      const one = held.get(key);
      held.delete(key);
      return one;
    },
  };
}

/** A scene with its overviews as they are opened. */
interface OpenedScene {
  readonly scene: Scene;
  readonly levels: Map<number, Promise<Scene>>;
}

const factsOf = ({
  name,
  format,
  sensor,
  rows,
  cols,
  bands,
  georeference,
  block,
  overviews = [],
}: Scene): SceneFacts => ({
  ...{ name, format, rows, cols, bands },
  ...(sensor !== undefined && { sensor }),
  ...(georeference && { georeference }),
  levels: [{ rows, cols, block }, ...overviews.map((one) => ({ rows: one.rows, cols: one.cols }))],
});

/** A model whose runs on WebAssembly, which has one processor with whatever reads, wait for their turn. A GPU runs while others read. */
const takingTurns = (model: WebModel, { turn }: Place): WebModel =>
  model.place.device === 'webgpu'
    ? model
    : { ...model, session: { ...model.session, run: (inputs) => turn(() => model.session.run(inputs)) } };

/** The calls of a worker that has just begun. */
export function makeCalls() {
  const inTurn = makeGate(WINDOWS_AT_ONCE);
  const line = makeLine();
  const models = makeShelf<LastingModel>('model');
  const scenes = makeShelf<OpenedScene>('scene');
  const levelOf = ({ scene: number, level }: Pick<WindowOf, 'scene' | 'level'>): Promise<Scene> => {
    const { scene, levels } = scenes.get(number);
    const { overviews = [] } = scene;
    if (level === 0) return Promise.resolve(scene);
    const overview = overviews[level - 1];
    if (!overview)
      throw new InferError(`${scene.name}: there is no level ${level}: it has ${overviews.length + 1}, from 0 on`);
    const opened = levels.get(level) ?? overview.open();
    levels.set(level, opened);
    opened.catch(() => levels.delete(level)); // what failed may be tried again
    return opened;
  };
  return {
    async openModel(
      { model, ...options }: Omit<OpenWebModelOptions, 'signal'> & { readonly model: string | Uint8Array },
      { signal }: { readonly signal: AbortSignal },
    ): Promise<{ readonly model: number; readonly card: ModelCard; readonly place: ModelPlace }> {
      const file = await readModelFile(model, signal);
      const opened = await openLasting(file, { ...options, signal });
      const { card, place } = await opened.current();
      return { model: models.put(opened), card, place };
    },
    async openScene(
      { place, open = {} }: { readonly place: string | readonly File[]; readonly open?: Omit<OpenOptions, 'sensor'> },
      { signal }: { readonly signal: AbortSignal },
    ): Promise<{ readonly scene: number; readonly facts: SceneFacts }> {
      const scene = await openWebScene(place, open, { retries: RETRIES, signal });
      if (signal.aborted) await scene.close();
      signal.throwIfAborted();
      return { scene: scenes.put({ scene, levels: new Map() }), facts: factsOf(scene) };
    },
    /** Abundances of a window. Rejects where the scene's bands do not match the model's. */
    async unmix(
      { model, window, resample, spread, ...where }: WindowOf & UnmixHow & { readonly model: number },
      { signal }: { readonly signal: AbortSignal },
    ): Promise<UnmixedWindow> {
      const held = models.get(model);
      const level = levelOf(where);
      level.catch(() => {}); // seen when its turn comes
      return inTurn(async () => {
        const place = line.enter(signal);
        try {
          const scene = await level;
          assertWindow(scene, window);
          return await held.use(async (opened) => {
            const unmixed = await unmixOn(takingTurns(opened, place), { scene, window }, { resample, spread, signal });
            return { ...unmixed, place: opened.place };
          });
        } finally {
          place.leave();
        }
      }, signal);
    },
    /** The map of a scene, or of a window of it, as a file. */
    async exportMap(
      { model, scene, ...what }: MapToExport & { readonly model: number; readonly scene: number },
      how: CallHow<ExportProgress>,
    ): Promise<File> {
      const { exportMap } = await import('./export-map.js').catch((cause) => {
        throw new InferError(`what writes maps cannot be loaded: ${cause.message}; reload the page`, { cause });
      });
      return exportMap({ ...what, model: models.get(model), scene: scenes.get(scene).scene }, how);
    },
    /** Stored values of a window. */
    async readWindow(
      { window, bands, ...where }: WindowOf & { readonly bands: readonly number[] },
      { signal }: { readonly signal: AbortSignal },
    ): Promise<Block> {
      return (await levelOf(where)).readWindow(window, bands, { signal });
    },
    async closeModel({ model }: { readonly model: number }): Promise<void> {
      await models.take(model)?.release();
    },
    async closeScene({ scene }: { readonly scene: number }): Promise<void> {
      await scenes.take(scene)?.scene.close();
    },
  };
}

/** What the page may ask of the worker. */
export type WorkerCalls = ReturnType<typeof makeCalls>;
