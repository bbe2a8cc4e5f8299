import type { Scene } from '@egunet/raster';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';

// Legend: N pixels compared, numbered row by row; B bands.

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** The smallest step that leaves at most `most` of the pixels and does not walk along columns. */
export function stepFor({ rows, cols }: Scene, most: number): number {
  let step = Math.ceil((rows * cols) / most);
  while (step > 1 && greatestCommonDivisor(step, cols) !== 1) step++;
  return step;
}

/** How pixels are read: every `step`-th, shown as `label` on a progress line. */
interface Reading {
  readonly step: number;
  readonly label: string;
  readonly control: Control;
}

/** Lets signals in; throws where one asked to stop. */
export async function pause({ signal }: Control): Promise<void> {
  await new Promise(setImmediate);
  signal.throwIfAborted();
}

/** Every `step`-th pixel's values of `bands` [N, B], NaN where there is no data. */
export async function readPixels(scene: Scene, bands: readonly number[], how: Reading): Promise<Float32Array> {
  const line = how.control.startProgress(how.label, scene.rows);
  try {
    return await gatherPixels(scene, bands, { ...how, onRow: (row) => line.update(row) });
  } finally {
    line.stop();
  }
}

async function gatherPixels(
  scene: Scene,
  bands: readonly number[],
  { step, control, onRow }: Reading & { onRow: (row: number) => void },
): Promise<Float32Array> {
  const { rows, cols } = scene;
  const B = bands.length;
  const pixels = new Float32Array(Math.ceil((rows * cols) / step) * B);
  const height = Math.max(1, Math.min(scene.block.rows, 256));
  for (let row = 0; row < rows; row += height) {
    const window = { row, col: 0, rows: Math.min(height, rows - row), cols };
    const { spectra, valid } = await scene.readSpectra(window, bands);
    const first = row * cols;
    for (let at = Math.ceil(first / step) * step; at < first + valid.length; at += step) {
      const from = (at - first) * B;
      const to = (at / step) * B;
      if (valid[at - first]) pixels.set(spectra.subarray(from, from + B), to);
      else pixels.fill(Number.NaN, to, to + B);
    }
    onRow(row + window.rows);
    await pause(control);
  }
  return pixels;
}

/** Values beyond [0, 1] by this much are no rounding. */
const SLACK = 0.01;
/** Methods without constraints give some values beyond [0, 1]; more than this share of them, or one as far as FAR, is another quantity. */
const MOST_OUTSIDE = 0.2;
const FAR = 10;

/** Every `step`-th pixel's abundances [N, C]. Throws CommandError where they are none. */
export async function readAbundances(scene: Scene, how: Reading): Promise<Float32Array> {
  const bands = scene.bands.map((_, band) => band);
  const abundances = await readPixels(scene, bands, how);
  const outside = abundances.filter((value) => value < -SLACK || value > 1 + SLACK);
  if (outside.length === 0) return abundances;
  const farthest = outside.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
  const what = `${outside.length} of ${abundances.length} values outside [0, 1], up to ${Number(farthest.toPrecision(6))}`;
  if (outside.length > MOST_OUTSIDE * abundances.length || Math.abs(farthest) > FAR)
    throw new CommandError(
      `${scene.name}: holds ${what}, expected abundances; divide percentages by 100, declare the value that means no data, or name another file`,
    );
  note(`${scene.name}: holds ${what}`);
  return abundances;
}

/** Throws CommandError unless both have the same pixels: as many, and at the same place where both say theirs in one coordinate system. */
export function assertSamePixels(scene: Scene, map: Scene): void {
  if (scene.rows !== map.rows || scene.cols !== map.cols)
    throw new CommandError(
      `${scene.name}: ${scene.rows} rows x ${scene.cols} columns, but ${map.name} has ${map.rows} x ${map.cols}; compare maps of one scene`,
    );
  const [here, there] = [scene.georeference, map.georeference];
  if (here?.epsg === undefined || there?.epsg === undefined) return;
  const [system, other] = [utmOnWgs84(here.epsg), utmOnWgs84(there.epsg)];
  if (system !== other && !(isUtm(system) && isUtm(other))) {
    note(
      `${scene.name} is in EPSG:${here.epsg}, ${map.name} in EPSG:${there.epsg}: their pixels are compared one to one`,
    );
    return;
  }
  // Corners half a pixel apart, as (row, col) of the map's pixels: writers round, but not so much.
  const apart = [
    [0, 0],
    [0, map.cols],
    [map.rows, 0],
  ].some(([row, col]) => distance(here.affine, there.affine, [row!, col!]) > 0.5);
  const at = ({ affine, epsg }: typeof here) => `${affine[2]}, ${affine[5]} (EPSG:${epsg})`;
  if (apart || system !== other)
    throw new CommandError(
      `${scene.name}: its upper left corner is at ${at(here)}, that of ${map.name} at ${at(there)}; compare maps of one place`,
    );
}

/** UTM on WGS 84, north and south. */
const isUtm = (epsg: number): boolean => (epsg > 32600 && epsg <= 32660) || (epsg > 32700 && epsg <= 32760);

/** Of UTM on ETRS89 (EPSG:25828 to 25838), which lies within a metre of it, the same zone on WGS 84; any other as it is. */
const utmOnWgs84 = (epsg: number): number => (epsg >= 25828 && epsg <= 25838 ? epsg - 25800 + 32600 : epsg);

type Affine = NonNullable<Scene['georeference']>['affine'];

/** How far a corner lies from where the other georeference has it, in the other's pixels. */
function distance(one: Affine, other: Affine, [row, col]: readonly [number, number]): number {
  const x = (of: Affine) => of[0] * col + of[1] * row + of[2];
  const y = (of: Affine) => of[3] * col + of[4] * row + of[5];
  return (
    Math.hypot(x(one) - x(other), y(one) - y(other)) / Math.sqrt(Math.abs(other[0] * other[4] - other[1] * other[3]))
  );
}
