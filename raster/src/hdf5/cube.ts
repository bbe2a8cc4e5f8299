// A cube of an HDF5 file, read granule by granule: a granule is what is read (and decompressed) at once. Legend: N pixels asked for, B bands asked for.
import { refuse } from '../refuse.js';
import { sampleSize } from '../samples.js';
import type { SampleArray, SampleType, Window } from '../scene.js';
import { makeBlockCache } from '../tiff/cache.js';
import { type Hdf5File, type NumericDataset, needDataset } from './file.js';

/** Sizes along the three axes. */
export interface Sides {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
}

type Axis = keyof Sides;

/** Samples of a part of the cube. */
interface Granule extends Sides {
  readonly row: number;
  readonly col: number;
  readonly band: number;
  /** In the dataset's own order. */
  readonly data: SampleArray;
  /** Distance of neighbours in `data`. */
  readonly strides: Sides;
}

export interface Hdf5Cube extends Sides {
  readonly name: string;
  readonly sampleType: SampleType;
  /** Sizes of a granule, but for those at the cube's end. */
  readonly granule: Sides;
  /** The window shape that reads fastest. */
  readonly block: { readonly rows: number; readonly cols: number };
  /** The granule that begins at these multiples of its sizes. */
  read(at: Sides): Promise<Granule>;
}

/** Aimed at where the values lie in one piece, or in small chunks. */
const GRANULE_BYTES = 2 ** 20;
/** A chunk of more is refused: the library would hold it twice. */
const MOST_CHUNK_BYTES = 2 ** 29;
/** One granule of every band, at most. */
const MOST_BYTES = 2 ** 30;

/** How far a granule reaches: a chunk, or several small ones; of values in one piece whole pixels of a part of some rows. */
function granuleOf({ chunks, shape, sampleType }: NumericDataset, order: readonly Axis[]): Sides {
  const full = sidesOf(shape, order);
  const bandsLast = order[2] === 'bands';
  const cols = bandsLast ? Math.min(full.cols, 64) : full.cols;
  const chunk = chunks ? sidesOf(chunks, order) : { rows: 1, cols, bands: full.bands };
  const least = {
    rows: Math.min(chunk.rows, full.rows),
    cols: Math.min(chunk.cols, full.cols),
    bands: Math.min(chunk.bands, full.bands),
  };
  const bytes = least.rows * least.cols * least.bands * sampleSize(sampleType);
  const times = Math.max(1, Math.min(Math.floor(GRANULE_BYTES / bytes), Math.ceil(full.rows / least.rows)));
  return { ...least, rows: Math.min(full.rows, least.rows * times) };
}

const sidesOf = (shape: readonly number[], order: readonly Axis[]): Sides => {
  const of = (axis: Axis) => shape[order.indexOf(axis)]!;
  return { rows: of('rows'), cols: of('cols'), bands: of('bands') };
};

function assertReadable(file: Hdf5File, dataset: NumericDataset, { granule, full }: { granule: Sides; full: Sides }) {
  const bytes = dataset.shape.reduce((product, side) => product * side, sampleSize(dataset.sampleType));
  if (!dataset.chunks && bytes > file.size)
    refuse(
      file.name,
      `${dataset.path} should take ${bytes} bytes of a file of ${file.size}; it is cut short, fetch it again`,
    );
  const chunkBytes = (dataset.chunks ?? []).reduce((product, side) => product * side, sampleSize(dataset.sampleType));
  const everyBand = granule.rows * granule.cols * full.bands * sampleSize(dataset.sampleType);
  if (chunkBytes > MOST_CHUNK_BYTES || everyBand > MOST_BYTES)
    refuse(
      file.name,
      `${dataset.path} is stored in chunks of ${(dataset.chunks ?? dataset.shape).join(' x ')}, too large to be read in part; rewrite it in chunks of at most some megabytes (h5repack)`,
    );
}

/** Opens a dataset of three dimensions, `order` says which; granules are kept up to `kept` bytes, or one of every band. Throws RasterError where it is missing, not such, or in chunks too large to be read. */
export function openCube(
  file: Hdf5File,
  path: string,
  { order, kept }: { readonly order: readonly [Axis, Axis, Axis]; readonly kept: number },
): Hdf5Cube {
  const dataset = needDataset(file, path, order);
  const full = sidesOf(dataset.shape, order);
  const granule = granuleOf(dataset, order);
  assertReadable(file, dataset, { granule, full });
  const counts = {
    rows: Math.ceil(full.rows / granule.rows),
    cols: Math.ceil(full.cols / granule.cols),
    bands: Math.ceil(full.bands / granule.bands),
  };

  async function load(index: number): Promise<Granule> {
    const cell = Math.floor(index / counts.bands);
    const from = {
      rows: Math.floor(cell / counts.cols) * granule.rows,
      cols: (cell % counts.cols) * granule.cols,
      bands: (index % counts.bands) * granule.bands,
    };
    const size = (axis: Axis) => Math.min(granule[axis], full[axis] - from[axis]);
    const count = order.map(size);
    const start = order.map((axis) => from[axis]);
    const data = await file.read(dataset, start, count);
    const steps = [count[1]! * count[2]!, count[2]!, 1];
    const sizes = sidesOf(count, order);
    return { row: from.rows, col: from.cols, band: from.bands, ...sizes, data, strides: sidesOf(steps, order) };
  }

  const granuleBytes = granule.rows * granule.cols * granule.bands * sampleSize(dataset.sampleType);
  const capacity = Math.max(counts.bands, Math.floor(kept / granuleBytes));
  const cached = makeBlockCache(capacity, load);
  return {
    name: file.name,
    ...full,
    sampleType: dataset.sampleType,
    granule,
    block: { rows: granule.rows, cols: dataset.chunks ? granule.cols : full.cols },
    read: (at) => cached((at.rows * counts.cols + at.cols) * counts.bands + at.bands, true),
  };
}

/** Pixels by their place in the cube; a row below 0 is no pixel. */
export interface Pixels {
  /** [N] */
  readonly rows: Int32Array;
  readonly cols: Int32Array;
}

/** Which bands go where: sample `bands[i]` of pixel n to `out[n * width + places[i]]`. */
export interface Slots {
  readonly bands: readonly number[];
  readonly places: readonly number[];
  readonly width: number;
}

/** The pixels of each cell of granules (of whatever bands), as [cell number, pixel numbers]. */
function byCell({ granule, cols }: Hdf5Cube, pixels: Pixels): [number, Int32Array][] {
  const across = Math.ceil(cols / granule.cols);
  const counts = new Map<number, number>();
  const cells = new Int32Array(pixels.rows.length).fill(-1);
  for (let n = 0; n < cells.length; n++) {
    if (pixels.rows[n]! < 0) continue;
    const cell = Math.floor(pixels.rows[n]! / granule.rows) * across + Math.floor(pixels.cols[n]! / granule.cols);
    cells[n] = cell;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const lists = new Map([...counts].sort(([a], [b]) => a - b).map(([cell, count]) => [cell, new Int32Array(count)]));
  const filled = new Map<number, number>();
  for (let n = 0; n < cells.length; n++) {
    const cell = cells[n]!;
    if (cell < 0) continue;
    const at = filled.get(cell) ?? 0;
    lists.get(cell)![at] = n;
    filled.set(cell, at + 1);
  }
  return [...lists];
}

/** Copies samples of `pixels` to `out` [N, width]; each granule that holds any is read once. No pixel's samples are left as they are. */
export async function gatherPixels(cube: Hdf5Cube, pixels: Pixels, slots: Slots, out: SampleArray): Promise<void> {
  const across = Math.ceil(cube.cols / cube.granule.cols);
  const parts = new Map<number, number[]>(); // positions in `slots` by granule along the bands
  for (const [i, band] of slots.bands.entries()) {
    const part = Math.floor(band / cube.granule.bands);
    if (!parts.get(part)?.push(i)) parts.set(part, [i]);
  }
  for (const [cell, numbers] of byCell(cube, pixels))
    for (const [part, positions] of parts) {
      const granule = await cube.read({ rows: Math.floor(cell / across), cols: cell % across, bands: part });
      copyGranule(granule, { pixels, numbers }, { slots, positions }, out);
    }
}

function copyGranule(
  { row, col, band, strides, data }: Granule,
  { pixels, numbers }: { pixels: Pixels; numbers: Int32Array },
  { slots, positions }: { slots: Slots; positions: readonly number[] },
  out: SampleArray,
): void {
  const froms = Int32Array.from(positions, (i) => (slots.bands[i]! - band) * strides.bands);
  const tos = Int32Array.from(positions, (i) => slots.places[i]!);
  for (let i = 0; i < numbers.length; i++) {
    const n = numbers[i]!;
    const from = (pixels.rows[n]! - row) * strides.rows + (pixels.cols[n]! - col) * strides.cols;
    const to = n * slots.width;
    for (let b = 0; b < froms.length; b++) out[to + tos[b]!] = data[from + froms[b]!]!;
  }
}

/** The pixels of a window of the cube itself, row by row. */
export function pixelsOf(window: Window): Pixels {
  const N = window.rows * window.cols;
  const rows = new Int32Array(N);
  const cols = new Int32Array(N);
  for (let n = 0; n < N; n++) {
    rows[n] = window.row + Math.floor(n / window.cols);
    cols[n] = window.col + (n % window.cols);
  }
  return { rows, cols };
}
