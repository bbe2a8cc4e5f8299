// A source of a band of a virtual mosaic: which file, and where it lies.
import { refuse } from './refuse.js';
import type { Window } from './scene.js';
import { publicPath } from './url.js';

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

export type Attributes = Readonly<Record<string, string>>;

/** An element that was read. */
export interface Element {
  readonly attributes: Attributes;
  readonly text: string;
}

export const ANEW = 'make it again with gdalbuildvrt';
export const LIST = 'make it with gdalbuildvrt alone, or name the scenes themselves';

/** What is not there. */
const NOTHING: Element = { attributes: {}, text: '' };

/** The number that a text is; NaN where it is none. */
export const numberIn = (text: string | undefined): number => (text?.trim() ? Number(text) : Number.NaN);

/** Places are computed by GDAL: so close is the same. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-3;

/** The whole number that a text is; throws where it is none. */
export function wholeNumber(name: string, what: string, text: string | undefined): number {
  const value = numberIn(text);
  const whole = Math.round(value);
  if (isNear(value, whole) && Math.abs(whole) <= 2 ** 31) return whole + 0; // 0 for -0
  return refuse(name, `${what} should be a whole number, got '${text ?? 'nothing'}'; ${LIST}`);
}

/** A window as a person reads it. */
export const shown = ({ row, col, rows, cols }: Window): string =>
  `${rows} x ${cols} pixels at row ${row}, column ${col}`;

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

/** A source of a band (from 1) of the mosaic `name`, by its elements; throws RasterError where it is not the same band of a whole file, as it is stored. */
export function toSource(
  { name, band }: { readonly name: string; readonly band: number },
  parts: ReadonlyMap<string, Element>,
): VrtSource {
  const { text: path, attributes } = parts.get('SourceFilename') ?? NOTHING;
  const file = publicPath(path);
  if (path.trim() === '') refuse(name, `band ${band} has a source without a name; ${ANEW}`);
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
    file: path,
    relative: attributes.relativeToVRT === '1',
    place,
    ...(noData !== undefined && { noData: numberIn(noData) }),
  };
}
