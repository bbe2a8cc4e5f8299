// Endmembers of what was read of scenes, blind or given by a library. Legend: B bands, C endmembers.
import { basename } from 'node:path';
import { type Band, resampleLibrary } from '@egunet/raster';
import { readSpectralLibrary } from '@egunet/raster/node';
import { type Endmembers, findEndmembers, type SceneSample } from '@egunet/train';
import type { Control } from '../support/control.js';
import { stages } from '../support/progress.js';
import type { DataRequest, ScenesRequest } from './data-request.js';

/** Of one scene, or of several. */
export type AnyRequest = DataRequest | ScenesRequest;

/** A band, as far as it is known of each scene of a pool. */
export type KnownBand = Pick<Band, 'name' | 'wavelength' | 'fwhm'>;

/** The library's spectra at these bands [C, B], with their names. */
async function readLibrary(used: readonly KnownBand[], request: AnyRequest & { library: string }) {
  const { library: path, libraryScale } = request;
  const library = await readSpectralLibrary(path, { reflectanceScale: libraryScale });
  return { given: resampleLibrary(library, used, { name: path }), names: library.names };
}

/** Endmembers of a sample in these bands, and labelled candidates, with progress lines. */
export async function findIn(
  sample: SceneSample,
  used: readonly KnownBand[],
  { request, control }: { readonly request: AnyRequest; readonly control: Control },
): Promise<Endmembers> {
  const { library, method = 'kmeans', brightness, count, countBy, seed } = request;
  const given = library === undefined ? undefined : await readLibrary(used, { ...request, library });
  const { show, stop } = stages(control.startProgress);
  try {
    const found = await findEndmembers(sample, {
      seed,
      method,
      signal: control.signal,
      onProgress: ({ stage, done, total }) => show(`endmembers: ${stage}`, done, total),
      ...(count === undefined ? {} : { count }),
      ...(countBy === undefined ? {} : { countBy }),
      ...(brightness === undefined ? {} : { brightness }),
      ...(given === undefined ? {} : { given: given.given }),
    });
    return given === undefined
      ? found
      : { ...found, names: [...given.names, ...found.names.slice(given.names.length)] };
  } finally {
    stop();
  }
}

/** How they were found, for the card. */
export function methodOf(found: Endmembers, { library, method: asked }: AnyRequest): string {
  const { method, brightness, count, countSource, estimate, known } = found;
  if (library !== undefined && known !== undefined)
    return `${known} given by ${basename(library)}, ${count - known} found beside them: ${asked}, ${brightness} brightness`;
  if (library !== undefined) return `given by ${basename(library)}`;
  const how = brightness === undefined ? method : `${method}, ${brightness} brightness`;
  if (estimate === undefined) return `${how}, number given`;
  if (countSource === 'residual') return `${how}, number estimated by the residual`;
  return `${how}, number estimated by HySime${estimate > count ? ` (${estimate}, cut to ${count})` : ''}`;
}
