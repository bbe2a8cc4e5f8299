// What is open, on the map and beside it.
import { mapBands } from '@egunet/infer';
import type { ModelPlace, RemoteModel, RemoteScene } from '@egunet/infer-web';
import TileLayer from 'ol/layer/WebGLTile.js';
import { type AbundanceLayer, makeAbundanceLayer } from './abundance-layer.js';
import { byId } from './dom.js';
import { makeExporter } from './export.js';
import { makeLayerControls } from './layer-controls.js';
import { type LostTiles, watchLostTiles } from './lost-tiles.js';
import { makeMap } from './map.js';
import type { Notices } from './notices.js';
import { makePicker } from './picking.js';
import { pixelsIn, type Shown, showable } from './place.js';
import { makePrecedence, type Precedence } from './precedence.js';
import { makeProgress } from './progress.js';
import { learnDegrees } from './projections.js';
import { type Colours, colourBands, quicklookSource } from './quicklook.js';
import { makeRectangleTool } from './rectangle.js';
import { makeSwipe } from './swipe.js';
import { unmixedSource } from './unmixed-source.js';

export interface Viewer {
  useScene(scene: RemoteScene): void;
  useModel(model: RemoteModel): void;
}

const box = (id: string) => byId(id, HTMLElement);

/** A scene in words. */
function describeScene({ scene }: Shown, { text }: Colours): void {
  const { name, format, sensor, rows, cols, bands } = scene;
  const kind = [format, sensor].filter(Boolean).join(', ');
  box('scene-name').textContent = name.replace(/^.*\//, '');
  box('scene-facts').textContent = `${kind}; ${cols} x ${rows} pixels, ${bands.length} bands`;
  box('colours').textContent = text;
  box('shown').hidden = false;
}

interface QuicklookLayer {
  readonly layer: TileLayer;
  readonly lost: LostTiles;
}

function makeQuicklookLayer(...[scene, colours, options]: Parameters<typeof quicklookSource>): QuicklookLayer {
  const source = quicklookSource(scene, colours, options);
  const style = { color: ['array', ['band', 1], ['band', 2], ['band', 3], ['band', 4]] };
  return { layer: new TileLayer({ source, style }), lost: watchLostTiles(source) };
}

const TOO_LARGE =
  'The scene is too large to be seen as a whole: it has no overviews, or none that is small enough. Look at parts of it, or make overviews with gdaladdo.';

/** What is open; parts are absent until they are there. */
interface Open {
  shown?: Shown;
  quicklook?: QuicklookLayer;
  /** Of the scene: colours, then abundances. */
  precedence: Precedence;
  model?: RemoteModel;
  abundances?: AbundanceLayer | undefined;
  /** The scene's spectra are interpolated to the model's wavelengths. */
  resample: boolean;
}

/** Connects the map and the page's controls; nothing is open yet. `ran` is called with where a model is opened, and where tiles are unmixed. */
export function makeViewer(notices: Notices, ran: (place: ModelPlace) => void): Viewer {
  const open: Open = { resample: false, precedence: makePrecedence() };
  let ofScene = new AbortController();
  let ofLayer = new AbortController();
  const controls = makeLayerControls(() => {
    open.abundances?.show(controls.choice);
    open.abundances?.layer.setOpacity(controls.opacity);
  });
  const map = makeMap(box('map'), (at) => {
    const { shown, model, abundances, resample } = open;
    if (shown) void picker.pick({ shown, resample, model: abundances && model }, at);
  });
  const picker = makePicker(map, notices.fail);
  const exporter = makeExporter(notices);
  const swipe = makeSwipe();
  const rectangle = makeRectangleTool(map, notices.fail);
  const reload = () => {
    for (const shown of [open.quicklook, open.abundances]) shown?.lost.reload(map.view());
  };
  const progress = makeProgress(reload);
  map.onMove(reload);
  /** A tile could not be had: it may be there later. */
  const lost = (error: unknown) =>
    notices.fail(error, {
      label: 'Try again',
      run() {
        notices.clear();
        reload();
      },
    });

  function layerOf(scene: RemoteScene, model: RemoteModel): AbundanceLayer {
    ofLayer = new AbortController();
    const { signal } = ofLayer;
    const { resample, precedence } = open;
    const meter = progress.begin(signal);
    const options = { meter, progress, precedence, resample, signal, ran, lost, fail: notices.fail };
    const source = unmixedSource(scene, model, options);
    const names = mapBands(model.card, { spread: true }).map(({ name }) => name);
    controls.offer(names, model.card.endmembers.length);
    const made = makeAbundanceLayer(source, names.length, controls.choice);
    made.layer.setOpacity(controls.opacity);
    return made;
  }

  /** Where interpolating would mend it, a person may have it. */
  function failToUnmix(error: unknown): void {
    const { remedy } = error as { readonly remedy?: string };
    const run = () => {
      notices.clear();
      open.resample = true;
      unmix();
    };
    const mends = remedy === 'resample' && !open.resample;
    notices.fail(
      error,
      mends ? { label: "Interpolate the scene's spectra to the model's wavelengths", run } : undefined,
    );
  }

  /** Begins to unmix what is open. */
  function unmix(): void {
    const { shown, model } = open;
    ofLayer.abort();
    picker.clear();
    open.abundances = undefined;
    try {
      if (shown && model) open.abundances = layerOf(shown.scene, model);
    } catch (error) {
      failToUnmix(error);
    }
    box('layer').hidden = !open.abundances;
    const view = () => shown && pixelsIn(shown, map.view().extent)?.window;
    exporter.offer(open.abundances && shown && model && { scene: shown.scene, model, resample: open.resample, view });
    swipe.offer(!!open.abundances);
    rectangle.offer(shown && model && open.abundances && { shown, model, resample: open.resample });
    map.show([open.quicklook, open.abundances].flatMap((shown) => (shown ? [shown.layer] : [])));
  }

  return {
    useScene(scene) {
      const shown = showable(scene);
      learnDegrees(shown.scene.georeference?.epsg);
      const colours = colourBands(scene.bands);
      const precedence = makePrecedence();
      const next = new AbortController();
      const quicklook = makeQuicklookLayer(shown.scene, colours, { signal: next.signal, precedence, lost });
      ofScene.abort(); // the one before stays where this one cannot be shown
      ofScene = next;
      Object.assign(open, { shown, quicklook, precedence, resample: false });
      describeScene(shown, colours);
      if (shown.inPixels) notices.note(shown.inPixels);
      const seen = map.fit(quicklook.layer.getSource()!, { scaled: !shown.inPixels });
      if (!seen) notices.note(TOO_LARGE);
      unmix();
    },
    useModel(model) {
      ran(model.place);
      Object.assign(open, { model, resample: false });
      unmix();
    },
  };
}
