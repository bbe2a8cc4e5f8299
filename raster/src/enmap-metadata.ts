import { SaxesParser } from 'saxes';
import { RasterError } from './error.js';
import { refuse } from './refuse.js';
import type { ByteSource } from './source.js';

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
  /** In the order of the image's layers. */
  readonly bands: readonly EnmapBand[];
  /** The stored value outside the footprint. */
  readonly backgroundValue?: number;
  readonly facts: Readonly<Record<string, string>>;
}

const ROOT = 'level_X';
const BAND = `${ROOT}/specific/bandCharacterisation/bandID`;
const LEVELS = [`${ROOT}/base/level`, `${ROOT}/metadata/schema/processingLevel`];
const BACKGROUND = `${ROOT}/specific/backgroundValue`;
const MISSING = ['vnir', 'swir'].map((detector) => `${ROOT}/specific/${detector}ProductQuality/missingChannelsList`);

/** Facts that a person may want to see, by where they stand. */
const FACTS: Readonly<Record<string, string>> = {
  [`${ROOT}/metadata/name`]: 'product',
  [`${ROOT}/base/level`]: 'level',
  [`${ROOT}/base/revision`]: 'processing version',
  [`${ROOT}/base/temporalCoverage/startTime`]: 'acquired',
  [`${ROOT}/specific/datatakeID`]: 'datatake',
  [`${ROOT}/specific/tileID`]: 'tile',
  [`${ROOT}/processing/correctionType`]: 'correction',
  [`${ROOT}/specific/qualityFlag/cloudCover`]: 'cloud cover (%)',
};

const WANTED = new Set([...LEVELS, BACKGROUND, ...MISSING, ...Object.keys(FACTS)]);

/** The texts that are wanted, by path, and those of each band by its number. */
interface Found {
  root?: string;
  readonly texts: Map<string, string>;
  readonly bands: Map<string, Map<string, string>>;
}

/** A parser that keeps what is wanted and forgets the rest: the file is 4 MB of orbit and statistics. */
function collector(found: Found): SaxesParser {
  const parser = new SaxesParser({ position: false });
  const lengths: number[] = []; // of the path, before each open element
  let path = '';
  let band: Map<string, string> | undefined;
  let text: string | undefined; // of the open element, where it is wanted
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (lengths.length === MOST_NESTED) throw new Error(`more than ${MOST_NESTED} elements inside each other`);
    lengths.push(path.length);
    path = path === '' ? name : `${path}/${name}`;
    found.root ??= name;
    if (path === BAND) {
      band = new Map();
      found.bands.set(String(attributes.number), band);
    }
    text = WANTED.has(path) || (band && path !== BAND) ? '' : undefined;
  });
  const add = (more: string): void => {
    if (text !== undefined) text += more;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', ({ name }) => {
    if (path === BAND) band = undefined;
    else if (text !== undefined) (band ?? found.texts).set(band ? name : path, text.trim());
    text = undefined;
    path = path.slice(0, lengths.pop());
  });
  return parser;
}

/** Elements inside each other at most; products have 8. */
const MOST_NESTED = 100;

const CHUNK = 1 << 18;

async function collect(source: ByteSource): Promise<Found> {
  const found: Found = { texts: new Map(), bands: new Map() };
  const parser = collector(found);
  const decoder = new TextDecoder();
  try {
    for (let at = 0; at < source.size; at += CHUNK) {
      const bytes = await source.read(at, Math.min(CHUNK, source.size - at));
      parser.write(decoder.decode(bytes, { stream: true }));
    }
    parser.write(decoder.decode()).close();
  } catch (cause) {
    if (cause instanceof RasterError) throw cause;
    const reason = String((cause as Error).message).split('\n')[0];
    refuse(source.name, `damaged or cut short XML (${reason}); fetch the product again`, cause);
  }
  return found;
}

function assertLevel({ root, texts }: Found, name: string): void {
  const level = LEVELS.map((path) => texts.get(path)).find((text) => text);
  if (root !== ROOT || level === undefined) refuse(name, 'not the METADATA.XML of an EnMAP product');
  if (level !== 'L2A')
    refuse(name, `an EnMAP product of level ${level} (radiance); order or process it to L2A (surface reflectance)`);
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

function bandsOf({ texts, bands }: Found, file: string): EnmapBand[] {
  const listed = MISSING.flatMap((path) => (texts.get(path) ?? '').split(','));
  const missing = new Set(listed.map(Number));
  return Array.from({ length: bands.size }, (_, i) => {
    const band = i + 1;
    const values = bands.get(String(band));
    if (!values) refuse(file, `bandCharacterisation holds ${bands.size} bands, but none with number ${band}`);
    const [wavelength, fwhm] = ['wavelengthCenterOfBand', 'FWHMOfBand'].map((key) => {
      const value = bandNumber(values, key, { file, band });
      if (value <= 0) refuse(file, `${key} of band ${band} should be positive, got ${value}`);
      return value;
    }) as [number, number];
    const gain = bandNumber(values, 'GainOfBand', { file, band });
    return {
      wavelength,
      fwhm,
      gain,
      offset: bandNumber(values, 'OffsetOfBand', { file, band }),
      missing: missing.has(band),
    };
  });
}

/**
 * Reads the METADATA.XML of an EnMAP L2A product as a stream. Bands stand in the order of their numbers, which is that of the image's layers.
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
    bands,
    ...(Number.isFinite(backgroundValue) && { backgroundValue }),
    facts: Object.fromEntries(facts) as Record<string, string>,
  };
}
