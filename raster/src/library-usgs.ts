// Text files of the USGS Spectral Library (splib07). Legend: B channels.
import { isDeleted, type LibraryOptions } from './library.js';
import { assertReflectance, type Parsed } from './library-spectrum.js';
import { refuse } from './refuse.js';
import { cleanText } from './text.js';

/** A spectrum without its wavelengths, which stand in a file that all spectra of the instrument share. */
export interface UsgsSpectrum {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What the names of the library's files begin with: `splib07a`, `s07_ASD`. */
  readonly library: string;
  /** `ASDFR`, `ASDHR`, `ASDNG`, `BECK`, `NIC4` or `AVIRIS` */
  readonly instrument: string;
  /** Reflectance, [B]; NaN for deleted channels. */
  readonly values: readonly number[];
}

/** A file of wavelengths or of widths, in microns, as its name tells. */
export interface UsgsTable {
  readonly file: string;
  readonly widths: boolean;
  /** Undefined where no instrument's name follows the word. */
  readonly instrument: string | undefined;
}

const RECORD = /^\s*(\S+)\s+Record=\s*(\d+):\s*(.*?)\s*$/;
/** What a spectrum's title ends with: ` ASDFRa AREF`. */
const MEASUREMENT = /^(.*?)\s+((ASDFR|ASDHR|ASDNG|BECK|NIC4|AVIRIS)\S*)\s+([A-Z]{4})$/;
/** `splib07a_Wavelengths_ASD_0.35-2.5_microns_2151_ch.txt`, `s07_AV97_AVIRIS_1997_Wavelengths_(microns)_224ch.txt` */
const TABLE = /^.+_(Wavelengths|Bandpass_\(FWHM\))_(ASD(?:FR|HR|NG)?|BECK|NIC4|AVIRIS)?.*\.txt$/;
const IN_NANOMETRES = /[_(](nm|nanomet[a-z]*)[_).]/i;
/** Absolute and relative reflectance, and reflectance by a radiative transfer model and ground calibration. */
const REFLECTANCE = ['AREF', 'RREF', 'RTGC'];

const firstLine = (text: string): string => text.slice(0, 400).split(/[\r\n]/)[0]!;

/** True for the text, or the beginning, of a file of this library. */
export const isUsgs = (text: string): boolean => RECORD.test(firstLine(text));

/** The numbers below a title, one a line, [B]. Throws RasterError where a line is none. */
export function parseUsgsColumn(text: string, name: string): number[] {
  const lines = text.trimEnd().split(/\r\n|\n|\r/);
  return lines.slice(1).map((line, i) => {
    const value = Number(line);
    if (line.trim() === '' || Number.isNaN(value))
      refuse(name, `line ${i + 2}: should be a number, got '${cleanText(line).slice(0, 40)}'; the file is damaged, get it again`); // biome-ignore format: one line says more
    return value;
  });
}

/**
 * A spectrum from the text of a splib07 file: its title (` splib07a Record=99: Acmite NMNH133746 Pyroxene BECKb AREF`), then a value a line, -1.23e34 for deleted channels.
 * The reason why it is none where it holds wavelengths, widths or another quantity. Throws RasterError where the text is damaged.
 */
export function parseUsgs(text: string, name: string, { reflectanceScale }: LibraryOptions): Parsed<UsgsSpectrum> {
  const [, library = '', record = '', title = ''] = RECORD.exec(firstLine(text)) ?? [];
  const [, sample, given, instrument, measurement] = MEASUREMENT.exec(title) ?? [];
  if (sample === undefined) return { reason: `'${cleanText(title)}' is no spectrum` };
  if (!REFLECTANCE.includes(measurement!)) return { reason: `measures ${measurement}, no reflectance` };
  const values = parseUsgsColumn(text, name).map((value) =>
    isDeleted(value) ? Number.NaN : value * (reflectanceScale ?? 1),
  );
  if (values.length === 0) refuse(name, 'no values below its title; the file is cut short, get it again');
  if (reflectanceScale === undefined)
    assertReflectance(values, name, 'give their scale (0.01 for percent, 0.0001 ...)');
  const attributes = { Record: record, Instrument: given!, Measurement: measurement! };
  return {
    spectrum: { name: sample, attributes, library, instrument: instrument!, values },
  };
}

/** The files of wavelengths and widths in microns among `files`; some have a twin in nm. */
export const usgsTables = (files: readonly string[]): UsgsTable[] =>
  files.flatMap((file) => {
    const [, kind, instrument] = TABLE.exec(file) ?? [];
    if (kind === undefined || IN_NANOMETRES.test(file)) return [];
    return [{ file, widths: kind !== 'Wavelengths', instrument }];
  });

const familyOf = (instrument: string): string => (instrument.startsWith('ASD') ? 'ASD' : instrument);

/** What a file with the wavelengths of `spectrum` may be called, for people. */
export const wavelengthsName = ({ library, instrument }: UsgsSpectrum): string =>
  isConvolved(library) ? `${library}_Wavelengths_*.txt` : `${library}_Wavelengths_${familyOf(instrument)}_*.txt`;

/** In a library convolved to a sensor (`s07_AV14`) all spectra are on the sensor's bands, whatever measured them. */
const isConvolved = (library: string): boolean => !/^splib/i.test(library);

/**
 * True where a table may be the wavelengths, or the widths, of `spectrum`, by the names of library and instrument.
 * The three kinds of ASD share their wavelengths, but not their widths.
 */
export function mayBelong({ file, widths, instrument }: UsgsTable, spectrum: UsgsSpectrum): boolean {
  if (isConvolved(spectrum.library)) return isConvolved(file);
  if (instrument === undefined || !file.startsWith(`${spectrum.library}_`)) return false;
  return widths ? instrument === spectrum.instrument : familyOf(instrument) === familyOf(spectrum.instrument);
}
