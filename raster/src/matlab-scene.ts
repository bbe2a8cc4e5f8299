// Legend: rows x cols pixels, B bands; MATLAB arrays are column-major, so pixels are numbered column first: pixel p is row p % rows, column floor(p / rows).
import { rowBlock } from './envi.js';
import { describeVariable, findVariable, type MatArray, type MatVariable, scanMatFile } from './matlab.js';
import { makeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import { sampleArrays } from './samples.js';
import type { Block, SampleType, Scene, Window } from './scene.js';
import type { ByteSource, Codecs } from './source.js';

export interface MatSceneOptions {
  /** The array that holds the image; needed where the file has several that could. */
  readonly variable?: string;
  /** Size of the image, for a [bands, pixels] matrix in a file that doesn't say. */
  readonly rows?: number;
  readonly cols?: number;
}

/** Where sample (row, col, band) lies: row * steps.row + col * steps.col + band * steps.band. */
interface Shape {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly steps: { readonly row: number; readonly col: number; readonly band: number };
}

/** Names under which files keep the number of rows and of columns. */
const SIZE_NAMES = [
  ['nrow', 'ncol'],
  ['nrows', 'ncols'],
  ['rows', 'cols'],
  ['lines', 'samples'],
  ['height', 'width'],
  ['h', 'w'],
] as const;

function scalarNamed(variables: readonly MatVariable[], wanted: string): number | undefined {
  const found = variables.find(
    ({ name, array, dims }) => array && name.toLowerCase() === wanted && dims.every((d) => d === 1),
  );
  const value = found?.array?.().data[0];
  return value !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}

/** Rows and columns: as given, as the file's own variables say, or undefined. */
function statedSize(
  variables: readonly MatVariable[],
  options: MatSceneOptions,
): { readonly rows: number; readonly cols: number } | undefined {
  const { rows, cols } = options;
  if (rows !== undefined && cols !== undefined) return { rows, cols };
  for (const [rowName, colName] of SIZE_NAMES) {
    const found = { rows: scalarNamed(variables, rowName), cols: scalarNamed(variables, colName) };
    if (found.rows !== undefined && found.cols !== undefined) return { rows: found.rows, cols: found.cols };
  }
  return undefined;
}

/** The sides of a square image of `pixels`, or undefined. */
function squareSize(pixels: number): { readonly rows: number; readonly cols: number } | undefined {
  const side = Math.round(Math.sqrt(pixels));
  return side * side === pixels ? { rows: side, cols: side } : undefined;
}

/** What a choice of image is made from. */
interface Candidates {
  readonly file: string;
  readonly variables: readonly MatVariable[];
  readonly options: MatSceneOptions;
}

/** [bands, pixels] or [pixels, bands]: whichever side has as many as the image has pixels, the second where both do. */
function shapeOfMatrix(variable: MatVariable, { file, variables, options }: Candidates): Shape {
  const [first, second] = variable.dims as [number, number];
  const size = statedSize(variables, options) ?? squareSize(Math.max(first, second));
  if (!size)
    refuse(
      file,
      `${describeVariable(variable)} does not say the size of its image; give its number of rows and of columns`,
    );
  const { rows, cols } = size;
  const pixels = rows * cols;
  if (pixels === second) return { rows, cols, bands: first, steps: { row: first, col: first * rows, band: 1 } };
  if (pixels === first) return { rows, cols, bands: second, steps: { row: 1, col: rows, band: first } };
  return refuse(
    file,
    `${describeVariable(variable)} has no side of ${pixels} pixels, as an image of ${rows} rows x ${cols} columns has; take another variable or file, or the rows and columns of this one`,
  );
}

function shapeOf(variable: MatVariable, candidates: Candidates): Shape {
  const { file, options } = candidates;
  const [rows, cols, bands] = variable.dims as [number, number, number];
  if (variable.dims.includes(0)) refuse(file, `${describeVariable(variable)} is empty; name another variable`);
  if (variable.dims.length === 2) return shapeOfMatrix(variable, candidates);
  if (variable.dims.length !== 3)
    refuse(file, `${describeVariable(variable)} is no image: it should be [rows x cols x bands] or [bands x pixels]`);
  if ((options.rows ?? rows) !== rows || (options.cols ?? cols) !== cols)
    refuse(
      file,
      `${describeVariable(variable)} is no image of ${options.rows} rows x ${options.cols} columns; take another variable or file, or leave its size to the array`,
    );
  return { rows, cols, bands, steps: { row: 1, col: rows, band: rows * cols } };
}

/** The variable asked for, or the only one that could be an image: numeric, with two or three dimensions above 1. */
function chooseVariable({ file, variables, options }: Candidates): MatVariable {
  if (options.variable !== undefined) return findVariable(variables, options.variable, file);
  const images = variables.filter(
    ({ array, dims }) => array && (dims.length === 2 || dims.length === 3) && dims.every((size) => size > 1),
  );
  if (images.length === 1) return images[0]!;
  const listed = (images.length > 1 ? images : variables).map(describeVariable).join(', ') || 'nothing';
  return refuse(
    file,
    images.length > 1
      ? `several arrays could be the image: ${listed}; name the variable`
      : `no array that could be an image; the file holds ${listed}`,
  );
}

const TYPES = Object.entries(sampleArrays) as [SampleType, (typeof sampleArrays)[SampleType]][];
const sampleTypeOf = (array: MatArray): SampleType => TYPES.find(([, Samples]) => array.data instanceof Samples)![0];

/** Gathers a window of a column-major array into a block. */
function gather(array: MatArray, { steps }: Shape, window: Window, bands: readonly number[]): Block {
  const B = bands.length;
  const { rows, cols } = window;
  const data = new sampleArrays[sampleTypeOf(array)](rows * cols * B); // [rows * cols, B]
  for (let r = 0, at = 0; r < rows; r++)
    for (let c = 0; c < cols; c++) {
      const pixel = (window.row + r) * steps.row + (window.col + c) * steps.col;
      for (let b = 0; b < B; b++) data[at++] = array.data[pixel + bands[b]! * steps.band]!;
    }
  return { rows, cols, bands: B, data };
}

function assertSize({ rows, cols }: MatSceneOptions, file: string): void {
  if ((rows === undefined) !== (cols === undefined)) refuse(file, 'give both its rows and its columns, or neither');
  for (const size of [rows, cols])
    if (size !== undefined && (!Number.isInteger(size) || size < 1))
      refuse(file, `its rows and columns should be whole numbers of at least 1, got ${size}`);
}

/**
 * Opens the image in a MATLAB v5 file: an array [rows, cols, bands], or a matrix [bands, pixels] with pixels numbered column first.
 * A matrix needs the size of its image: from `options`, else from the file's own scalars (nRow and nCol ...), else it is taken as square.
 * Such files state neither wavelengths nor a reflectance scale: bands have none, and gain is 1.
 * The array is held in memory; `source` is closed with the scene.
 */
export async function openMatScene(source: ByteSource, codecs: Codecs, options: MatSceneOptions = {}): Promise<Scene> {
  const file = source.name;
  assertSize(options, file);
  const candidates = { file, variables: await scanMatFile(source, codecs), options };
  const variable = chooseVariable(candidates);
  const shape = shapeOf(variable, candidates);
  const array = variable.array!();
  const { rows, cols } = shape;
  return makeScene({
    name: file,
    format: 'MATLAB v5',
    rows,
    cols,
    sampleType: sampleTypeOf(array),
    bands: Array.from({ length: shape.bands }, (_, i) => ({ name: `band ${i + 1}`, bad: false, gain: 1, offset: 0 })),
    block: rowBlock(rows, cols),
    facts: { variable: describeVariable(variable) },
    async readWindow(window, bands = Array.from({ length: shape.bands }, (_, i) => i)) {
      return gather(array, shape, window, bands);
    },
    close: () => source.close(),
  });
}
