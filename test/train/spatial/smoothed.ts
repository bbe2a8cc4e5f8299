import type { SpatialFilter } from '@egunet/models';
import { filterOnCpu } from '@egunet/train';

/** Abundances [rows * cols, C] after the filter, on tfjs's CPU backend; all pixels are valid where `valid` is absent. */
export function smoothed(
  filter: SpatialFilter,
  { rows, cols, valid }: { rows: number; cols: number; valid?: ArrayLike<number> },
  abundances: Float32Array,
): Promise<Float32Array> {
  const endmembers = abundances.length / (rows * cols);
  const mask = valid ? Float32Array.from(valid) : new Float32Array(rows * cols).fill(1);
  return filterOnCpu(filter, { rows, cols, valid: mask, abundances, endmembers });
}
