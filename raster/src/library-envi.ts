// Legend: S spectra, B bands.
import { enviCalibration, enviWavelengths } from './envi.js';
import { enviLayout, listField, numberField, parseEnviFields } from './envi-header.js';
import { isDeleted, type LibraryOptions, makeLibrary, type SpectralLibrary } from './library.js';
import { refuse } from './refuse.js';
import { asStored, sampleSize, toSamples } from './samples.js';
import type { ByteSource } from './source.js';

/**
 * An ENVI spectral library (.sli with its .hdr): `lines` spectra of `samples` bands. The header's reflectance scale factor is applied; ignored values become NaN.
 * `data` stays open. Rejects with RasterError where the files are damaged or not a library.
 */
export async function readSpectralLibraryEnvi(
  header: { readonly text: string; readonly name: string },
  data: ByteSource,
  options: LibraryOptions = {},
): Promise<SpectralLibrary> {
  const fields = parseEnviFields(header.text, header.name);
  const layout = enviLayout(fields);
  const { rows: S, cols: B, sampleType, headerOffset } = layout;
  if (layout.bands !== 1)
    refuse(header.name, `a library has 1 band, its bands as samples; got ${layout.bands} bands: this is an image`);
  const length = S * B * sampleSize(sampleType);
  if (!(headerOffset + length <= data.size))
    refuse(
      data.name,
      `${data.size} bytes, but its header wants ${headerOffset + length} (${S} spectra of ${B} bands); the file is cut short`,
    );
  const stored = toSamples(await data.read(headerOffset, length), sampleType, layout.bigEndian); // [S, B]
  const { gains, offsets } = enviCalibration(fields, 1);
  if (options.reflectanceScale !== undefined && (gains[0] !== 1 || offsets[0] !== 0))
    refuse(
      header.name,
      `already states its scale (gain ${gains[0]}, offset ${offsets[0]}); leave out the reflectance scale`,
    );
  const noData = asStored(numberField(fields, 'data ignore value') ?? Number.NaN, sampleType);
  const spectra = new Float32Array(S * B); // [S, B]
  for (let i = 0; i < spectra.length; i++) {
    const value = stored[i]!;
    spectra[i] = value === noData || isDeleted(value) ? Number.NaN : value * gains[0]! + offsets[0]!;
  }
  const { wavelengths, fwhm } = enviWavelengths(fields, B);
  const names = listField(fields, 'spectra names');
  if (names && names.length !== S)
    refuse(header.name, `'spectra names' should list ${S} names, got ${names.length}; correct the header`);
  const parts = { names: names ?? Array.from({ length: S }, (_, i) => `spectrum ${i + 1}`), spectra };
  const widths = fwhm?.filter((width) => width !== undefined);
  const known = widths?.length === B ? { fwhm: widths } : {}; // a library has the widths of all bands or of none
  return makeLibrary({ ...parts, ...(wavelengths && { wavelengths }), ...known }, data.name, options);
}

/** ENVI has no way to write these characters within a list. */
const enviItem = (text: string): string =>
  text
    .replace(/,/g, ';')
    .replace(/[{}\r\n]/g, ' ')
    .trim();

/** A library as an ENVI spectral library: the text of its .hdr and the bytes of its .sli (float32, little-endian). A comma in a name becomes a semicolon. */
export function writeSpectralLibraryEnvi(library: SpectralLibrary): { header: string; data: Uint8Array } {
  const { names, wavelengths, fwhm, spectra } = library;
  const list = (key: string, items: readonly (string | number)[]): string => `${key} = {\n${items.join(',\n')}}\n`;
  const header = [
    'ENVI\n',
    `samples = ${spectra.length / names.length}\nlines = ${names.length}\nbands = 1\nheader offset = 0\n`,
    'file type = ENVI Spectral Library\ndata type = 4\ninterleave = bsq\nbyte order = 0\n',
    ...(spectra.some(Number.isNaN) ? ['data ignore value = nan\n'] : []),
    ...(wavelengths ? ['wavelength units = Nanometers\n', list('wavelength', wavelengths)] : []),
    ...(wavelengths && fwhm ? [list('fwhm', fwhm)] : []),
    list('spectra names', names.map(enviItem)),
  ].join('');
  return { header, data: new Uint8Array(spectra.slice().buffer) };
}
