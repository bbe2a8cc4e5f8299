// A map of the abundances of one endmember, or of an ensemble's spread: ?model=URL&scene=URL, of servers that answer byte ranges and permit this page to read.
import 'ol/ol.css';
import { createUnmixer, VIRIDIS } from '@egunet/infer-web';
import { abundanceSource, mapBands } from '@egunet/infer-web/openlayers';
import TileLayer from 'ol/layer/WebGLTile.js';
import OlMap from 'ol/Map.js';
import View from 'ol/View.js';

const query = new URLSearchParams(location.search);
const select = document.querySelector('select')!;
const output = document.querySelector('output')!;

async function show(): Promise<void> {
  const unmixer = createUnmixer();
  const [model, scene] = await Promise.all([
    unmixer.openModel(query.get('model') ?? 'model.onnx'),
    unmixer.openScene(query.get('scene') ?? 'scene.tif'),
  ]);
  const bands = mapBands(model.card, { spread: true });
  select.replaceChildren(...bands.map(({ name }, i) => new Option(name, `${i + 1}`)));

  const source = abundanceSource({ scene, model, spread: true });
  const hasData = ['band', bands.length + 1];
  // Spread has all of the ramp for 0 to 0.2.
  const shown = (band: number) => ({ band, scale: band > model.card.endmembers.length ? 5 : 1 });
  const ramp = VIRIDIS.flatMap((colour, i) => [i / (VIRIDIS.length - 1), colour]);
  const layer = new TileLayer({
    source,
    style: {
      variables: shown(1),
      color: [
        'case',
        ['==', hasData, 0],
        [0, 0, 0, 0],
        ['interpolate', ['linear'], ['*', ['var', 'scale'], ['band', ['var', 'band']]], ...ramp],
      ],
    },
  });
  select.addEventListener('change', () => layer.updateStyleVariables(shown(Number(select.value))));

  const map = new OlMap({ target: 'map', layers: [layer], view: new View({ projection: source.getProjection()! }) });
  map.getView().fit(source.getTileGrid()!.getExtent()!, { padding: [20, 20, 20, 20] });
  output.textContent = `${scene.name}, unmixed by ${model.place.adapter ?? `WebAssembly, threads: ${model.place.threads}`}`;
}

show().catch((error: Error) => {
  output.textContent = error.message;
});
