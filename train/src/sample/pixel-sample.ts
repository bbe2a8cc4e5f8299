// Single pixels out of windows, and what is known of all of them. Legend: n pixels kept, B bands.
import { createStatistics } from './band-statistics.js';
import { createReservoir, type Priority } from './reservoir.js';
import type { SceneSample, SpectraReader } from './sample-scene.js';
import type { SampleWindow } from './windows.js';

export interface PixelSample {
  /** Takes a window; returns which of its pixels are usable: valid and finite. */
  add(window: SampleWindow, spectra: Float32Array, valid: Uint8Array): Uint8Array;
  result(): Omit<SceneSample, 'blocks' | 'bands' | 'totalPixels'>;
}

/** Collects at most `maxPixels` usable pixels, those of least priority. */
export function createPixelSample(
  scene: SpectraReader,
  { bands, maxPixels, priority }: { bands: number; maxPixels: number; priority: Priority },
): PixelSample {
  const capacity = Math.min(maxPixels, scene.rows * scene.cols);
  const reservoir = createReservoir(capacity, priority);
  const store = new Float32Array(capacity * bands);
  const statistics = createStatistics(bands);
  let nonFinite = 0;
  return {
    add(window, spectra, valid) {
      const usable = Uint8Array.from(valid);
      for (let n = 0; n < usable.length; n++) {
        if (!usable[n]) continue;
        if (!isFiniteRow(spectra, n * bands, bands)) {
          usable[n] = 0;
          nonFinite++;
          continue;
        }
        statistics.add(spectra, n * bands);
        const position = (window.row + Math.floor(n / window.cols)) * scene.cols + window.col + (n % window.cols);
        if (reservoir.wants(position))
          store.set(spectra.subarray(n * bands, (n + 1) * bands), reservoir.take(position) * bands);
      }
      return usable;
    },
    result() {
      const { count, ...bandStatistics } = statistics.result();
      const { slots, indices } = reservoir.kept();
      orderRows(store, bands, slots);
      return {
        pixels: store.subarray(0, slots.length * bands),
        positions: Float64Array.from(indices),
        validPixels: count,
        nonFinitePixels: nonFinite,
        bandStatistics,
      };
    },
  };
}

/** Puts row `from[i]` of `x` [n, width] in place i, for all i, along the cycles of that permutation: no second copy of the sample is held. */
function orderRows(x: Float32Array, width: number, from: readonly number[]): void {
  const done = new Uint8Array(from.length);
  for (let start = 0; start < from.length; start++) {
    if (done[start]) continue;
    const first = x.slice(start * width, (start + 1) * width);
    let to = start;
    for (; from[to] !== start; to = from[to]!) {
      x.copyWithin(to * width, from[to]! * width, (from[to]! + 1) * width);
      done[to] = 1;
    }
    x.set(first, to * width);
    done[to] = 1;
  }
}

function isFiniteRow(spectra: Float32Array, at: number, bands: number): boolean {
  let sum = 0; // float32 values cannot overflow a float64 sum
  for (let b = 0; b < bands; b++) sum += spectra[at + b]!;
  return Number.isFinite(sum);
}
