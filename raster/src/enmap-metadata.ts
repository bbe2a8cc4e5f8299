import { SaxesParser } from 'saxes';
import { refuse } from './refuse.js';
import type { ByteSource } from './source.js';
import { readXml } from './xml.js';

/** One band as the product describes it. */
export interface EnmapBand {
  /** nm */
  readonly wavelength: number;
  /** nm */
  readonly fwhm: number;
  /** Reflectance = stored value * gain + offset. */
  readonly gain: number;
  readonly offset: number;
  /** True where the product says that the channel is missing. */
  readonly missing: boolean;
}

/** What is taken of a METADATA.XML of level 2A. */
export interface EnmapMetadata {
  readonly sensor: 'EnMAP' | 'DESIS';
  /** In the order of the image's layers. */
  readonly bands: readonly EnmapBand[];
  /** The stored value outside the footprint. */
  readonly backgroundValue?: number;
  readonly facts: Readonly<Record<string, string>>;
}

/** Where a sensor's METADATA.XML says what: paths below its root. */
interface Schema {
  readonly sensor: EnmapMetadata['sensor'];
  readonly band: string;
  /** Names of a band's values; `@number` is the attribute of the band itself. */
  readonly keys: { readonly [key in 'number' | 'wavelength' | 'fwhm' | 'gain' | 'offset']: string };
}

const ENMAP: Schema = {
  sensor: 'EnMAP',
  band: 'specific/bandCharacterisation/bandID',
  keys: {
    number: '@number',
    wavelength: 'wavelengthCenterOfBand',
    fwhm: 'FWHMOfBand',
    gain: 'GainOfBand',
    offset: 'OffsetOfBand',
  },
};

const DESIS: Schema = {
  sensor: 'DESIS',
  band: 'specific/bandCharacterisation/band',
  keys: {
    number: 'bandNumber',
    wavelength: 'wavelengthCenterOfBand',
    fwhm: 'wavelengthWidthOfBand',
    gain: 'gainOfBand',
    offset: 'offsetOfBand',
  },
};

/** EnMAP's root; DESIS has another. */
const ENMAP_ROOT = 'level_X';
const schemaOf = (root: string | undefined): Schema => (root === ENMAP_ROOT ? ENMAP : DESIS);

const LEVELS = ['base/level', 'metadata/schema/processingLevel'];
const BACKGROUND = 'specific/backgroundValue';
const MISSING = ['vnir', 'swir'].map((detector) => `specific/${detector}ProductQuality/missingChannelsList`);

/** Facts that a person may want to see, by where they stand. */
const FACTS: Readonly<Record<string, string>> = {
  'metadata/name': 'product',
  'base/level': 'level',
  'base/revision': 'processing version',
  'base/temporalCoverage/startTime': 'acquired',
  'specific/datatakeID': 'datatake',
  'specific/tileID': 'tile',
  'processing/correctionType': 'correction',
  'specific/qualityFlag/cloudCover': 'cloud cover (%)',
};

const WANTED = new Set([...LEVELS, BACKGROUND, ...MISSING, ...Object.keys(FACTS)]);

/** The texts that are wanted, by path, and those of each band. */
interface Found {
  root?: string;
  readonly texts: Map<string, string>;
  readonly bands: Map<string, string>[];
}

/** A parser that keeps what is wanted and forgets the rest: the file is 4 MB of orbit and statistics. */
function collector(found: Found): SaxesParser {
  const parser = new SaxesParser({ position: false });
  const lengths: number[] = []; // of the path, before each open element
  let path = ''; // below the root
  let band: Map<string, string> | undefined;
  let text: string | undefined; // of the open element, where it is wanted
  parser.on('opentag', ({ name, attributes }) => {
    if (lengths.length === MOST_NESTED) throw new Error(`more than ${MOST_NESTED} elements inside each other`);
    lengths.push(path.length);
    if (found.root === undefined) found.root = name;
    else path = path === '' ? name : `${path}/${name}`;
    const isBand = path === schemaOf(found.root).band;
    if (isBand) {
      band = new Map([['@number', String(attributes.number)]]);
      found.bands.push(band);
    }
    text = WANTED.has(path) || (band && !isBand) ? '' : undefined;
  });
  const add = (more: string): void => {
    if (text !== undefined) text += more;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', ({ name }) => {
    if (path === schemaOf(found.root).band) band = undefined;
    else if (text !== undefined) (band ?? found.texts).set(band ? name : path, text.trim());
    text = undefined;
    path = path.slice(0, lengths.pop());
  });
  return parser;
}

/** Elements inside each other at most; products have 8. */
const MOST_NESTED = 100;

async function collect(source: ByteSource): Promise<Found> {
  const found: Found = { texts: new Map(), bands: [] };
  await readXml(source, collector(found), 'fetch the product again');
  return found;
}

/** The level in the name of a product's file, for metadata that does not state it. */
const levelInName = (name: string): string | undefined => /DESIS-HSI-(L\d[A-D]?)-/i.exec(name)?.[1]?.toUpperCase();

function assertLevel({ root, texts, bands }: Found, name: string): void {
  const { sensor } = schemaOf(root);
  const stated = LEVELS.map((path) => texts.get(path)).find((text) => text);
  const level = stated ?? (sensor === 'DESIS' && bands.length > 0 ? levelInName(name) : undefined);
  if (level === undefined || (sensor === 'DESIS' && bands.length === 0))
    refuse(name, 'not the METADATA.XML of an EnMAP product, nor of a DESIS one, that states its level');
  if (level !== 'L2A')
    refuse(
      name,
      `${sensor === 'EnMAP' ? 'an EnMAP' : 'a DESIS'} product of level ${level} (radiance); order or process it to L2A (surface reflectance)`,
    );
}

function bandNumber(values: ReadonlyMap<string, string>, key: string, where: { file: string; band: number }): number {
  const text = values.get(key);
  const value = Number(text);
  if (!text || !Number.isFinite(value))
    refuse(
      where.file,
      `${key} of band ${where.band} should be a number, got '${text ?? 'nothing'}'; fetch the product again`,
    );
  return value;
}

function bandsOf({ root, texts, bands }: Found, file: string): EnmapBand[] {
  const { keys } = schemaOf(root);
  const listed = MISSING.flatMap((path) => (texts.get(path) ?? '').split(','));
  const missing = new Set(listed.map(Number));
  const numbered = new Map(bands.map((values) => [values.get(keys.number), values]));
  return bands.map((_, i) => {
    const band = i + 1;
    const values = numbered.get(String(band));
    if (!values) refuse(file, `bandCharacterisation holds ${bands.length} bands, but none with number ${band}`);
    const positive = (key: string): number => {
      const value = bandNumber(values, key, { file, band });
      if (value <= 0) refuse(file, `${key} of band ${band} should be positive, got ${value}`);
      return value;
    };
    return {
      wavelength: positive(keys.wavelength),
      fwhm: positive(keys.fwhm),
      gain: bandNumber(values, keys.gain, { file, band }),
      offset: bandNumber(values, keys.offset, { file, band }),
      missing: missing.has(band),
    };
  });
}

/**
 * Reads the METADATA.XML of an EnMAP or DESIS L2A product as a stream. Bands stand in the order of their numbers, which is that of the image's layers.
 * Rejects with RasterError where the XML is damaged, lacks the bands, or is that of another level or product.
 */
export async function readEnmapMetadata(source: ByteSource): Promise<EnmapMetadata> {
  const found = await collect(source);
  assertLevel(found, source.name);
  const bands = bandsOf(found, source.name);
  if (bands.length === 0) refuse(source.name, 'no bandCharacterisation, so no wavelengths; fetch the product again');
  const background = found.texts.get(BACKGROUND);
  const backgroundValue = background ? Number(background) : Number.NaN;
  const facts = Object.entries(FACTS).flatMap(([path, name]) => {
    const text = found.texts.get(path);
    return text ? [[name, name === 'product' ? text.replace(/[-_]?METADATA\.XML$/i, '') : text]] : [];
  });
  return {
    sensor: schemaOf(found.root).sensor,
    bands,
    ...(Number.isFinite(backgroundValue) && { backgroundValue }),
    facts: Object.fromEntries(facts) as Record<string, string>,
  };
}
