// What a spatial model sees of a scene: reflectance on the grid of a window. Legend: N pixels of the window, B model bands.
import type { BandPlan } from '../bands.js';
import type { SpectraPack, SpectraReader, Stop, Window } from '../contract.js';
import { damageIn } from '../damage.js';
import { resampleSpectrum } from '../resample.js';
import { around, type Marks, marksIn, rowsIn } from '../windows.js';

/** A part of a scene. */
export interface SceneImage {
  readonly window: Window;
  /** [N, B]; 0 where not valid. */
  readonly spectra: Float32Array;
  /** [N], 1 = has data. */
  readonly valid: Uint8Array;
}

/** How to read one. */
export interface ImageSource {
  readonly reader: SpectraReader;
  readonly plan: BandPlan;
  /** Of the model, B. */
  readonly bands: number;
  /** Pixels that count as if they had no data. */
  readonly masked?: Marks | undefined;
  /** Told of a block that cannot be decoded, whose pixels count as if they had no data; when absent that is an error. */
  readonly onDamage?: ((block: string, window: Window) => void) | undefined;
  readonly signal?: Stop | undefined;
}

/** Pixels that are read at a time. */
const PACK_PIXELS = 512;

/** Puts the spectra of a pack of `part` where its pixels lie. */
function place(
  image: SceneImage,
  part: Window,
  { pack, plan, B }: { pack: SpectraPack; plan: BandPlan; B: number },
): void {
  const { window, spectra, valid } = image;
  const R = plan.bands.length;
  for (let slot = 0; slot < pack.count; slot++) {
    const pixel = pack.pixels[slot]!;
    const row = part.row - window.row + Math.floor(pixel / part.cols);
    const at = row * window.cols + part.col - window.col + (pixel % part.cols);
    valid[at] = 1;
    if (plan.interpolation)
      resampleSpectrum(plan.interpolation, { spectra: pack.spectra, from: slot * R }, { spectra, to: at * B });
    else spectra.set(pack.spectra.subarray(slot * R, slot * R + B), at * B);
  }
}

/** Forgets what was read of a part. */
function clear({ window, spectra, valid }: SceneImage, part: Window, B: number): void {
  for (const [from, to] of rowsIn(window, part)) {
    valid.fill(0, from, to);
    spectra.fill(0, from * B, to * B);
  }
}

/** Reads a window into `memory` [N, B], whose values do not matter. Throws what the reader throws, and the signal's reason when aborted. */
export async function readImage(window: Window, memory: Float32Array, source: ImageSource): Promise<SceneImage> {
  const { reader, plan, bands: B, masked, onDamage, signal } = source;
  const N = window.rows * window.cols;
  const image = { window, spectra: memory.subarray(0, N * B).fill(0), valid: new Uint8Array(N) };
  for (let rest: Window[] = [window]; rest.length > 0; ) {
    const part = rest.pop()!;
    const leaveOut = marksIn(masked, part);
    try {
      const how = { ...(leaveOut && { leaveOut }), ...(signal && { signal }) };
      for await (const pack of reader.streamSpectra(part, plan.bands, PACK_PIXELS, how)) {
        signal?.throwIfAborted();
        place(image, part, { pack, plan, B });
      }
    } catch (error) {
      signal?.throwIfAborted(); // a reading that was broken off is no damage
      const found = onDamage && damageIn(error, part);
      if (!found) throw error;
      onDamage(found.block, found.window);
      clear(image, found.window, B);
      rest = [...rest, ...around(part, found.window)];
    }
  }
  return image;
}
