// Virtual mosaics of GDAL, as gdalbuildvrt makes them: the files that they are made of, in order.
// Source: https://gdal.org/drivers/raster/vrt.html
import { SaxesParser } from 'saxes';
import { refuse } from './refuse.js';
import type { Window } from './scene.js';
import type { ByteSource } from './source.js';
import { readXml } from './xml.js';

/** A file of a mosaic. */
export interface VrtSource {
  /** As the mosaic names it. */
  readonly file: string;
  /** Whether the name is relative to the mosaic's own folder. */
  readonly relative: boolean;
  /** Where the whole of the file lies in the mosaic. */
  readonly place: Window;
  /** The stored value that the mosaic takes for NoData; absent where it takes none. */
  readonly noData?: number;
}

/** Bytes of a mosaic at most: one of a thousand scenes of 224 bands has 80 million. */
const MOST_BYTES = 2 ** 28;

/** Elements inside each other at most, where their content does not count. */
const MOST_NESTED = 100;

const ANEW = 'make it again with gdalbuildvrt';
const LIST = 'make it with gdalbuildvrt alone, or name the scenes themselves';

/** What may stand in a mosaic, by what it stands in; of what follows no comma the content counts. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': ['VRTDataset'],
  VRTDataset: ['SRS', 'GeoTransform', 'Metadata', 'BlockXSize', 'BlockYSize', 'OverviewList', 'VRTRasterBand'],
  VRTRasterBand: [
    ...['Description', 'UnitType', 'Offset', 'Scale', 'NoDataValue', 'HideNoDataValue', 'ColorInterp', 'ColorTable'],
    ...['CategoryNames', 'Metadata', 'Histograms', 'Overview', 'SimpleSource', 'ComplexSource'],
  ],
  SimpleSource: ['SourceFilename', 'SourceBand', 'SourceProperties', 'SrcRect', 'DstRect'],
  ComplexSource: ['SourceFilename', 'SourceBand', 'SourceProperties', 'SrcRect', 'DstRect', 'NODATA'],
};

type Attributes = Readonly<Record<string, string>>;

/** An element that is being read. */
interface Open {
  readonly name: string;
  readonly attributes: Attributes;
  text: string;
}

/** The elements of a source of a band, by name. */
type Parts = Map<string, Omit<Open, 'name'>>;

/** What is gathered while the file passes. */
interface Reading {
  readonly name: string;
  size: { readonly rows: number; readonly cols: number };
  /** Of the band that is being read, from 1. */
  band: number;
  /** Of the first band. */
  readonly sources: VrtSource[];
  /** Sources of the band that is being read, so far. */
  count: number;
}

/** What is not there. */
const NOTHING: Omit<Open, 'name'> = { attributes: {}, text: '' };

const numberIn = (text: string | undefined): number => (text?.trim() ? Number(text) : Number.NaN);

/** Places are computed by GDAL: so close is the same. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-3;

function wholeNumber(name: string, what: string, text: string | undefined): number {
  const value = numberIn(text);
  const whole = Math.round(value);
  if (isNear(value, whole) && Math.abs(whole) <= 2 ** 31) return whole + 0; // 0 for -0
  return refuse(name, `${what} should be a whole number, got '${text ?? 'nothing'}'; ${LIST}`);
}

const shown = ({ row, col, rows, cols }: Window): string => `${rows} x ${cols} pixels at row ${row}, column ${col}`;

/** Where the whole of a file lies in the mosaic; throws where it takes a part of it, or resamples it. */
function placeOf(name: string, file: string, part: (wanted: string) => { attributes: Attributes }): Window {
  const [from, to] = [part('SrcRect').attributes, part('DstRect').attributes];
  const whole = (what: string, text: string | undefined) => wholeNumber(name, `${what} of ${file}`, text);
  const [rows, cols] = [whole('ySize', from.ySize), whole('xSize', from.xSize)];
  const taken = { row: whole('yOff', from.yOff), col: whole('xOff', from.xOff), rows, cols };
  const { RasterYSize = from.ySize, RasterXSize = from.xSize } = part('SourceProperties').attributes;
  const size = { rows: whole('RasterYSize', RasterYSize), cols: whole('RasterXSize', RasterXSize) };
  const has = `${file}, which has ${size.rows} x ${size.cols}`;
  if (taken.row !== 0 || taken.col !== 0 || rows !== size.rows || cols !== size.cols)
    refuse(name, `takes ${shown(taken)} of ${has}; a part of a scene cannot be honoured: ${LIST}`);
  if (!isNear(numberIn(to.ySize), rows) || !isNear(numberIn(to.xSize), cols))
    refuse(
      name,
      `makes ${to.ySize ?? 0} x ${to.xSize ?? 0} pixels of ${has}; resampling cannot be honoured: bring all scenes to one pixel size with gdalwarp`,
    );
  return { row: whole('yOff', to.yOff), col: whole('xOff', to.xOff), rows, cols };
}

/** A source of the band that is being read; throws where it is not the same band of a whole file, as it is stored. */
function toSource({ name, band }: Reading, parts: Parts): VrtSource {
  const { text: file, attributes } = parts.get('SourceFilename') ?? NOTHING;
  if (file.trim() === '') refuse(name, `band ${band} has a source without a name; ${ANEW}`);
  const from = parts.get('SourceBand')?.text.trim() ?? '1';
  if (from !== String(band))
    refuse(
      name,
      `band ${band} is band ${from} of ${file}; bands in another order, chosen or separate cannot be honoured: ${LIST}`,
    );
  const place = placeOf(name, file, (wanted) => parts.get(wanted) ?? NOTHING);
  const noData = parts.get('NODATA')?.text.trim();
  if (noData !== undefined && noData.toLowerCase() !== 'nan' && Number.isNaN(numberIn(noData)))
    refuse(name, `NODATA of ${file} should be a number, got '${noData}'; ${ANEW}`);
  return {
    file,
    relative: attributes.relativeToVRT === '1',
    place,
    ...(noData !== undefined && { noData: numberIn(noData) }),
  };
}

/** Takes a source of the first band; of another one, throws unless it is the same. */
function addSource(reading: Reading, source: VrtSource): void {
  const { name, band, sources } = reading;
  const first = sources[reading.count++];
  if (band === 1) sources.push(source);
  else if (JSON.stringify(first) !== JSON.stringify(source))
    refuse(
      name,
      `source ${reading.count} of band ${band} is ${source.file} (${shown(source.place)}), of band 1 ${first ? `${first.file} (${shown(first.place)})` : 'nothing'}; bands of different files cannot be honoured: ${LIST}`,
    );
}

function endBand({ name, band, sources, count }: Reading): void {
  if (count !== sources.length)
    refuse(
      name,
      `band ${band} has ${count} sources, band 1 ${sources.length}; bands of different files cannot be honoured: ${LIST}`,
    );
}

function begin(reading: Reading, { name: element, attributes }: Open): void {
  const { name } = reading;
  if (element === 'VRTDataset' || element === 'VRTRasterBand') {
    if (attributes.subClass !== undefined) refuse(name, `a ${attributes.subClass}, which cannot be honoured; ${LIST}`);
  }
  if (element === 'VRTDataset') {
    const { rasterXSize, rasterYSize } = attributes;
    reading.size = {
      rows: wholeNumber(name, 'rasterYSize', rasterYSize),
      cols: wholeNumber(name, 'rasterXSize', rasterXSize),
    };
  }
  if (element === 'VRTRasterBand') {
    reading.band++;
    reading.count = 0;
  }
}

function makeParser(reading: Reading) {
  const { name } = reading;
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const path: Open[] = [];
  let unknown = 0; // how deep in an element whose content does not count
  let parts: Parts = new Map();
  parser.on('opentag', ({ name: element, attributes }) => {
    const parent = path.at(-1)?.name ?? '';
    const known = KNOWN[parent];
    if (unknown > 0 || !known) {
      if (++unknown > MOST_NESTED) refuse(name, `more than ${MOST_NESTED} elements inside each other; ${ANEW}`);
      return;
    }
    if (!known.includes(element))
      refuse(
        name,
        parent === ''
          ? `not a virtual mosaic of GDAL: begins with <${element}>; name a scene, or ${ANEW}`
          : `<${element}> in <${parent}> cannot be honoured; ${LIST}`,
      );
    path.push({ name: element, attributes, text: '' });
    begin(reading, path.at(-1)!);
    if (parent === 'VRTRasterBand') parts = new Map();
  });
  const add = (text: string): void => {
    const open = path.at(-1);
    if (unknown === 0 && open && !KNOWN[open.name]) open.text += text;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    if (unknown > 0) {
      unknown--;
      return;
    }
    const closed = path.pop()!;
    if (closed.name.endsWith('Source')) addSource(reading, toSource(reading, parts));
    else if (closed.name === 'VRTRasterBand') endBand(reading);
    else parts.set(closed.name, closed);
  });
  return parser;
}

/** Throws unless the sources fill the mosaic to its edges. */
function assertExtent({ name, size, sources }: Reading): void {
  const [tops, lefts] = [sources.map(({ place }) => place.row), sources.map(({ place }) => place.col)];
  const [bottoms, rights] = [
    sources.map(({ place }) => place.row + place.rows),
    sources.map(({ place }) => place.col + place.cols),
  ];
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
  if (least(tops) === 0 && least(lefts) === 0 && most(bottoms) === size.rows && most(rights) === size.cols) return;
  refuse(
    name,
    `has ${size.rows} rows x ${size.cols} columns, but its sources reach from row ${least(tops)} to ${most(bottoms)} and from column ${least(lefts)} to ${most(rights)}; another extent cannot be honoured: make it without -te`,
  );
}

/**
 * Reads which files a virtual mosaic is made of, in order: the last one lies on top. Rejects with RasterError where that is not all that it says: where bands
 * take different files or parts of them, or values that are resampled, scaled or computed; or where it is damaged, or not made by GDAL.
 */
export async function readVrt(source: ByteSource): Promise<VrtSource[]> {
  const { name } = source;
  if (source.size > MOST_BYTES)
    refuse(
      name,
      `a virtual mosaic of ${source.size} bytes, more than ${MOST_BYTES}; name its scenes in a list instead`,
    );
  const reading: Reading = { name, size: { rows: 0, cols: 0 }, band: 0, sources: [], count: 0 };
  await readXml(source, makeParser(reading), ANEW);
  if (reading.sources.length === 0) refuse(name, `a virtual mosaic without a source; ${ANEW}`);
  assertExtent(reading);
  return reading.sources;
}
