// Least, largest and mean reflectance of each band. Legend: B bands.

/** Of pixels with data, reflectance [B] each. */
export interface BandStatistics {
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly mean: Float32Array;
}

export function createStatistics(bands: number) {
  const min = new Float32Array(bands).fill(Number.POSITIVE_INFINITY);
  const max = new Float32Array(bands).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(bands);
  let count = 0;
  return {
    /** Takes the pixel whose spectrum begins at `at`. */
    add(spectra: Float32Array, at: number): void {
      count++;
      for (let b = 0; b < bands; b++) {
        const value = spectra[at + b]!;
        sum[b]! += value;
        if (value < min[b]!) min[b] = value;
        if (value > max[b]!) max[b] = value;
      }
    },
    /** Takes what is known of so many pixels. */
    merge(pixels: number, of: BandStatistics): void {
      if (pixels === 0) return;
      count += pixels;
      for (let b = 0; b < bands; b++) {
        sum[b]! += pixels * of.mean[b]!;
        min[b] = Math.min(min[b]!, of.min[b]!);
        max[b] = Math.max(max[b]!, of.max[b]!);
      }
    },
    result: () => ({ count, min, max, mean: Float32Array.from(sum, (total) => total / count) }),
  };
}
