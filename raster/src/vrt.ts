// Virtual mosaics of GDAL, as gdalbuildvrt makes them: the files that they are made of, in order.
// Source: https://gdal.org/drivers/raster/vrt.html
import { SaxesParser } from 'saxes';
import { refuse } from './refuse.js';
import type { Band } from './scene.js';
import type { ByteSource } from './source.js';
import { publicPath } from './url.js';
import { ANEW, type Element, LIST, numberIn, shown, toSource, type VrtSource, wholeNumber } from './vrt-source.js';
import { readXml } from './xml.js';

/** Bytes of a mosaic at most: one of a thousand scenes of 224 bands has 80 million. */
const MOST_BYTES = 2 ** 28;

/** Elements inside each other at most, where their content does not count. */
const MOST_NESTED = 100;

/** What may stand in a mosaic, by what it stands in; what stands in others is passed over. */
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

/** What a mosaic says of a band: as it is stored, in the words of `Band`. */
export type VrtBand = Partial<Pick<Band, 'gain' | 'offset'>>;

/** Bands of a GeoTIFF at most. */
const MOST_BANDS = 65535;

/** A virtual mosaic: the same files in every band, the last one on top. */
export interface Vrt {
  readonly sources: readonly VrtSource[];
  readonly bands: readonly VrtBand[];
}

/** An element that is being read. */
interface Open extends Element {
  readonly name: string;
  text: string;
}

/** What is gathered while the file passes. */
interface Reading {
  readonly name: string;
  size: { readonly rows: number; readonly cols: number };
  /** The last one is being read. */
  readonly bands: VrtBand[];
  /** Of the first band. */
  readonly sources: VrtSource[];
  /** Sources of the band that is being read, so far. */
  count: number;
}

/** Takes a source of the first band; of another one, throws unless it is the same. */
function addSource(reading: Reading, source: VrtSource): void {
  const { name, bands, sources } = reading;
  const first = sources[reading.count++];
  if (bands.length === 1) sources.push(source);
  else if (JSON.stringify(first) !== JSON.stringify(source))
    refuse(
      name,
      `source ${reading.count} of band ${bands.length} is ${publicPath(source.file)} (${shown(source.place)}), of band 1 ${first ? `${publicPath(first.file)} (${shown(first.place)})` : 'nothing'}; bands of different files cannot be honoured: ${LIST}`,
    );
}

function beginElement(reading: Reading, { name: element, attributes }: Open): void {
  const { name, bands } = reading;
  const { subClass, rasterXSize, rasterYSize } = attributes;
  if (KNOWN[element] && subClass !== undefined) refuse(name, `a ${subClass}, which cannot be honoured; ${LIST}`);
  if (element === 'VRTDataset')
    reading.size = {
      rows: wholeNumber(name, 'rasterYSize', rasterYSize),
      cols: wholeNumber(name, 'rasterXSize', rasterXSize),
    };
  if (element !== 'VRTRasterBand') return;
  if (bands.length === MOST_BANDS || (bands.length > 0 && reading.sources.length === 0))
    refuse(
      name,
      `a virtual mosaic of ${bands.length} bands and more, the first of ${reading.sources.length} sources; ${ANEW}`,
    );
  bands.push({});
  reading.count = 0;
}

/** Takes an element that is complete; `parts` are those of the source that it belongs to, or is. */
function endElement(reading: Reading, { name: element, text }: Open, parts: ReadonlyMap<string, Element>): void {
  const { name, bands, sources, count } = reading;
  const band = bands.length;
  if (element.endsWith('Source')) addSource(reading, toSource({ name, band }, parts));
  else if (element === 'Scale') bands[band - 1] = { ...bands[band - 1], gain: numberIn(text) };
  else if (element === 'Offset') bands[band - 1] = { ...bands[band - 1], offset: numberIn(text) };
  else if (element === 'VRTRasterBand' && count !== sources.length)
    refuse(
      name,
      `band ${band} has ${count} sources, band 1 ${sources.length}; bands of different files cannot be honoured: ${LIST}`,
    );
}

function makeParser(reading: Reading) {
  const { name } = reading;
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const path: Open[] = [];
  let unknown = 0; // how deep in an element whose content does not count
  const parts = new Map<string, Element>(); // of the source that is being read
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
    beginElement(reading, path.at(-1)!);
    if (parent === 'VRTRasterBand') parts.clear();
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
    parts.set(closed.name, closed);
    endElement(reading, closed, parts);
  });
  return parser;
}

/** Throws unless the sources fill the mosaic to its edges. */
function assertExtent({ name, size, sources }: Reading): void {
  let [top, left, bottom, right] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { place } of sources) {
    [top, left] = [Math.min(top, place.row), Math.min(left, place.col)];
    [bottom, right] = [Math.max(bottom, place.row + place.rows), Math.max(right, place.col + place.cols)];
  }
  if (top === 0 && left === 0 && bottom === size.rows && right === size.cols) return;
  refuse(
    name,
    `has ${size.rows} rows x ${size.cols} columns, but its sources reach from row ${top} to ${bottom} and from column ${left} to ${right}; another extent cannot be honoured: make it without -te`,
  );
}

/**
 * Reads which files a virtual mosaic is made of, in order: the last one lies on top. Rejects with RasterError where that is not all that it says: where bands
 * take different files or parts of them, or values that are resampled, scaled or computed; or where it is damaged, or not made by GDAL.
 */
export async function readVrt(source: ByteSource): Promise<Vrt> {
  const { name } = source;
  if (source.size > MOST_BYTES)
    refuse(
      name,
      `a virtual mosaic of ${source.size} bytes, more than ${MOST_BYTES}; name its scenes in a list instead`,
    );
  const reading: Reading = { name, size: { rows: 0, cols: 0 }, bands: [], sources: [], count: 0 };
  await readXml(source, makeParser(reading), ANEW);
  if (reading.sources.length === 0) refuse(name, `a virtual mosaic without a source; ${ANEW}`);
  assertExtent(reading);
  return { sources: reading.sources, bands: reading.bands };
}
