// What a spatial model sees of a scene: reflectance on the grid of a window. Legend: N pixels of the window, B model bands.
import type { BandPlan } from '../bands.js';
import type { SpectraPack, SpectraReader, Stop, Window } from '../contract.js';
import { damageIn } from '../damage.js';
import { resampleSpectrum } from '../resample.js';
import { around, type Marks, marksIn, rowsIn, sharedWindow } from '../windows.js';

/** A part of a scene. */
export interface SceneImage {
  readonly window: Window;
  /** [N, B]; anything finite where not valid. */
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
  /** Of the model, in pixels. */
  readonly halo: number;
}

/** Pixels that are read at a time. */
const PACK_PIXELS = 512;

/** A pixel of a pack, and where it lies in the scene. */
interface PackedPixel {
  readonly pack: SpectraPack;
  readonly slot: number;
  readonly row: number;
  readonly col: number;
}

/** Puts a spectrum where its pixel lies in the image. */
export function putSpectrum(
  { window, spectra, valid }: SceneImage,
  { pack, slot, row, col }: PackedPixel,
  { plan, bands: B }: Pick<ImageSource, 'plan' | 'bands'>,
): void {
  const R = plan.bands.length;
  const at = (row - window.row) * window.cols + col - window.col;
  valid[at] = 1;
  if (plan.interpolation)
    resampleSpectrum(plan.interpolation, { spectra: pack.spectra, from: slot * R }, { spectra, to: at * B });
  else spectra.set(pack.spectra.subarray(slot * R, slot * R + B), at * B);
}

/** The pixels of a part that have data and are not masked. Throws what the reader throws, and the signal's reason when aborted. */
export async function* packsOf(part: Window, { reader, plan, masked, signal, halo }: ImageSource) {
  const leaveOut = marksIn(masked, part);
  const how = { ...(leaveOut && { leaveOut }), ...(signal && { signal }), edges: halo };
  for await (const pack of reader.streamSpectra(part, plan.bands, PACK_PIXELS, how)) {
    signal?.throwIfAborted();
    yield pack;
  }
}

/** Copies the pixels that an image shares with another, or with a piece of it. */
export function copyShared(
  from: SceneImage,
  to: Omit<SceneImage, 'valid'> & { readonly valid: Uint8Array | Float32Array },
  B: number,
): void {
  const shared = sharedWindow(from.window, to.window);
  if (!shared) return;
  const places = rowsIn(to.window, shared);
  for (const [start, end] of rowsIn(from.window, shared)) {
    const [at] = places.next().value!;
    to.valid.set(from.valid.subarray(start, end), at);
    to.spectra.set(from.spectra.subarray(start * B, end * B), at * B);
  }
}

/** Forgets what was read of a part. */
function clear({ window, valid }: SceneImage, part: Window): void {
  for (const [from, to] of rowsIn(window, part)) valid.fill(0, from, to);
}

/** Reads a window into `memory` [N, B], whose values do not matter but are finite. Throws what the reader throws, and the signal's reason when aborted. */
export async function readImage(window: Window, memory: Float32Array, source: ImageSource): Promise<SceneImage> {
  const { bands: B, onDamage, signal } = source;
  const N = window.rows * window.cols;
  const image = { window, spectra: memory.subarray(0, N * B), valid: new Uint8Array(N) };
  for (let rest: Window[] = [window]; rest.length > 0; ) {
    const part = rest.pop()!;
    try {
      for await (const pack of packsOf(part, source))
        for (let slot = 0; slot < pack.count; slot++) {
          const pixel = pack.pixels[slot]!;
          const row = part.row + Math.floor(pixel / part.cols);
          putSpectrum(image, { pack, slot, row, col: part.col + (pixel % part.cols) }, source);
        }
    } catch (error) {
      signal?.throwIfAborted(); // a reading that was broken off is no damage
      const found = onDamage && damageIn(error, part);
      if (!found) throw error;
      onDamage(found.block, found.window);
      clear(image, found.window);
      rest = [...rest, ...around(part, found.window)];
    }
  }
  return image;
}
