// Which bands of a scene can be used, found before any pixel is: a band without data everywhere must not make every pixel invalid.
import { TrainError } from '../error.js';
import { type SampleWindow, type SceneShape, sceneWindows } from './windows.js';

/** The part of a scene that the choice of bands needs; `raster`'s Scene is one. */
export interface BandReader extends SceneShape {
  readonly bands: readonly {
    readonly bad: boolean;
    /** nm */
    readonly wavelength?: number;
    /** The stored value that means "no data", exactly as samples hold it. */
    readonly noData?: number;
  }[];
  /** Stored values, pixel-major [rows * cols, bands asked for]. */
  readWindow(window: SampleWindow, bands: readonly number[]): Promise<{ readonly data: ArrayLike<number> }>;
}

/** No pixel of a scene has data. */
export class NoDataError extends TrainError {}

export type DropReason = 'flagged bad' | 'excluded by wavelength' | 'no data' | 'constant';

export interface UsableBands {
  /** Indices of the usable bands, in the scene's order. */
  readonly bands: readonly number[];
  readonly dropped: readonly { readonly band: number; readonly reason: DropReason }[];
}

export interface UsableBandsOptions {
  /** Intervals [from, to] in nm whose bands are left out, ends included. */
  readonly exclude?: readonly (readonly [number, number])[];
  readonly signal?: AbortSignal;
}

/** Windows with data that are looked at before a band is given up. */
const MOST_LOOKS = 4;
/** A look is at most this large where the scene has several windows. */
const LOOK = { rows: 64, cols: 512 };

/**
 * The bands that are neither flagged bad, nor excluded, nor without data in more than half of the pixels that have any, nor constant,
 * as seen in up to four windows spread over the scene. Rejects with TrainError where no band is left or no pixel has data.
 */
export async function usableBands(scene: BandReader, options: UsableBandsOptions = {}): Promise<UsableBands> {
  const dropped = declaredBands(scene, options.exclude ?? []);
  const open = scene.bands.map((_, band) => band).filter((band) => !dropped.some((drop) => drop.band === band));
  if (open.length > 0) {
    const looks = await lookAround(scene, open, options.signal);
    open.forEach((band, i) => {
      const reason = reasonToDrop(looks, i);
      if (reason) dropped.push({ band, reason });
    });
  }
  const bands = open.filter((band) => !dropped.some((drop) => drop.band === band));
  if (bands.length === 0) throw new TrainError(noneLeft(dropped));
  return { bands, dropped: dropped.sort((a, b) => a.band - b.band) };
}

/** Bands out by what the scene or the user says. */
function declaredBands(
  scene: BandReader,
  exclude: readonly (readonly [number, number])[],
): { band: number; reason: DropReason }[] {
  const backwards = exclude.find(([from, to]) => !(from <= to));
  if (backwards)
    throw new TrainError(
      `excluded wavelengths: expected FROM <= TO in nm, got ${backwards.join(' to ')}; exchange them`,
    );
  if (exclude.length > 0 && scene.bands.every((band) => band.wavelength === undefined))
    throw new TrainError('excluded wavelengths: this scene has no wavelengths; leave the exclusion out');
  return scene.bands.flatMap(({ bad, wavelength }, band): { band: number; reason: DropReason }[] => {
    if (bad) return [{ band, reason: 'flagged bad' }];
    const out = wavelength !== undefined && exclude.some(([from, to]) => wavelength >= from && wavelength <= to);
    return out ? [{ band, reason: 'excluded by wavelength' }] : [];
  });
}

function noneLeft(dropped: UsableBands['dropped']): string {
  const counts = new Map<DropReason, number>();
  for (const { reason } of dropped) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `bands: none of ${dropped.length} can be used (${reasons}); check the scene or exclude fewer`;
}

/** What was seen of each band asked for. */
interface Looks {
  /** Pixels with data in at least one band. */
  footprint: number;
  readonly withData: Float64Array;
  readonly least: Float64Array;
  readonly most: Float64Array;
}

function reasonToDrop(looks: Looks, i: number): DropReason | undefined {
  if (looks.withData[i]! * 2 <= looks.footprint) return 'no data';
  return looks.least[i] === looks.most[i] ? 'constant' : undefined;
}

async function lookAround(scene: BandReader, bands: readonly number[], signal?: AbortSignal): Promise<Looks> {
  const looks: Looks = {
    footprint: 0,
    withData: new Float64Array(bands.length),
    least: new Float64Array(bands.length).fill(Number.POSITIVE_INFINITY),
    most: new Float64Array(bands.length).fill(Number.NEGATIVE_INFINITY),
  };
  const noData = bands.map((band) => scene.bands[band]!.noData);
  let useful = 0;
  for (const window of spread(sceneWindows(scene, bands.length))) {
    signal?.throwIfAborted();
    const before = looks.footprint;
    addLook(looks, (await scene.readWindow(window, bands)).data, noData);
    if (looks.footprint > before) useful++;
    const settled = looks.footprint > 0 && bands.every((_, i) => !reasonToDrop(looks, i));
    if (settled || useful === MOST_LOOKS) break;
  }
  if (looks.footprint === 0)
    throw new NoDataError(
      `bands: no pixel of the scene (${scene.rows} rows x ${scene.cols} cols) has data in any band; check its NoData value`,
    );
  return looks;
}

/** The windows in an order that soon reaches every part: steps of the golden section, from the middle; each once. */
function* spread(windows: readonly SampleWindow[]): Generator<SampleWindow> {
  const total = windows.length;
  if (total === 1) yield windows[0]!;
  if (total <= 1) return;
  let step = Math.max(1, Math.round(total * 0.618));
  while (greatestCommonDivisor(step, total) !== 1) step++;
  for (let i = 0; i < total; i++) yield centreOf(windows[((total >> 1) + i * step) % total]!);
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

function centreOf({ row, col, rows, cols }: SampleWindow): SampleWindow {
  const [lookRows, lookCols] = [Math.min(rows, LOOK.rows), Math.min(cols, LOOK.cols)];
  return {
    row: row + ((rows - lookRows) >> 1),
    col: col + ((cols - lookCols) >> 1),
    rows: lookRows,
    cols: lookCols,
  };
}

function addLook(looks: Looks, data: ArrayLike<number>, noData: readonly (number | undefined)[]): void {
  const bands = noData.length;
  for (let at = 0; at < data.length; at += bands) {
    let any = false;
    for (let i = 0; i < bands; i++) {
      const value = data[at + i]!;
      if (!Number.isFinite(value) || value === noData[i]) continue;
      any = true;
      looks.withData[i]!++;
      if (value < looks.least[i]!) looks.least[i] = value;
      if (value > looks.most[i]!) looks.most[i] = value;
    }
    if (any) looks.footprint++;
  }
}
