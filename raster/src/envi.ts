import { enviGeoreference } from './envi-georeference.js';
import {
  type EnviFields,
  enviLayout,
  listField,
  numberField,
  numbersField,
  parseEnviFields,
  textField,
} from './envi-header.js';
import { readEnviWindow, streamEnviWindow, streamsLines } from './envi-read.js';
import { makeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import { sampleSize } from './samples.js';
import type { Band, Scene } from './scene.js';
import type { ByteSource } from './source.js';
import { nanometresPer, toNanometres } from './wavelength.js';

/** Band centres and widths in nm, where the header gives them in a unit of length; a width that is not positive is unknown. Throws RasterError at a centre that is not. */
export function enviWavelengths(
  fields: EnviFields,
  count: number,
): { wavelengths?: number[]; fwhm?: (number | undefined)[] } {
  const wavelengths = numbersField(fields, 'wavelength', count);
  const fwhm = numbersField(fields, 'fwhm', count);
  const factor = wavelengths && nanometresPer(textField(fields, 'wavelength units') ?? '', wavelengths);
  if (factor === undefined) return {};
  const wrong = wavelengths!.findIndex((value) => value <= 0);
  if (wrong >= 0)
    refuse(
      fields.name,
      `item ${wrong + 1} of 'wavelength' should be positive, got ${wavelengths![wrong]}; correct the header, or leave 'wavelength' out where the bands have none`,
    );
  return {
    wavelengths: toNanometres(wavelengths!, factor),
    ...(fwhm && { fwhm: toNanometres(fwhm, factor).map((width) => (width > 0 ? width : undefined)) }),
  };
}

/**
 * Gains and offsets to reflectance, the first of: `data reflectance gain values` (with `data reflectance offset values`),
 * `reflectance scale factor` (stored value of 100 %), `data gain values` (with `data offset values`), 1 and 0.
 */
export function enviCalibration(fields: EnviFields, count: number): { gains: number[]; offsets: number[] } {
  const all = (value: number): number[] => new Array<number>(count).fill(value);
  const listed = (kind: string): { gains: number[]; offsets: number[] } | undefined => {
    const gains = numbersField(fields, `${kind} gain values`, count);
    const offsets = numbersField(fields, `${kind} offset values`, count);
    return gains || offsets ? { gains: gains ?? all(1), offsets: offsets ?? all(0) } : undefined;
  };
  const scale = numberField(fields, 'reflectance scale factor');
  if (scale !== undefined && !(scale > 0 && scale < Infinity))
    refuse(fields.name, `'reflectance scale factor' should be a positive number, got ${scale}`);
  const scaled = scale === undefined ? undefined : { gains: all(1 / scale), offsets: all(0) };
  return listed('data reflectance') ?? scaled ?? listed('data') ?? { gains: all(1), offsets: all(0) };
}

/** Everything that a header says of its bands. Throws RasterError where a list has another length. */
export function enviBands(fields: EnviFields, count: number): Band[] {
  const names = listField(fields, 'band names');
  const { wavelengths, fwhm } = enviWavelengths(fields, count);
  const { gains, offsets } = enviCalibration(fields, count);
  const bbl = numbersField(fields, 'bbl', count);
  const noData = numberField(fields, 'data ignore value');
  return gains.map((gain, i) => ({
    // A name with a comma in it cannot be told from two names: then none can be trusted.
    name: (names?.length === count && names[i]) || `band ${i + 1}`,
    ...(wavelengths && { wavelength: wavelengths[i]! }),
    ...(fwhm?.[i] !== undefined && { fwhm: fwhm[i] }),
    bad: bbl?.[i] === 0,
    gain,
    offset: offsets[i]!,
    ...(noData !== undefined && { noData }),
  }));
}

/** Whole rows of about 32768 pixels: the window shape that reads well from a file in rows. */
export function rowBlock(rows: number, cols: number): { rows: number; cols: number } {
  return { rows: Math.min(rows, Math.max(1, Math.round(32768 / cols))), cols };
}

/**
 * Opens an ENVI image (bsq, bil or bip; data types 1, 2, 3, 4, 5, 12 and 13; either byte order) from the text of its header and its data file.
 * The scene owns `data` and closes it. Throws RasterError where the header is damaged or the data file is shorter than it says.
 */
export function openEnvi(header: { readonly text: string; readonly name: string }, data: ByteSource): Scene {
  const fields = parseEnviFields(header.text, header.name);
  const fileType = textField(fields, 'file type') ?? '';
  if (/spectral library/i.test(fileType))
    refuse(header.name, 'a spectral library, not an image; give it where a library is asked for');
  const layout = enviLayout(fields);
  const { rows, cols, bands, headerOffset, sampleType, interleave } = layout;
  const needed = headerOffset + rows * cols * bands * sampleSize(sampleType);
  if (!(needed <= data.size))
    refuse(
      data.name,
      `${data.size} bytes, but its header wants ${needed} (${rows} lines x ${cols} samples x ${bands} bands of ${sampleType}); the file is cut short or the header is another's`,
    );
  const georeference = enviGeoreference(fields);
  const sensor = textField(fields, 'sensor type');
  return makeScene({
    name: data.name,
    format: 'ENVI',
    ...(sensor && !/^unknown$/i.test(sensor) && { sensor }),
    rows,
    cols,
    sampleType,
    bands: enviBands(fields, bands),
    ...(georeference && { georeference }),
    block: rowBlock(rows, cols),
    facts: { header: header.name, interleave, ...factsOf(fields) },
    async readWindow(window, wanted = Array.from({ length: bands }, (_, i) => i)) {
      const samples = await readEnviWindow(data, layout, { window, bands: wanted });
      return { rows: window.rows, cols: window.cols, bands: wanted.length, data: samples };
    },
    streamRows: (window, wanted) =>
      streamsLines(layout, window)
        ? (memory) => streamEnviWindow(data, layout, { window, bands: wanted, memory })
        : undefined,
    close: () => data.close(),
  });
}

function factsOf(fields: EnviFields): Record<string, string> {
  const description = textField(fields, 'description')?.replace(/\s+/g, ' ');
  const acquired = textField(fields, 'acquisition time');
  return { ...(description && { description }), ...(acquired && { 'acquisition time': acquired }) };
}
