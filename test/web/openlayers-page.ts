// The script of a page with a map of OpenLayers.
import { createUnmixer } from '@egunet/infer-web';
import { abundanceSource } from '@egunet/infer-web/openlayers';
import TileLayer from 'ol/layer/WebGLTile.js';
import OlMap from 'ol/Map.js';
import type DataTile from 'ol/source/DataTile.js';
import TileState from 'ol/TileState.js';
import View from 'ol/View.js';

interface SourceOptions {
  scene: string;
  gutter?: number;
  interpolate?: boolean;
  spread?: boolean;
}

const unmixer = createUnmixer();
const opening = unmixer.openModel('model.onnx', { device: 'wasm', runtime: 'onnxruntime' });

async function open({ scene: name, ...options }: SourceOptions) {
  const [scene, model] = await Promise.all([unmixer.openScene(name), opening]);
  return { source: abundanceSource({ scene, model, ...options }), C: model.card.endmembers.length };
}

interface ShowOptions extends SourceOptions {
  center: [number, number];
  resolution: number;
  /** The scene's when absent. */
  projection?: string;
}

/** What a page does with a scene: shows the first three of its endmembers as red, green and blue. */
async function show({ center, resolution, projection, ...options }: ShowOptions) {
  const { source, C } = await open(options);
  const layer = new TileLayer({
    source,
    style: { color: ['array', ['band', 1], ['band', 2], ['band', 3], ['band', C + 1]] },
  });
  const view = new View({
    projection: projection ?? source.getProjection()!,
    center,
    resolution,
    constrainResolution: false,
  });
  const map = new OlMap({ target: 'map', layers: [layer], view, controls: [] });
  await new Promise((resolve) => map.once('rendercomplete', resolve));
  /** The samples that the map shows at a place, as the layer has them. */
  const samplesAt = (x: number, y: number): number[] | undefined => {
    const data = layer.getData(map.getPixelFromCoordinate([x, y]));
    return data === null ? undefined : [...(data as Float32Array)];
  };
  return { samplesAt };
}

/** A tile with its gutter. */
interface Loaded {
  /** Its first pixel in the scene, the gutter left out. */
  row: number;
  col: number;
  /** Without the gutter. */
  size: number[];
  /** [rows + 2 gutters, cols + 2 gutters, C + 1]. */
  samples: number[];
}

/** All tiles of the scene itself. */
async function tiles(options: SourceOptions): Promise<Loaded[]> {
  const { source } = await open(options);
  const grid = source.getTileGrid()!;
  const z = grid.getMaxZoom();
  const [cols, rows] = grid.getTileSize(z) as [number, number];
  const waiting: Promise<Loaded>[] = [];
  grid.forEachTileCoord(grid.getExtent()!, z, ([, x, y]) =>
    waiting.push(
      dataOf(source, [z, x!, y!]).then((data) => ({
        row: y! * rows,
        col: x! * cols,
        size: [rows, cols],
        samples: [...data],
      })),
    ),
  );
  return Promise.all(waiting);
}

async function dataOf(source: DataTile, [z, x, y]: [number, number, number]): Promise<Float32Array> {
  const tile = source.getTile(z, x, y, 1)!;
  const loaded = new Promise<void>((resolve) =>
    tile.addEventListener('change', () => {
      if (tile.getState() === TileState.LOADED) resolve();
    }),
  );
  tile.load();
  await loaded;
  return tile.getData() as Float32Array;
}

const openlayers = { show, tiles };
Object.assign(window, { openlayers });
declare global {
  interface Window {
    openlayers: typeof openlayers;
  }
}
