// What is known of one pixel. Legend: B bands of the scene, M of the model, C endmembers.
import type { RemoteModel, RemoteScene } from '@egunet/infer-web';
import type { ModelCard } from '@egunet/models/card';
import { type Band, isDegrees, projectionBetween } from '@egunet/raster';

type Points = readonly (readonly [x: number, y: number])[];

export interface PixelFacts {
  /** [C], where a model is there and the pixel has data. */
  readonly abundances?: Float32Array;
  /** How far the networks of an ensemble disagree about each [C]. */
  readonly spread?: Float32Array;
  /** Reflectance by wavelength, nm; by the band's number from 1 where the scene has no wavelengths. */
  readonly measured: Points;
  /** What the model makes of it: the mixture of its endmembers. */
  readonly modelled?: Points;
  /** The model's endmembers, one after the other. */
  readonly endmembers?: readonly Points[];
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

/** Spectra [M] over a card's bands. */
function spectraOf({ bands, data }: ModelCard, spectra: readonly (readonly number[])[]): Points[] {
  const known = placeOf(bands);
  const at =
    bands.some(({ wavelength }) => wavelength) || data.bands === undefined
      ? known
      : (m: number) => bands[m]!.index! + 1;
  return spectra.map((spectrum) => inOrder(spectrum.map((value, m) => [at(m), value])));
}

/** The mixture of a card's endmembers by abundances [C], and the endmembers. */
function mixture(card: ModelCard, abundances: Float32Array): Required<Pick<PixelFacts, 'modelled' | 'endmembers'>> {
  const spectra = card.endmembers.map(({ spectrum }) => spectrum);
  const mixed = card.bands.map((_, m) => spectra.reduce((sum, one, c) => sum + abundances[c]! * one[m]!, 0));
  const [modelled, ...endmembers] = spectraOf(card, [mixed, ...spectra]);
  return { modelled: modelled!, endmembers };
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
    model && scene.unmix(model, window, { resample, spread: true, signal }),
  ]);
  const measured = reflectances(data, scene.bands);
  if (!model || !unmixed || Number.isNaN(unmixed.abundances[0])) return { measured };
  const C = model.card.endmembers.length;
  const [abundances, spread] = [unmixed.abundances.slice(0, C), unmixed.abundances.slice(C)];
  return { measured, abundances, ...(spread.length > 0 && { spread }), ...mixture(model.card, abundances) };
}

const LONGITUDE_LATITUDE = 4326;

/** Longitude and latitude in degrees; none where the system is not known, or has no place for the coordinates. */
async function longitudeLatitude(epsg: number, [x, y]: readonly [number, number]): Promise<readonly number[]> {
  const name = `EPSG:${epsg}`;
  try {
    const forward = await projectionBetween([epsg, LONGITUDE_LATITUDE], [name, 'longitude and latitude']);
    const found = forward ? forward(x, y) : [x, y];
    return found.every(Number.isFinite) ? found : [];
  } catch {
    return [];
  }
}

/** `366015.0, 5806985.0 (EPSG:32633)` and `52.40000° N, 13.02900° E`, as far as known. */
export async function describePlace(at: readonly [x: number, y: number], epsg: number | undefined): Promise<string[]> {
  const [x, y] = at;
  if (epsg === undefined) return [`${x}, ${y}`];
  const [lon, lat] = await longitudeLatitude(epsg, at);
  const degrees =
    lon === undefined || lat === undefined
      ? []
      : [`${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`];
  if (isDegrees(epsg)) return degrees.map((text) => `${text} (EPSG:${epsg})`);
  return [`${x.toFixed(1)}, ${y.toFixed(1)} (EPSG:${epsg})`, ...degrees];
}
