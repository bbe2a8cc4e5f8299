// What is known of one pixel. Legend: B bands of the scene, M of the model, C endmembers.
import type { RemoteModel, RemoteScene } from '@egunet/infer-web';
import type { ModelCard } from '@egunet/models/card';
import type { Band } from '@egunet/raster';
import { transform } from 'ol/proj.js';

type Points = readonly (readonly [x: number, y: number])[];

export interface PixelFacts {
  /** [C], where a model is there and the pixel has data. */
  readonly abundances?: Float32Array;
  /** Reflectance by wavelength, nm; by the band's number from 1 where the scene has no wavelengths. */
  readonly measured: Points;
  /** What the model makes of it: the mixture of its endmembers. */
  readonly modelled?: Points;
}

export interface PixelOptions {
  readonly resample: boolean;
  readonly signal: AbortSignal;
}

/** Points by increasing x, with a break (NaN) where bands lie more than four times as far apart as usual. */
function inOrder(points: Points): Points {
  const sorted = [...points].sort(([a], [b]) => a - b);
  const steps = sorted.slice(1).map(([x], i) => x - sorted[i]![0]);
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return sorted.flatMap((point, i) =>
    i > 0 && steps[i - 1]! > 4 * usual ? [[point[0], Number.NaN] as const, point] : [point],
  );
}

/** A band's place on the axis. */
const placeOf = (bands: readonly { readonly wavelength?: number | null }[]) =>
  bands.some(({ wavelength }) => wavelength) ? (b: number) => bands[b]!.wavelength ?? Number.NaN : (b: number) => b + 1;

/** Reflectance from stored values [B], NaN where there is no data or the band is not to be used. */
function reflectances(stored: ArrayLike<number>, bands: readonly Band[]): Points {
  const at = placeOf(bands);
  return inOrder(
    bands
      .map(({ gain, offset, noData, bad }, b): [number, number] => {
        const value = stored[b]!;
        return [at(b), bad || value === noData ? Number.NaN : value * gain + offset];
      })
      .filter(([x]) => Number.isFinite(x)),
  );
}

/** The mixture of a card's endmembers by abundances [C]. */
function mixture({ bands, endmembers, data }: ModelCard, abundances: Float32Array): Points {
  const known = placeOf(bands);
  const at =
    bands.some(({ wavelength }) => wavelength) || data.bands === undefined
      ? known
      : (m: number) => bands[m]!.index! + 1;
  return inOrder(
    bands.map((_, m) => [at(m), endmembers.reduce((sum, { spectrum }, c) => sum + abundances[c]! * spectrum[m]!, 0)]),
  );
}

/** Reads a pixel of a scene, and unmixes it where there is a model. */
export async function readPixel(
  { scene, model }: { readonly scene: RemoteScene; readonly model: RemoteModel | undefined },
  place: { readonly row: number; readonly col: number },
  { resample, signal }: PixelOptions,
): Promise<PixelFacts> {
  const window = { ...place, rows: 1, cols: 1 };
  const all = scene.bands.map((_, b) => b);
  const [{ data }, unmixed] = await Promise.all([
    scene.readWindow(window, all, { signal }),
    model && scene.unmix(model, window, { resample, signal }),
  ]);
  const measured = reflectances(data, scene.bands);
  if (!model || !unmixed || Number.isNaN(unmixed.abundances[0])) return { measured };
  const { abundances } = unmixed;
  return { measured, abundances, modelled: mixture(model.card, abundances) };
}

/** `366015.0, 5806985.0 (EPSG:32633)` and `52.40000° N, 13.02900° E`, as far as known. */
export function describePlace([x, y]: readonly [x: number, y: number], epsg: number | undefined): string[] {
  if (epsg === undefined) return [`${x}, ${y}`];
  const system = `EPSG:${epsg}`;
  const [lon, lat] = longitudeLatitude(system, [x, y]);
  const degrees =
    lon === undefined || lat === undefined
      ? ''
      : `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`;
  if (system === 'EPSG:4326') return [`${degrees} (${system})`];
  return [`${x.toFixed(1)}, ${y.toFixed(1)} (${system})`, ...(degrees ? [degrees] : [])];
}

/** Longitude and latitude, where OpenLayers can convert: UTM and the web's own system. */
function longitudeLatitude(system: string, at: number[]): readonly number[] {
  try {
    return transform(at, system, 'EPSG:4326');
  } catch {
    return [];
  }
}
