// The map.
import { defaults as defaultControls } from 'ol/control/defaults.js';
import ScaleLine from 'ol/control/ScaleLine.js';
import { getArea, getCenter } from 'ol/extent.js';
import type Layer from 'ol/layer/Layer.js';
import OlMap from 'ol/Map.js';
import Overlay from 'ol/Overlay.js';
import type TileSource from 'ol/source/Tile.js';
import OlView from 'ol/View.js';
import { type BoxTool, makeBoxTool } from './box-tool.js';
import { html } from './dom.js';
import type { View } from './lost-tiles.js';

/** How much larger than the screen's a pixel of the scene may become, and how much smaller the scene than its view. */
const [MAGNIFIED, REDUCED] = [64, 4];

/** Pixels of the scene or an overview that a view may ask for: two full scenes of usual sensors. */
const MOST_PIXELS = 2 ** 21;

export interface SceneMap {
  /** Shows layers of one scene, the first at the bottom; where they lie is a source's matter. */
  show(layers: readonly Layer[]): void;
  /**
   * Looks at all of a source, or at its middle where all would be more pixels than can be read at a time: returns whether all is seen.
   * `scaled`: its units are metres or degrees.
   */
  fit(source: TileSource, options: { readonly scaled: boolean }): boolean;
  /** Marks a place; none when absent. */
  mark(at?: readonly [x: number, y: number]): void;
  /** What is seen. */
  view(): View;
  /** Calls `listener` whenever the map has been moved. */
  onMove(listener: () => void): void;
  readonly boxes: BoxTool;
}

/** Whether maps can be drawn here. */
export const hasWebGl = (): boolean => document.createElement('canvas').getContext('webgl') !== null;

/** A map that calls `pick` with the coordinates of a place that was clicked, or of the middle when Enter is pressed. */
export function makeMap(target: HTMLElement, pick: (at: readonly number[]) => void): SceneMap {
  const marker = new Overlay({
    element: html('div', { class: 'marker' }),
    positioning: 'center-center',
    stopEvent: false,
  });
  const scaleLine = new ScaleLine({ minWidth: 80 });
  target.tabIndex = 0; // for OpenLayers' keys
  const map = new OlMap({
    target,
    controls: defaultControls({ rotate: false, attribution: false }),
    overlays: [marker],
  });
  map.on('singleclick', ({ coordinate }) => pick(coordinate));
  target.addEventListener('keydown', ({ key, target: focused }) => {
    const middle = map.getView().getCenter();
    if (key === 'Enter' && focused === target && middle) pick(middle);
  });
  return {
    show: (layers) => map.setLayers([...layers]),
    fit(source, { scaled }) {
      const grid = source.getTileGrid()!;
      const extent = grid.getExtent()!;
      const [coarsest, finest] = [grid.getResolutions()[0]!, grid.getResolutions().at(-1)!];
      const [width, height] = map.getSize() ?? [1, 1];
      const whole = Math.max((extent[2]! - extent[0]!) / width!, (extent[3]! - extent[1]!) / height!);
      const isReadable = getArea(extent) / coarsest ** 2 <= MOST_PIXELS;
      const most = isReadable ? Infinity : coarsest * Math.sqrt(MOST_PIXELS / (width! * height!));
      const view = new OlView({
        projection: source.getProjection()!,
        center: getCenter(extent),
        resolution: Math.min(whole * 1.08, most),
        minResolution: finest / MAGNIFIED,
        maxResolution: Math.min(Math.max(whole, finest) * REDUCED, most),
        enableRotation: false,
      });
      map.setView(view);
      marker.setPosition(undefined);
      map.removeControl(scaleLine);
      if (scaled) map.addControl(scaleLine);
      return isReadable;
    },
    mark: (at) => marker.setPosition(at && [...at]),
    view: () => ({ extent: map.getView().calculateExtent(), resolution: map.getView().getResolution()! }),
    onMove: (listener) => void map.on('moveend', listener),
    boxes: makeBoxTool(map, target),
  };
}
