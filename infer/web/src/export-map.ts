// A scene's abundances as a file, which the page may offer to be saved. Loaded when it is asked for.
import { assertPlausible, mapBands, mapOrigin, planUnmixing, type Seen, sumSeen, windowFrom } from '@egunet/infer';
import type { Scene, Window } from '@egunet/raster';
import { createWebMap, shiftTo } from '@egunet/raster/web-map';
import type { LastingModel } from './lasting.js';
import type { CallHow } from './rpc.js';
import { unmixOn } from './unmix-on.js';

/** What a map is to be of. */
export interface MapToExport {
  /** The part of the scene; all of it when absent. */
  readonly window?: Window;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** Of an ensemble, give each endmember's spread a band, behind the abundances; yes when absent. */
  readonly spread?: boolean;
  /** Of the file; the scene's, then `-abundances.tif`, when absent. */
  readonly name?: string;
}

/** How far an export has come. */
export interface ExportProgress {
  /** Pixels unmixed, of `totalPixels`; with and without data. */
  readonly pixels: number;
  readonly totalPixels: number;
}

const fileOf = (scene: string): string => scene.replace(/^.*\//, '');

/** The map of a scene, or of a window of it, as `egunet infer` writes it. Rejects as `unmixOn` and `createWebMap` do, where the values are no reflectance, and with the signal's reason. */
export async function exportMap(
  {
    scene,
    model,
    window,
    resample,
    spread = true,
    name,
  }: MapToExport & { readonly scene: Scene; readonly model: LastingModel },
  { signal, report }: CallHow<ExportProgress>,
): Promise<File> {
  const { card } = await model.current();
  const whole = window ?? { row: 0, col: 0, rows: scene.rows, cols: scene.cols };
  const totalPixels = whole.rows * whole.cols;
  const source = fileOf(scene.name);
  const output = name ?? `${source.replace(/\.[^.]*$/, '')}-abundances.tif`;
  const { tiles } = planUnmixing(scene, { card, window: whole, ...(resample && { resample }) });
  const map = createWebMap(output, {
    rows: whole.rows,
    cols: whole.cols,
    sampleType: 'float32',
    noData: Number.NaN,
    bands: mapBands(card, { spread }),
    metadata: mapOrigin(card, { EGUNET_SCENE: source }, { spread }),
    ...(scene.georeference && { georeference: shiftTo(scene.georeference, whole) }),
  });
  const all: Seen[] = [];
  let pixels = 0;
  for (const tile of tiles) {
    const unmixed = await model.use((opened) => unmixOn(opened, { scene, window: tile }, { resample, spread, signal }));
    all.push(unmixed.seen);
    await map.writeWindow(windowFrom(whole, tile), unmixed.abundances);
    pixels += tile.rows * tile.cols;
    report({ pixels, totalPixels });
  }
  assertPlausible(sumSeen(all), scene.name, card);
  return new File([await map.close(signal)], output, { type: 'image/tiff' });
}
