// A window some of whose blocks cannot be decoded: those are left out, the rest is unmixed as usual. Legend: N pixels, n pixels of a piece,
// D bands of the map.
import type { Session, Window } from './contract.js';
import { type DamagedPixels, damageIn } from './damage.js';
import { type Seen, sumSeen } from './seen.js';
import { unmixSpatial } from './spatial/when-needed.js';
import { unmixWindow } from './unmix-window.js';
import { type UnmixWindowOptions, type WindowAbundances, type WindowToUnmix, widthsOf } from './window-abundances.js';
import { around, cutMarks, joinMarks, marksIn, placePart } from './windows.js';

/**
 * As `unmixWindow`, but pixels of blocks that cannot be decoded stay NaN, and blocks that took any are listed, top to bottom. A reader tells of such a block by an
 * error with `damaged`: its name and its pixels; all other errors are thrown.
 */
export async function unmixAround(
  session: Session,
  task: WindowToUnmix,
  options: UnmixWindowOptions,
): Promise<WindowAbundances & { readonly damaged: readonly DamagedPixels[] }> {
  const damaged: DamagedPixels[] = [];
  const found = await (options.card.kind === 'spatial' ? unmixSpatial : unmixPixels)(session, task, {
    ...options,
    damaged,
  });
  damaged.sort((a, b) => a.window.row - b.window.row || a.window.col - b.window.col);
  return { ...found, damaged };
}

/** Pixels of a piece that no mark leaves out. */
function taken(marks: Uint8Array | undefined, whole: Window, piece: Window): number {
  const leftOut = cutMarks(marks, whole, piece)?.reduce((sum, one) => sum + one, 0) ?? 0;
  return piece.rows * piece.cols - leftOut;
}

/** By a pixel-wise model: the rest of the window in pieces around the blocks, which are listed in `damaged`. */
async function unmixPixels(
  session: Session,
  { reader, window, masked, ...task }: WindowToUnmix,
  { damaged, ...options }: UnmixWindowOptions & { readonly damaged: DamagedPixels[] },
): Promise<WindowAbundances> {
  const leaveOut = joinMarks(task.leaveOut, marksIn(masked, window));
  const [, D] = widthsOf(options);
  const seen: Seen[] = [];
  const abundances = new Float32Array(window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  for (let rest: Window[] = [window]; rest.length > 0; ) {
    const part = rest.pop()!;
    try {
      const task = { reader, window: part, leaveOut: cutMarks(leaveOut, window, part) };
      const result = await unmixWindow(session, task, options);
      if (part === window) return result;
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
  return { abundances, seen: sumSeen(seen) };
}
