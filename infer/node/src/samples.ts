// How abundances, and the quality beside them, are stored. Legend: N pixels, D bands of the map.
import type { SampleArray } from '@egunet/raster';

/** The sample types of an abundance map. */
export type StoredType = 'float32' | 'uint16' | 'uint8';

interface Storage {
  /** Abundance = stored value * scale. */
  readonly scale: number;
  readonly noData: number;
}

/** What a stored value means: in float32 the abundance itself, in the integers steps of 1e-4 and 0.005. */
export const STORAGE: Readonly<Record<StoredType, Storage>> = {
  float32: { scale: 1, noData: Number.NaN },
  uint16: { scale: 1e-4, noData: 65535 },
  uint8: { scale: 0.005, noData: 255 },
};

/** Values [N, D], NaN where there is no data, as they are stored: rounded to the nearest step, and to the largest below NoData what exceeds it. */
export function encodeSamples(values: Float32Array, type: StoredType): SampleArray {
  if (type === 'float32') return values;
  const { scale, noData } = STORAGE[type];
  const steps = Math.round(1 / scale);
  const stored = type === 'uint16' ? new Uint16Array(values.length) : new Uint8Array(values.length);
  for (let i = 0; i < stored.length; i++) {
    const value = values[i]!;
    stored[i] = Number.isNaN(value) ? noData : Math.min(noData - 1, Math.round(value * steps));
  }
  return stored;
}
