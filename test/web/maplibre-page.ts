// The script of a page with a map of MapLibre.
import { createUnmixer } from '@egunet/infer-web';
import { type AbundanceTilesOptions, abundanceTiles, colourThree } from '@egunet/infer-web/maplibre';
import { addProtocol, Map as MapOfLibre } from 'maplibre-gl';

const unmixer = createUnmixer();
const opening = unmixer.openModel('model.onnx', { device: 'wasm', runtime: 'onnxruntime' });

/** A scene's tiles, three endmembers as colours, or other values of a pixel from `first` on, and what was asked of the worker for them. */
async function open(name: string, { first = 0, ...options }: Partial<AbundanceTilesOptions> & { first?: number } = {}) {
  const [opened, model] = await Promise.all([unmixer.openScene(name), opening]);
  const asked: { level: number | undefined; window: number[]; aborted: boolean; done: boolean }[] = [];
  const scene: typeof opened = {
    ...opened,
    async unmix(model, window, options) {
      const { row, col, rows, cols } = window;
      const one = { level: options?.level, window: [row, col, rows, cols], aborted: false, done: false };
      asked.push(one);
      options?.signal?.addEventListener('abort', () => {
        one.aborted = true;
      });
      const unmixed = await opened.unmix(model, window, options);
      one.done = true;
      return unmixed;
    },
  };
  return {
    tiles: await abundanceTiles({ scene, model, colour: colourThree(first, first + 1, first + 2), ...options }),
    asked,
    scene,
    model,
  };
}

/** A tile that is asked for, and what comes of it: `drawn`, or the error's name. */
function ask(opened: Awaited<ReturnType<typeof open>>, address: string) {
  const abort = new AbortController();
  const ended = pixelsOf(opened, address, abort).then(
    () => 'drawn',
    (error: Error) => error.name,
  );
  return { abort, ended };
}

/** A map with the tiles, at a zoom of which a pixel of the map is one of a tile; whole when it is drawn. */
async function show(
  { tiles }: Awaited<ReturnType<typeof open>>,
  { center, zoom }: { center: [number, number]; zoom: number },
) {
  addProtocol(tiles.protocol, tiles.load);
  const map = new MapOfLibre({
    container: 'map',
    style: { version: 8, sources: {}, layers: [] },
    center,
    zoom,
    attributionControl: false,
    fadeDuration: 0,
  });
  await map.once('load');
  map.addSource('abundances', tiles.source);
  map.addLayer({
    id: 'abundances',
    type: 'raster',
    source: 'abundances',
    paint: { 'raster-resampling': 'nearest', 'raster-fade-duration': 0 },
  });
  return map;
}

/** A tile's pixels, red, green, blue, opacity. */
async function pixelsOf({ tiles }: Awaited<ReturnType<typeof open>>, address: string, abort = new AbortController()) {
  const { data } = await tiles.load({ url: `${tiles.protocol}://${address}` }, abort);
  const context = new OffscreenCanvas(data.width, data.height).getContext('2d')!;
  context.drawImage(data, 0, 0);
  return [...context.getImageData(0, 0, data.width, data.height).data];
}

const maplibre = { unmixer, open, ask, show, pixelsOf };
Object.assign(window, { maplibre });
declare global {
  interface Window {
    maplibre: typeof maplibre;
  }
}
