// The spatial layer by two paths: in a model file, and by tfjs. Legend: H x W pixels, B bands, C endmembers.
import { filterAbundances, type SpatialFilter } from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { computeOnCpu } from '../cpu.js';

/** Where pixels lie, and which of them have data. */
export interface Raster {
  readonly rows: number;
  readonly cols: number;
  /** [H * W], 1 or 0. */
  readonly valid: Float32Array;
}

/** Every so many pixels of a probe are taken for pixels without data. */
const GAP = 7;

/** Which pixels are valid once there are gaps among those that are. */
export const withGaps = (valid: Float32Array): Float32Array => valid.map((one, i) => (i % GAP === GAP - 1 ? 0 : one));

/** Abundances [n, C] of the valid pixels alone [n]: what is given for the others means nothing. */
export const ofValid = (abundances: Float32Array, valid: Float32Array): Float32Array =>
  abundances.filter((_, i) => valid[Math.floor((i * valid.length) / abundances.length)] === 1);

/** The widest image that so many pixels fill, nearly square, with gaps. */
export function probeImage(pixels: number): Raster {
  const rows = Math.floor(Math.sqrt(pixels));
  const cols = Math.floor(pixels / rows);
  return { rows, cols, valid: withGaps(new Float32Array(rows * cols).fill(1)) };
}

/** Abundances [H * W, C] of an image [H * W, B] by a spatial model file, on one thread. */
export async function runSpatialHead(
  bytes: Uint8Array,
  { rows, cols, valid, spectra, bands }: Raster & { spectra: Float32Array; bands: number },
): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  try {
    const image = new ort.Tensor('float32', spectra, [rows, cols, bands]);
    const mask = new ort.Tensor('float32', valid, [rows, cols]);
    return (await session.run({ image, valid: mask })).abundances!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** The layer on tfjs's own CPU backend: abundances [H * W, C] before and after. */
export function filterOnCpu(
  filter: SpatialFilter,
  { rows, cols, valid, abundances, endmembers }: Raster & { abundances: Float32Array; endmembers: number },
): Promise<Float32Array> {
  return computeOnCpu(() =>
    filterAbundances(
      tf.tensor4d(abundances, [1, rows, cols, endmembers]),
      tf.tensor4d(valid, [1, rows, cols, 1]),
      filter,
    ),
  );
}
