// EMIT's geometry lookup table (GLT): for each pixel of the map the pixel of the swath, counted from 1; 0 where there is none. Legend: N pixels of a window.
import { refuse } from '../refuse.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray, Window } from '../scene.js';
import type { Hdf5Cube, Pixels } from './cube.js';
import { type Hdf5File, type NumericDataset, needDataset } from './file.js';

export interface Lookup {
  /** Size of the map. */
  readonly rows: number;
  readonly cols: number;
  /** The swath's pixels of a window of the map. Rejects with RasterError where one lies outside the swath. */
  pixels(window: Window): Promise<Pixels>;
}

const COLUMNS = '/location/glt_x';
const ROWS = '/location/glt_y';

/** One table: swath row (or column) of each pixel of a window from 0, -1 where there is none. A negative entry marks a pixel that was filled from its neighbour. */
function toIndices(
  table: SampleArray,
  { path, fill, most }: { path: string; fill: number; most: number },
  name: string,
) {
  const indices = new Int32Array(table.length);
  for (let n = 0; n < table.length; n++) {
    const entry = table[n]!;
    const index = entry === 0 || entry === fill ? -1 : Math.abs(entry) - 1;
    if (!(index < most && Number.isInteger(index)))
      refuse(name, `${path} points to place ${entry} of a swath of ${most}; the file is damaged, fetch it again`);
    indices[n] = index;
  }
  return indices;
}

/** A compressed table of at most so many bytes is held; those of the products take about 17 MB. */
const HELD_BYTES = 2 ** 26;

/** Reads windows of a table. A compressed one is read once, as each window would cost whole chunks. */
function tableReader(file: Hdf5File, table: NumericDataset): (window: Window) => Promise<SampleArray> | SampleArray {
  const [rows, cols] = table.shape as [number, number];
  if (!table.chunks || rows * cols * sampleSize(table.sampleType) > HELD_BYTES)
    return (window) => file.read(table, [window.row, window.col], [window.rows, window.cols]);
  let all: Promise<SampleArray> | undefined;
  return async (window) => {
    all ??= Promise.resolve(file.read(table, [0, 0], [rows, cols]));
    const values = await all;
    const part = new sampleArrays[table.sampleType](window.rows * window.cols);
    for (let row = 0; row < window.rows; row++) {
      const from = (window.row + row) * cols + window.col;
      part.set(values.subarray(from, from + window.cols), row * window.cols);
    }
    return part;
  };
}

/** Opens the lookup table of a swath. Throws RasterError where it is missing, or its two halves differ in size. */
export function openLookup(file: Hdf5File, swath: Pick<Hdf5Cube, 'rows' | 'cols'>): Lookup {
  if (!file.dataset(COLUMNS) || !file.dataset(ROWS))
    refuse(
      file.name,
      `no ${COLUMNS} and ${ROWS}, which lay its pixels on a map; open it without orthorectification, or fetch it again`,
    );
  const [xs, ys] = [COLUMNS, ROWS].map((path) => needDataset(file, path, ['rows', 'columns'])) as [
    NumericDataset,
    NumericDataset,
  ];
  const [rows, cols] = ys.shape as [number, number];
  if (xs.shape[0] !== rows || xs.shape[1] !== cols)
    refuse(file.name, `${COLUMNS} is ${xs.shape.join(' x ')}, but ${ROWS} ${rows} x ${cols}; fetch it again`);

  const readers = new Map([xs, ys].map((table) => [table, tableReader(file, table)]));

  async function indices(table: NumericDataset, window: Window, most: number): Promise<Int32Array> {
    const values = await readers.get(table)!(window);
    const fill = Number(file.attribute(table.path, '_FillValue')?.[0] ?? 0);
    return toIndices(values, { path: table.path, fill, most }, file.name);
  }

  return {
    rows,
    cols,
    async pixels(window) {
      const swathRows = await indices(ys, window, swath.rows); // [N]
      const swathCols = await indices(xs, window, swath.cols); // [N]
      // A pixel needs both.
      for (let n = 0; n < swathRows.length; n++) if (swathCols[n]! < 0) swathRows[n] = -1;
      return { rows: swathRows, cols: swathCols };
    },
  };
}
