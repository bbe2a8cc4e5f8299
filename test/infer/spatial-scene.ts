// A scene, a spatial model for it, and the map of the whole, made of tfjs's pixel-wise abundances and plain loops. Legend: N pixels, B bands, C endmembers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { evaluateNetwork } from '@egunet/train';
import { modelFile, smoothPlainly, untrained, withLayer } from '../support/models.js';
import { hashedSpectra, memoryReader } from './support.js';

export const [ROWS, COLS, B, C] = [131, 143, 8, 3];

export const BANDS = Array.from({ length: B }, (_, b) => ({ wavelength: 500 + 50 * b, fwhm: 10 }));

/** [N, B]: patches of likeness, and differences between any two pixels. */
export const SPECTRA = hashedSpectra(ROWS * COLS * B, 0.4).map((value, i) => {
  const [row, col] = [Math.floor(i / B / COLS), Math.floor(i / B) % COLS];
  return value + 0.4 * ((Math.floor(row / 20) + Math.floor(col / 25) + (i % B)) % 3 === 0 ? 1 : 0);
});

const facts = { bands: BANDS, endmembers: C, probe: SPECTRA.slice(0, 64 * B), scene: { rows: ROWS, cols: COLS } };

/** A model that looks so far. */
export const spatialCheckpoint = (radius = 2) => withLayer(untrained(facts), radius);

export const pixelwiseCheckpoint = () => untrained(facts);

/** Single pixels, lines and corners without data [N]. */
export const VALID = Uint8Array.from({ length: ROWS * COLS }, (_, i) => {
  const [row, col] = [Math.floor(i / COLS), i % COLS];
  return row + col < 9 || col === 95 || (row > 60 && row < 75 && col > 40 && col < 90) || i % 13 === 4 ? 0 : 1;
});

/** The map [N, C] of a scene with data where `valid` [N] is 1. */
export async function wholeMap(valid: Uint8Array, radius = 2): Promise<Float32Array> {
  const checkpoint = spatialCheckpoint(radius);
  const pixelwise = (await evaluateNetwork(checkpoint, SPECTRA)).map((value, i) =>
    valid[Math.floor(i / C)] === 1 ? value : Number.NaN,
  );
  return smoothPlainly(checkpoint, { rows: ROWS, cols: COLS, abundances: pixelwise });
}

/** The largest difference of two maps; NaN where one has data and the other has none. */
export const difference = (got: Float32Array, expected: Float32Array): number =>
  got.length !== expected.length
    ? Number.NaN
    : expected.reduce((most, value, i) => {
        if (Number.isNaN(value) && Number.isNaN(got[i])) return most;
        return Math.max(most, Math.abs(value - got[i]!));
      }, 0);

/** The scene's bands as a reader names them. */
export const READER_BANDS = BANDS.map((band, b) => ({ ...band, name: `band ${b + 1}`, bad: false }));

export const WHOLE: Window = { row: 0, col: 0, rows: ROWS, cols: COLS };

/** What tiles may differ by from the whole. */
export const TOLERANCE = 1e-5;

/** The part of a map [N, C] that a window shows. */
export const cropOf = (map: Float32Array, { row, col, rows, cols }: Window) =>
  Float32Array.from({ length: rows * cols * C }, (_, i) => {
    const pixel = Math.floor(i / C);
    return map[((row + Math.floor(pixel / cols)) * COLS + col + (pixel % cols)) * C + (i % C)]!;
  });

/** The scene, with data where `valid` [N] is 1. */
export const sceneReader = (valid = VALID) =>
  memoryReader({ rows: ROWS, cols: COLS, bands: READER_BANDS, spectra: SPECTRA, valid });

/** A model that looks so far, opened from a file in `folder`, on one thread. */
export async function openSpatialModel(folder: string, radius = 2) {
  const path = join(folder, `halo-${radius}.onnx`);
  writeFileSync(path, await modelFile(spatialCheckpoint(radius)));
  return openModel(path, { threads: 1 });
}
