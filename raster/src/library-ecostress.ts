// Spectrum files of the ECOSTRESS and ASTER spectral libraries (*.spectrum.txt). Legend: B bands.
import type { LibraryOptions } from './library.js';
import { assertReflectance, type Parsed, type Spectrum } from './library-spectrum.js';
import { refuse } from './refuse.js';
import { cleanText } from './text.js';
import { nanometresPer, toNanometres } from './wavelength.js';

/** The lines of a header that come last, and that only a spectrum has: a description over many lines may stand before them. */
const LAST_LINES = /^(x units|y units|(first|last|number of) x values?|additional information)\s*:/i;

/** What a header tells of a spectrum besides its name and its units. */
const ATTRIBUTES = ['Type', 'Class', 'Subclass', 'Genus', 'Species', 'Particle Size', 'Sample No.', 'Owner', 'Wavelength Range', 'Measurement'] as const; // biome-ignore format: one line says more

/** Reflectance in one unit, by the words of headers. */
const REFLECTANCE: ReadonlyMap<string, number> = new Map([
  ['percent', 0.01],
  ['percentage', 0.01],
  ['%', 0.01],
  ['fraction', 1],
  ['unitless', 1],
]);

/** Other quantities that the libraries hold. */
const OTHER_QUANTITY = /^(transmittance|emissivity|emittance|absorbance|radiance)\b/i;

type Header = ReadonlyMap<string, string>;

/** A file's text in a message. */
const shown = (text: string): string => cleanText(text).slice(0, 40);

/** True for the text, or the beginning, of a file of these libraries. */
export const isEcostress = (text: string): boolean =>
  /^[ \t]*(x units|first x value|number of x values)[ \t]*:/im.test(text);

/** The values of a header's lines by their keys in lower case; of lines with the same key the first. */
function parseHeader(lines: readonly string[]): Header {
  const header = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const key = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !header.has(key)) header.set(key, cleanText(line.slice(colon + 1)));
  }
  return header;
}

/** `Wavelength (micrometers)` as `wavelength` and `micrometers`; nothing where it is not in this form. */
function quantityOf(stated: string): { quantity: string; unit: string } {
  const open = stated.endsWith(')') ? stated.lastIndexOf('(') : -1;
  if (open < 0) return { quantity: '', unit: '' };
  return {
    quantity: stated.slice(0, open).trim().toLowerCase(),
    unit: stated
      .slice(open + 1, -1)
      .trim()
      .toLowerCase(),
  };
}

/** The numbers below a header: `first` is the index of the line where they may begin. */
function parseRows(lines: readonly string[], first: number, name: string): { x: number[]; y: number[] } {
  const [x, y]: [number[], number[]] = [[], []];
  for (let i = first; i < lines.length; i++) {
    const cells = lines[i]!.trim().split(/[\s,;]+/);
    const numbers = cells.map((cell) => (cell === '' ? Number.NaN : Number(cell)));
    if (numbers.length === 2 && numbers.every(Number.isFinite)) {
      x.push(numbers[0]!);
      y.push(numbers[1]!);
    } else if (x.length > 0 && lines[i]!.trim() !== '')
      refuse(name, `line ${i + 1}: should be a wavelength and a value, got '${shown(lines[i]!)}'; the file is damaged or cut short, get it again`); // biome-ignore format: one line says more
  }
  return { x, y };
}

function assertComplete(rows: number, header: Header, name: string): void {
  const stated = header.get('number of x values') || undefined;
  if (rows > 0 && (stated === undefined || Number(stated) === rows)) return;
  refuse(
    name,
    `holds ${rows} values, but its header states ${shown(stated ?? 'no number of them')}; the file is damaged or cut short, get it again`,
  );
}

/** Nanometres in one of the units of X. */
function wavelengthUnit(header: Header, name: string): number {
  const stated = header.get('x units') ?? '';
  const { quantity, unit } = quantityOf(stated);
  const known = quantity === 'wavelength' && unit !== '' && unit !== 'unknown';
  const factor = known ? nanometresPer(unit, []) : undefined;
  if (factor === undefined)
    refuse(
      name,
      `'X Units: ${shown(stated)}' is no unit of wavelength; correct the line ('X Units: Wavelength (micrometers)')`,
    );
  return factor;
}

/** Reflectance in one of the units of Y; refuses a scale where the header states one. */
function reflectanceUnit(stated: string, name: string, options: LibraryOptions): number {
  const { quantity, unit } = quantityOf(stated);
  const scale = quantity === 'reflectance' ? REFLECTANCE.get(unit) : undefined;
  if (scale === undefined)
    refuse(name, `'Y Units: ${shown(stated)}' is no unit of reflectance; correct the line ('Y Units: Reflectance (percent)'), or leave the file out`); // biome-ignore format: one line says more
  if (options.reflectanceScale !== undefined)
    refuse(name, `already states its scale ('Y Units: ${shown(stated)}'); leave out the reflectance scale`);
  return scale;
}

/**
 * A spectrum from the text of an ECOSTRESS or ASTER file: lines `Key: value`, then two columns, wavelength and reflectance, in the units that `X Units` and `Y Units` state.
 * The reason why it is none where it holds another quantity. Throws RasterError where the text is damaged, or its units are unknown.
 */
export function parseEcostress(text: string, name: string, options: LibraryOptions): Parsed<Spectrum> {
  const lines = text.split(/\r\n|\n|\r/);
  const end = lines.reduce((last, line, i) => (LAST_LINES.test(line.trimStart()) ? i + 1 : last), 0);
  const header = parseHeader(lines.slice(0, end));
  const stated = header.get('y units') ?? '';
  if (OTHER_QUANTITY.test(stated)) return { reason: `'Y Units: ${shown(stated)}' is no reflectance` };
  const unit = wavelengthUnit(header, name);
  const scale = reflectanceUnit(stated, name, options);
  const { x, y } = parseRows(lines, end, name);
  assertComplete(x.length, header, name);
  const values = y.map((value) => value * scale);
  assertReflectance(values, name, `correct its line 'Y Units: ${shown(stated)}', or leave the file out`);
  const attributes = Object.fromEntries(
    ATTRIBUTES.flatMap((key) => {
      const value = header.get(key.toLowerCase());
      return value ? [[key, value]] : [];
    }),
  );
  return { spectrum: { name: header.get('name') ?? '', attributes, wavelengths: toNanometres(x, unit), values } };
}
