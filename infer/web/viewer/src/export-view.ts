// How far an export is, in words.

/** Parts of a number of pixels, by time. */
export interface Work {
  readonly pixels: number;
  readonly totalPixels: number;
  /** Since it began. */
  readonly seconds: number;
}

/** `40 s`, `3 min`, `1 h 20 min`; rounded up. */
function describeTime(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `34 % of 1.2 Mpixel, about 40 s left`. */
export function describeExport({ pixels, totalPixels, seconds }: Work): string {
  const of = `${Math.floor((100 * pixels) / totalPixels)} % of ${(totalPixels / 1e6).toPrecision(2)} Mpixel`;
  if (pixels === totalPixels) return `${of}, the file is being completed`;
  return pixels === 0 ? of : `${of}, about ${describeTime((seconds * (totalPixels - pixels)) / pixels)} left`;
}

/** `12.3 MB`. */
export const describeSize = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
