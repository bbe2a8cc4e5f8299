// A map of the abundances of one endmember: ?model=URL&scene=URL, of servers that answer byte ranges and permit this page to read.
import 'ol/ol.css';
import { createUnmixer, VIRIDIS } from '@egunet/infer-web';
import { abundanceSource } from '@egunet/infer-web/openlayers';
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
  const { endmembers } = model.card;
  select.replaceChildren(...endmembers.map(({ name }, i) => new Option(name, `${i + 1}`)));

  const source = abundanceSource({ scene, model });
  const hasData = ['band', endmembers.length + 1];
  const ramp = VIRIDIS.flatMap((colour, i) => [i / (VIRIDIS.length - 1), colour]);
  const layer = new TileLayer({
    source,
    style: {
      variables: { endmember: 1 },
      color: [
        'case',
        ['==', hasData, 0],
        [0, 0, 0, 0],
        ['interpolate', ['linear'], ['band', ['var', 'endmember']], ...ramp],
      ],
    },
  });
  select.addEventListener('change', () => layer.updateStyleVariables({ endmember: Number(select.value) }));

  const map = new OlMap({ target: 'map', layers: [layer], view: new View({ projection: source.getProjection()! }) });
  map.getView().fit(source.getTileGrid()!.getExtent()!, { padding: [20, 20, 20, 20] });
  output.textContent = `${scene.name}, unmixed by ${model.place.adapter ?? `WebAssembly, threads: ${model.place.threads}`}`;
}

show().catch((error: Error) => {
  output.textContent = error.message;
});
