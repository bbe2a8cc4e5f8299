// Pieces of a scene as training and statistics see them. Legend: h x w pixels with the halo around the core, B bands, C endmembers, m candidates.
import { TrainError } from '../error.js';
import type { Random } from '../random.js';
import type { SpectraReader } from '../sample/sample-scene.js';
import type { SampleWindow } from '../sample/windows.js';

/** The scene that a convolutional network is trained on. */
export interface TrainingImage {
  readonly reader: SpectraReader;
  /** Indices of the bands, in the order of the training set. */
  readonly bands: readonly number[];
  /** Where the training set's candidates lie: row * cols + col [m]. */
  readonly positions: Float64Array;
}

/** A core and a halo around it; there are no valid pixels beyond the scene. */
export interface Patch {
  readonly rows: number;
  readonly cols: number;
  /** Reflectance [h * w, B], 0 where a pixel is not valid. */
  readonly spectra: Float32Array;
  /** 1 or 0 [h * w]. */
  readonly valid: Float32Array;
  /** The valid pixels of the core, 1 or 0 [h * w]. */
  readonly counted: Float32Array;
  /** Where each pixel lies in the scene, -1 beyond it [h * w]. */
  readonly positions: Float64Array;
}

/** The part of `core` and its halo that lies in the scene. */
function insideScene(core: SampleWindow, halo: number, { rows, cols }: { rows: number; cols: number }): SampleWindow {
  const [row, col] = [Math.max(0, core.row - halo), Math.max(0, core.col - halo)];
  return {
    row,
    col,
    rows: Math.min(rows, core.row + core.rows + halo) - row,
    cols: Math.min(cols, core.col + core.cols + halo) - col,
  };
}

/** Reads a core with a halo. A pixel that holds NaN or infinity is not valid. */
export async function readPatch({ reader, bands }: TrainingImage, core: SampleWindow, halo: number): Promise<Patch> {
  const B = bands.length;
  const [rows, cols] = [core.rows + 2 * halo, core.cols + 2 * halo];
  const window = insideScene(core, halo, reader);
  const read = await reader.readSpectra(window, bands);
  const patch = {
    spectra: new Float32Array(rows * cols * B),
    valid: new Float32Array(rows * cols),
    counted: new Float32Array(rows * cols),
    positions: new Float64Array(rows * cols).fill(-1),
  };
  const [top, left] = [window.row - core.row + halo, window.col - core.col + halo];
  for (let n = 0; n < window.rows * window.cols; n++) {
    const [row, col] = [top + Math.floor(n / window.cols), left + (n % window.cols)];
    const at = row * cols + col;
    patch.positions[at] = (row - halo + core.row) * reader.cols + (col - halo + core.col);
    const spectrum = read.spectra.subarray(n * B, (n + 1) * B);
    if (read.valid[n] !== 1 || !spectrum.every(Number.isFinite)) continue;
    patch.spectra.set(spectrum, at * B);
    patch.valid[at] = 1;
    const inCore = row >= halo && row < rows - halo && col >= halo && col < cols - halo;
    patch.counted[at] = inCore ? 1 : 0;
  }
  return { rows, cols, ...patch };
}

/** Windows of at most `side` pixels a side that cover the scene. */
export function tilesOf({ rows, cols }: SpectraReader, side: number): SampleWindow[] {
  const tiles: SampleWindow[] = [];
  for (let row = 0; row < rows; row += side)
    for (let col = 0; col < cols; col += side)
      tiles.push({ row, col, rows: Math.min(side, rows - row), cols: Math.min(side, cols - col) });
  return tiles;
}

/** How often a patch is drawn anew because nothing in it is valid. */
const MOST_DRAWS = 1000;

/** A patch somewhere in the scene, every place alike, with at least a valid pixel. Throws TrainError where none is found. */
export async function drawPatch(
  image: TrainingImage,
  { size, halo }: { size: { rows: number; cols: number }; halo: number },
  random: Random,
): Promise<Patch> {
  const { rows, cols } = image.reader;
  for (let i = 0; i < MOST_DRAWS; i++) {
    const [row, col] = [random.integer(rows - size.rows + 1), random.integer(cols - size.cols + 1)];
    const patch = await readPatch(image, { row, col, ...size }, halo);
    if (patch.counted.includes(1)) return patch;
  }
  throw new TrainError(
    `training: ${MOST_DRAWS} patches of ${size.rows} x ${size.cols} pixels hold no pixel with data; crop the scene`,
  );
}

/** Sums of the labels of the candidates at each counted pixel [h * w, C]. labels [m, C] at `positions` [m]. */
export function targetsOf(patch: Patch, positions: Float64Array, labels: Float32Array): Float32Array {
  const C = labels.length / positions.length;
  const targets = new Float32Array(patch.counted.length * C);
  const places = new Map<number, number>();
  patch.positions.forEach((position, at) => {
    if (patch.counted[at] === 1) places.set(position, at);
  });
  positions.forEach((position, i) => {
    const at = places.get(position);
    if (at === undefined) return;
    for (let c = 0; c < C; c++) targets[at * C + c]! += labels[i * C + c]!;
  });
  return targets;
}
