// A window some of whose blocks cannot be decoded: those are left out, the rest is unmixed as usual. Legend: N pixels, n pixels of a piece,
// C endmembers, D bands of the map: C, or C + 2 with quality.
import type { Session, Window } from './contract.js';
import { QUALITY_BANDS } from './quality.js';
import { type Seen, sumSeen } from './seen.js';
import { type UnmixWindowOptions, unmixWindow, type WindowAbundances, type WindowToUnmix } from './unmix-window.js';
import { around, cutMarks, placePart, sharedWindow } from './windows.js';

/** What a block which cannot be decoded took with it. */
export interface DamagedPixels {
  /** The block, as the reader names it. */
  readonly block: string;
  readonly window: Window;
  /** Those of the window that were to be unmixed. */
  readonly pixels: number;
}

/** What an error says of a block that cannot be decoded, cut to `window`; undefined for any other error. */
function damageIn(error: unknown, window: Window): Omit<DamagedPixels, 'pixels'> | undefined {
  const { damaged } = (error ?? {}) as { readonly damaged?: { readonly block: string; readonly window: Window } };
  const lost = damaged && sharedWindow(damaged.window, window);
  return lost && { block: damaged.block, window: lost };
}

/** Pixels of a piece that no mark leaves out. */
function taken(marks: Uint8Array | undefined, whole: Window, piece: Window): number {
  const leftOut = cutMarks(marks, whole, piece)?.reduce((sum, one) => sum + one, 0) ?? 0;
  return piece.rows * piece.cols - leftOut;
}

/**
 * As `unmixWindow`, but pixels of blocks that cannot be decoded stay NaN, and blocks that took any are listed, top to bottom. A reader tells of such a block by an
 * error with `damaged`: its name and its pixels; all other errors are thrown.
 */
export async function unmixAround(
  session: Session,
  { reader, window, leaveOut }: WindowToUnmix,
  options: UnmixWindowOptions,
): Promise<WindowAbundances & { readonly damaged: readonly DamagedPixels[] }> {
  const D = options.card.endmembers.length + (options.quality ? QUALITY_BANDS.length : 0);
  const damaged: DamagedPixels[] = [];
  const seen: Seen[] = [];
  const abundances = new Float32Array(window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  for (let rest: Window[] = [window]; rest.length > 0; ) {
    const part = rest.pop()!;
    try {
      const task = { reader, window: part, leaveOut: cutMarks(leaveOut, window, part) };
      const result = await unmixWindow(session, task, options);
      if (part === window) return { ...result, damaged };
      seen.push(result.seen);
      placePart(abundances, window, { part, of: result.abundances, D });
    } catch (error) {
      options.signal?.throwIfAborted(); // a reading that was broken off is no damage
      const found = damageIn(error, part);
      if (!found) throw error;
      const pixels = taken(leaveOut, window, found.window);
      if (pixels > 0) damaged.push({ ...found, pixels });
      rest = [...rest, ...around(part, found.window)];
    }
  }
  damaged.sort((a, b) => a.window.row - b.window.row || a.window.col - b.window.col);
  return { abundances, seen: sumSeen(seen), damaged };
}
