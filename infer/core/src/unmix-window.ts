// From a window of a scene to its abundances, in runs of one size. Legend: N pixels of a window, n pixels of a run,
// B model bands, C endmembers, W values of a pixel before its quality, D bands of the map.
import { hasSpread } from '@egunet/models/card';
import type { Session } from './contract.js';
import { spectraInputs } from './graph.js';
import { lookAt, type Seen, sumSeen } from './seen.js';
import { unmixSpatial } from './spatial/when-needed.js';
import {
  assertAbundances,
  assertSpread,
  floatsIn,
  place,
  resampleInto,
  type UnmixWindowOptions,
  type WindowAbundances,
  type WindowToUnmix,
  widthsOf,
} from './window-abundances.js';
import { joinMarks, marksIn } from './windows.js';

/**
 * The abundances of a window's pixels, of those that `leaveOut` [N] is not 1 for; of a spatial model see `unmixSpatial`. Every run of a pixel-wise model has exactly `batch` pixels (the last one is filled up with zeros), so that a
 * pixel's bits do not depend on the window, whatever kernels the runtime picks for other sizes. Pixels without data are never run.
 * Throws InferError where the model's output is not abundances, and the signal's reason when aborted.
 */
export async function unmixWindow(
  session: Session,
  task: WindowToUnmix,
  options: UnmixWindowOptions,
): Promise<WindowAbundances> {
  if (options.card.kind === 'spatial') return unmixSpatial(session, task, options);
  const { reader, window } = task;
  const { card, plan, batch, quality, compare, memory, signal } = options;
  const leaveOut = joinMarks(task.leaveOut, marksIn(task.masked, window));
  const C = card.endmembers.length;
  const { interpolation } = plan;
  const input = interpolation && new Float32Array(batch * card.bands.length); // [n, B]
  const [W, D] = widthsOf(options);
  const abundances = floatsIn(memory, window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  const seen: Seen[] = [];
  signal?.throwIfAborted();
  const how = { ...(leaveOut && { leaveOut }), ...(signal && { signal }) };
  for await (const pack of reader.streamSpectra(window, plan.bands, batch, how)) {
    signal?.throwIfAborted();
    const { count, pixels } = pack;
    const spectra = interpolation ? resampleInto(input!, pack, { ...plan, interpolation }) : pack.spectra;
    seen.push({ ...lookAt(spectra, { card, count, width: card.bands.length }), ...compare?.(spectra, count) });
    const output = await session.run(spectraInputs(spectra, batch)); // [n, C], of an ensemble [2, n, C]
    const middle = hasSpread(card) ? output.length / 2 : output.length;
    const shares = output.subarray(0, middle);
    assertAbundances(shares, { pixels: count, batch, C });
    const where = { pixels: pixels.subarray(0, count), C, into: abundances, D };
    place(shares, where);
    if (W > C) {
      const spread = output.subarray(middle, middle + count * C);
      assertSpread(spread);
      place(spread, { ...where, at: C });
    }
    if (quality)
      for (let slot = 0; slot < count; slot++)
        quality.measure(slot, { spectra, abundances: output }, { into: abundances, to: pixels[slot]! * D + W });
  }
  return { abundances, seen: sumSeen(seen) };
}
