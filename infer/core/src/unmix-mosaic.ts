// A window of several scenes on one grid, to one set of abundances. Legend: N pixels of the window, n pixels of a scene's part of it,
// D bands of the map; M bands that are unmixed: D, and those of quality where that decides.
import { haloOf } from '@egunet/models/card';
import type { BandPlan } from './bands.js';
import type { Session, SpectraReader, Window } from './contract.js';
import type { DamagedPixels } from './damage.js';
import { makeQualityMeter } from './quality.js';
import { type Seen, sumSeen } from './seen.js';
import { unmixAround } from './unmix-around.js';
import { unmixWindow } from './unmix-window.js';
import { type UnmixWindowOptions, type WindowAbundances, widthsOf } from './window-abundances.js';
import {
  cutMarks,
  joinMarks,
  type Marks,
  marksIn,
  rowsIn,
  sharedWindow,
  unmarkedPart,
  windowAt,
  windowFrom,
  withHalo,
} from './windows.js';

/** Which scene a pixel is taken from: the last one that has data there, or of those that have the one whose abundances explain its spectrum best. */
export type Overlap = 'last' | 'quality';

/** A scene of a mosaic that touches the window. */
export interface MosaicPart {
  /** Stands before the names of its damaged blocks; absent where there is but one scene. */
  readonly name?: string | undefined;
  /** Where the scene lies on the mosaic's grid. */
  readonly place: Window;
  readonly plan: BandPlan;
  /** Pixels, on the mosaic's grid, that count as if this scene had no data there: see `WindowToUnmix`. */
  readonly masked?: Marks | undefined;
  /** Called only where it is to be read. */
  open(): Promise<SpectraReader>;
}

/** Where to unmix. */
export interface MosaicWindow {
  /** On the mosaic's grid. */
  readonly window: Window;
  /** In their order; each shares pixels with the window. */
  readonly parts: readonly MosaicPart[];
  /** [N], 1 = leave the pixel out, whatever scene has it: see `WindowToUnmix`. */
  readonly leaveOut?: Uint8Array | undefined;
  /** Pixels that count as if no scene had data there. */
  readonly masked?: Marks | undefined;
}

export interface UnmixMosaicOptions extends Omit<UnmixWindowOptions, 'plan' | 'quality'> {
  /** Measure how well the abundances explain each spectrum. */
  readonly quality?: boolean;
  readonly overlap: Overlap;
  /** Whether pixels of damaged blocks are left out, as by `unmixAround`. */
  readonly aroundDamage: boolean;
}

export interface MosaicAbundances extends WindowAbundances {
  /** What of each part went through the model. */
  readonly seenOf: readonly Seen[];
  /** Where damage is allowed: windows on the mosaic's grid, blocks with their scene's name. */
  readonly damaged?: readonly DamagedPixels[];
}

/** What a part came to. */
type Found = WindowAbundances & { readonly damaged?: readonly DamagedPixels[] };

/** The composition so far. */
interface Composition {
  readonly window: Window;
  /** Values a pixel. */
  readonly M: number;
  /** Which of them decides, the least winning; absent where the first scene to come wins. */
  readonly rank?: number | undefined;
  /** [N, M], NaN where there is nothing yet; absent before the first scene. */
  abundances?: Float32Array;
}

/** What is left out of a part's result [n]: by the window's own marks [N], and what is decided already. */
function leftOut(
  { window, M, rank, abundances }: Composition,
  part: Window,
  ofWindow: Uint8Array | undefined,
): Uint8Array | undefined {
  const decided = rank === undefined ? abundances : undefined;
  if (!decided) return cutMarks(ofWindow, window, part);
  const out = new Uint8Array(part.rows * part.cols);
  let at = 0;
  for (const [from, to] of rowsIn(window, part))
    for (let i = from; i < to; i++, at++) if (ofWindow?.[i] === 1 || !Number.isNaN(decided[i * M]!)) out[at] = 1;
  return out;
}

/** What counts as without data in a part and what is seen around it, in the scene's pixels. */
function maskedIn(
  seen: Window,
  place: Window,
  [a, b]: readonly [Marks | undefined, Marks | undefined],
): Marks | undefined {
  const marks = joinMarks(marksIn(a, seen), marksIn(b, seen));
  return marks && { window: windowFrom(place, seen), marks };
}

/** Takes the pixels of a part [n, M] that win. */
function take(composition: Composition, part: Window, found: Float32Array): void {
  const { window, M, rank } = composition;
  if (!composition.abundances && part === window) {
    composition.abundances = found;
    return;
  }
  composition.abundances ??= new Float32Array(window.rows * window.cols * M).fill(Number.NaN);
  const { abundances } = composition;
  let from = 0;
  for (const [first, end] of rowsIn(window, part))
    for (let i = first; i < end; i++, from += M) {
      const at = i * M;
      const loses = (r: number) => found[from + r]! >= abundances[at + r]!;
      if (Number.isNaN(found[from]!)) continue;
      if (!Number.isNaN(abundances[at]!) && (rank === undefined || loses(rank))) continue;
      for (let m = 0; m < M; m++) abundances[at + m] = found[from + m]!;
    }
}

/** The first D of each M values. */
function firstOf(values: Float32Array, M: number, D: number): Float32Array {
  if (D === M) return values;
  const kept = new Float32Array((values.length / M) * D);
  for (let i = 0, at = 0; i < values.length; i += M) for (let d = 0; d < D; d++) kept[at++] = values[i + d]!;
  return kept;
}

/**
 * The abundances of a window of a mosaic. Scenes are unmixed from the last to the first, each pixel only until one has data there;
 * by quality all are, and the least RMSE of the reconstruction wins, of equal ones that of the later scene. A pixel has the bits that it has when
 * its scene is unmixed alone. Throws as `unmixWindow` does.
 */
export async function unmixMosaic(
  session: Session,
  { window, parts, leaveOut, masked }: MosaicWindow,
  { overlap, aroundDamage, quality: wanted = false, memory, ...options }: UnmixMosaicOptions,
): Promise<MosaicAbundances> {
  const decides = overlap === 'quality' && parts.length > 1;
  const quality = wanted || decides ? makeQualityMeter(options.card) : undefined;
  const [W, M] = widthsOf({ ...options, quality });
  const D = wanted ? M : W;
  const rank = decides ? W : undefined; // the RMSE
  const composition: Composition = { window, M, rank };
  const seenOf = parts.map(() => sumSeen([]));
  const damaged: DamagedPixels[] = [];
  for (const [p, { name, place, plan, masked: ofScene, open }] of [...parts.entries()].reverse()) {
    const mine = sharedWindow(window, place)!;
    const out = leftOut(composition, mine, leaveOut);
    const ofAny = maskedIn(withHalo(mine, haloOf(options.card), place), place, [masked, ofScene]);
    const without = joinMarks(out, marksIn(ofAny, windowFrom(place, mine)));
    const part = without && parts.length > 1 ? unmarkedPart(mine, without) : mine;
    if (!part) continue;
    const inScene = windowFrom(place, part);
    const task = { reader: await open(), window: inScene, leaveOut: cutMarks(out, mine, part), masked: ofAny };
    const work = { ...options, quality, plan, ...(parts.length === 1 && !aroundDamage && { memory }) };
    const found: Found = await (aroundDamage ? unmixAround : unmixWindow)(session, task, work);
    seenOf[p] = found.seen;
    take(composition, part, found.abundances);
    for (const one of found.damaged ?? [])
      damaged.push({
        block: name === undefined ? one.block : `${name}: ${one.block}`,
        window: windowAt(place, one.window),
        pixels: one.pixels,
      });
  }
  const { abundances = new Float32Array(window.rows * window.cols * M).fill(Number.NaN) } = composition;
  return {
    abundances: firstOf(abundances, M, D),
    seen: sumSeen(seenOf),
    seenOf,
    ...(aroundDamage && { damaged }),
  };
}
