// The script of a page with a map of OpenLayers.
import { createUnmixer } from '@egunet/infer-web';
import { abundanceSource } from '@egunet/infer-web/openlayers';
import TileLayer from 'ol/layer/WebGLTile.js';
import OlMap from 'ol/Map.js';
import View from 'ol/View.js';

/** What a page does with a scene of so many endmembers: shows the first three as red, green and blue. */
async function show(options: { scene: string; center: [number, number]; resolution: number; gutter: number }) {
  const unmixer = createUnmixer();
  const [scene, model] = await Promise.all([
    unmixer.openScene(options.scene),
    unmixer.openModel('model.onnx', { device: 'wasm', runtime: 'onnxruntime' }),
  ]);
  const source = abundanceSource({ scene, model, gutter: options.gutter });
  const opacity = ['band', model.card.endmembers.length + 1];
  const layer = new TileLayer({ source, style: { color: ['array', ['band', 1], ['band', 2], ['band', 3], opacity] } });
  const { center, resolution } = options;
  const view = new View({ projection: source.getProjection()!, center, resolution, constrainResolution: false });
  const map = new OlMap({ target: 'map', layers: [layer], view, controls: [] });
  await new Promise((resolve) => map.once('rendercomplete', resolve));
  /** The samples that the map shows at a place, as the layer has them. */
  const samplesAt = (x: number, y: number): number[] | undefined => {
    const data = layer.getData(map.getPixelFromCoordinate([x, y]));
    return data === null ? undefined : [...(data as Float32Array)];
  };
  return { map, view, samplesAt, levels: scene.levels, unmixer };
}

Object.assign(window, { show });
declare global {
  interface Window {
    show: typeof show;
  }
}
