// A scene's abundances as a file, which the page may offer to be saved. Loaded when it is asked for.
import { mapOrigin, unmix, windowFrom } from '@egunet/infer';
import type { Scene, Window } from '@egunet/raster';
import { createWebMap, shiftTo } from '@egunet/raster/web-map';
import { batchFor, type WebModel } from './model.js';
import type { CallHow } from './rpc.js';

/** What a map is to be of. */
export interface MapToExport {
  /** The part of the scene; all of it when absent. */
  readonly window?: Window;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
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

/** The map of a scene, or of a window of it, as `egunet infer` writes it. Rejects as `unmix` and `createWebMap` do, and with the signal's reason. */
export async function exportMap(
  { scene, model, window, resample = false, name }: MapToExport & { readonly scene: Scene; readonly model: WebModel },
  { signal, report }: CallHow<ExportProgress>,
): Promise<File> {
  const { card, session, place } = model;
  const whole = window ?? { row: 0, col: 0, rows: scene.rows, cols: scene.cols };
  const totalPixels = whole.rows * whole.cols;
  const source = fileOf(scene.name);
  const output = name ?? `${source.replace(/\.[^.]*$/, '')}-abundances.tif`;
  const map = createWebMap(output, {
    rows: whole.rows,
    cols: whole.cols,
    sampleType: 'float32',
    noData: Number.NaN,
    bands: card.endmembers.map(({ name }) => ({ name })),
    metadata: mapOrigin(card, { EGUNET_SCENE: source }),
    ...(scene.georeference && { georeference: shiftTo(scene.georeference, whole) }),
  });
  let pixels = 0;
  const how = { card, window: whole, resample, batch: batchFor(place, totalPixels), signal };
  for await (const { window: at, abundances } of unmix(session, scene, how)) {
    await map.writeWindow(windowFrom(whole, at), abundances);
    pixels += at.rows * at.cols;
    report({ pixels, totalPixels });
  }
  return new File([await map.close(signal)], output, { type: 'image/tiff' });
}
