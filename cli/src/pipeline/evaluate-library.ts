import { readMatMatrix, resampleLibrary, type Scene, type SpectralLibrary } from '@egunet/raster';
import { nodeCodecs, openFile, readSpectralLibrary } from '@egunet/raster/node';
import { CommandError } from '../support/errors.js';
import { isMat } from '../support/scene-options.js';

// Legend: C materials, S spectra of a library, B bands.

/** What spectra are wanted. */
export interface Wanted {
  readonly scene: Scene;
  /** Of the scene [B]. */
  readonly bands: readonly number[];
  /** Materials [C]: a library's spectra are found by name where it has these names, else taken in its order. */
  readonly names: readonly string[];
  /** `endmembers of the map`: whose spectra they are, for messages. */
  readonly whose: string;
  /** The matrix of a .mat file [bands, C]. */
  readonly variable: string;
}

/** A spectrum for each name, at the given bands of the scene [C, B]. Throws CommandError or RasterError where the file does not hold them. */
export async function readSpectraFor(path: string, wanted: Wanted): Promise<Float32Array> {
  if (isMat(path)) return readMatrix(path, wanted);
  const { scene, bands } = wanted;
  const library = await readSpectralLibrary(path);
  const sensor = bands.map((band) => scene.bands[band]!);
  if (library.wavelengths && sensor.every(({ wavelength }) => wavelength === undefined))
    throw new CommandError(
      `${path}: has wavelengths, but ${scene.name} has none to match them with; give spectra at its ${bands.length} bands, without wavelengths`,
    );
  return resampleLibrary(pick(library, path, wanted), sensor, { name: path });
}

/** The spectra wanted, in their order. */
function pick(library: SpectralLibrary, path: string, { names, whose }: Wanted): SpectralLibrary {
  const places = names.map((name) => library.names.indexOf(name));
  const missing = names.filter((_, c) => places[c]! < 0);
  if (missing.length > 0) {
    if (missing.length === names.length && library.names.length === names.length) return library; // other names: by order
    throw new CommandError(
      `${path}: ${library.names.length} spectra, none of them for ${missing.join(', ')} of the ${names.length} ${whose}; give one for each, by name or in their order`,
    );
  }
  const L = library.spectra.length / library.names.length;
  const spectra = new Float32Array(names.length * L); // [C, L]
  places.forEach((place, c) => {
    spectra.set(library.spectra.subarray(place * L, (place + 1) * L), c * L);
  });
  const { wavelengths, fwhm } = library;
  return { names, spectra, ...(wavelengths && { wavelengths }), ...(fwhm && { fwhm }) };
}

/** A matrix [bands, C] of all bands of the scene, or of those used alone. */
async function readMatrix(path: string, { scene, bands, names, whose, variable }: Wanted): Promise<Float32Array> {
  const source = await openFile(path);
  try {
    const { rows, cols, data } = await readMatMatrix(source, nodeCodecs, variable);
    const whole = rows === scene.bands.length;
    if ((!whole && rows !== bands.length) || cols !== names.length)
      throw new CommandError(
        `${path}: ${variable} is [${rows} x ${cols}], expected [bands x materials]: ${scene.bands.length} bands of the scene (${bands.length} are used) and ${names.length} ${whose}; name another matrix with --endmember-variable`,
      );
    return Float32Array.from(names.flatMap((_, c) => bands.map((band, b) => data[(whole ? band : b) * cols + c]!)));
  } finally {
    await source.close();
  }
}
