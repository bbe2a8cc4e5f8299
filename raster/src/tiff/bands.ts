// What the file says of its bands: GDAL's band metadata (as its ENVI driver, EnMAP-Box and EnPT write it) and NoData.
import { refuse } from '../refuse.js';
import type { Band } from '../scene.js';
import { nanometresPer, toNanometres } from '../wavelength.js';
import type { GdalItem } from './gdal-metadata.js';

/** The items of one band or of the data set, by name in lower case with spaces as underscores. */
type Fields = ReadonlyMap<string, string>;

const key = (name: string): string => name.trim().toLowerCase().replaceAll(' ', '_');

const toFields = (items: readonly GdalItem[]): Fields => new Map(items.map((i) => [key(i.name), i.value.trim()]));

/** `{1, 2, 3}`, as ENVI headers hold a value per band. */
const toList = (text: string | undefined): string[] =>
  text === undefined
    ? []
    : text
        .replace(/^\{|\}$/g, '')
        .split(',')
        .map((part) => part.trim());

const positive = (text: string | undefined): number | undefined => {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && value > 0 ? value : undefined;
};

/** Centres and widths in nm, one entry a band. */
interface Spectral {
  readonly wavelengths: (number | undefined)[];
  readonly fwhms: (number | undefined)[];
}

/** The bands of a file with `count` bands. Throws RasterError where a scale or an offset is not a number. */
export function readBands(
  items: readonly GdalItem[],
  { count, noData, name }: { count: number; noData: number | undefined; name: string },
): Band[] {
  const ofBand = Array.from({ length: count }, (): GdalItem[] => []);
  for (const item of items) if (item.sample !== undefined) ofBand[item.sample]?.push(item);
  const fields = ofBand.map(toFields);
  const whole = toFields(items.filter((i) => i.sample === undefined));
  const { wavelengths, fwhms } = readSpectral(fields, whole, ofBand);
  const badList = toList(whole.get('bbl'));
  return ofBand.map((own, i) => {
    const role = (wanted: string): string | undefined =>
      own.find((item) => item.role === wanted)?.value ?? fields[i]!.get(wanted);
    const number = (wanted: 'scale' | 'offset', absent: number): number => {
      const text = role(wanted);
      const value = text === undefined ? absent : Number(text);
      if (text?.trim() === '' || !Number.isFinite(value) || (wanted === 'scale' && value === 0))
        refuse(name, `the ${wanted} of band ${i + 1} is '${text}', expected a number; correct it with gdal_edit.py`);
      return value;
    };
    const usable = fields[i]!.get('bbl') ?? (badList.length === count ? badList[i] : undefined);
    return {
      name: own.find((item) => item.role === 'description')?.value || `band ${i + 1}`,
      ...(wavelengths[i] !== undefined && { wavelength: wavelengths[i] }),
      ...(fwhms[i] !== undefined && { fwhm: fwhms[i] }),
      bad: usable !== undefined && (Number(usable) === 0 || usable.toLowerCase() === 'false'),
      gain: number('scale', 1),
      offset: number('offset', 0),
      ...(noData !== undefined && { noData }),
    };
  });
}

/** Wavelengths by the first way in which the file gives any: GDAL's, band by band, as a list, in the descriptions. */
function readSpectral(fields: readonly Fields[], whole: Fields, ofBand: readonly GdalItem[][]): Spectral {
  const inMicrometres = fields.map((f) => positive(f.get('central_wavelength_um')));
  if (inMicrometres.some((v) => v !== undefined))
    return {
      wavelengths: inNanometres(inMicrometres, 1e3),
      fwhms: inNanometres(
        fields.map((f) => positive(f.get('fwhm_um'))),
        1e3,
      ),
    };
  const units = fields.map((f) => f.get('wavelength_units')).find((u) => u) ?? whole.get('wavelength_units') ?? '';
  const lists = [toList(whole.get('wavelength')), toList(whole.get('fwhm'))];
  const perBand = (name: string, list: readonly string[]) =>
    fields.map((f, i) => positive(f.get(name) ?? (list.length === fields.length ? list[i] : undefined)));
  const wavelengths = perBand('wavelength', lists[0]!);
  const known = wavelengths.filter((v) => v !== undefined);
  if (known.length === 0) return { wavelengths: readDescriptions(ofBand), fwhms: [] };
  const factor = nanometresPer(units, known);
  return { wavelengths: inNanometres(wavelengths, factor), fwhms: inNanometres(perBand('fwhm', lists[1]!), factor) };
}

const inNanometres = (values: readonly (number | undefined)[], factor: number | undefined): (number | undefined)[] =>
  values.map((v) => (v === undefined || factor === undefined ? undefined : toNanometres([v], factor)[0]));

/** `band 1 (418.24 Nanometers)`: GDAL's ENVI driver names bands so. */
function readDescriptions(ofBand: readonly GdalItem[][]): (number | undefined)[] {
  return ofBand.map((own) => {
    const text = own.find((item) => item.role === 'description')?.value ?? '';
    const [, value, unit] = /(\d+(?:\.\d+)?)\s*(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?)\b/i.exec(text) ?? [];
    const factor = unit === undefined ? undefined : nanometresPer(unit, []);
    return inNanometres([positive(value)], factor)[0];
  });
}

/** GDAL_NODATA's text as a number; undefined where it is blank. */
export function parseNoData(text: string | undefined, name: string): number | undefined {
  const word = text?.trim().toLowerCase() ?? '';
  if (word === '') return undefined;
  if (/^[+-]?nan$/.test(word)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/.exec(word);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  const value = Number(word);
  if (Number.isNaN(value))
    refuse(name, `GDAL_NODATA is '${text}', expected a number; correct it with gdal_edit.py -a_nodata`);
  return value;
}
