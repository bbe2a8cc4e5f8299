import type { Scene } from '@egunet/raster';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';

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

/** Abundances beyond [0, 1] by more than this are percent or no abundances at all; an unconstrained method stays within. */
const SLACK = 0.5;

/** Every `step`-th pixel's abundances [N, C]. Throws CommandError where they are none. */
export async function readAbundances(scene: Scene, how: Reading): Promise<Float32Array> {
  const bands = scene.bands.map((_, band) => band);
  const abundances = await readPixels(scene, bands, how);
  const wrong = abundances.find((value) => value < -SLACK || value > 1 + SLACK);
  if (wrong !== undefined)
    throw new CommandError(
      `${scene.name}: holds the value ${Number(wrong.toPrecision(6))}, expected abundances in [0, 1]; divide percentages by 100, or name another file`,
    );
  return abundances;
}

/** Throws CommandError unless both have the same pixels: as many, and at the same place where both say theirs. */
export function assertSamePixels(scene: Scene, map: Scene): void {
  if (scene.rows !== map.rows || scene.cols !== map.cols)
    throw new CommandError(
      `${scene.name}: ${scene.rows} rows x ${scene.cols} columns, but ${map.name} has ${map.rows} x ${map.cols}; compare maps of one scene`,
    );
  const [here, there] = [scene.georeference, map.georeference];
  if (!here || !there) return;
  const systems = here.epsg !== undefined && there.epsg !== undefined && here.epsg !== there.epsg;
  // Corners half a pixel apart, as (row, col) of the map's pixels: writers round, but not so much.
  const apart = [
    [0, 0],
    [0, map.cols],
    [map.rows, 0],
  ].some(([row, col]) => distance(here.affine, there.affine, [row!, col!]) > 0.5);
  if (!systems && !apart) return;
  const at = ({ affine, epsg }: typeof here) =>
    `${affine[2]}, ${affine[5]}${epsg === undefined ? '' : ` (EPSG:${epsg})`}`;
  throw new CommandError(
    `${scene.name}: its upper left corner is at ${at(here)}, that of ${map.name} at ${at(there)}; compare maps of one place`,
  );
}

type Affine = NonNullable<Scene['georeference']>['affine'];

/** How far a corner lies from where the other georeference has it, in the other's pixels. */
function distance(one: Affine, other: Affine, [row, col]: readonly [number, number]): number {
  const x = (of: Affine) => of[0] * col + of[1] * row + of[2];
  const y = (of: Affine) => of[3] * col + of[4] * row + of[5];
  return (
    Math.hypot(x(one) - x(other), y(one) - y(other)) / Math.sqrt(Math.abs(other[0] * other[4] - other[1] * other[3]))
  );
}
