// Sums of abundances over a window of a scene, at full resolution. Legend: N pixels of a piece, C endmembers.
import { assertPlausible, planTiles, type Seen, sumSeen, tileShape } from '@egunet/infer';
import type { RemoteModel, RemoteScene, UnmixedWindow } from '@egunet/infer-web';
import type { PixelArea, Window } from '@egunet/raster';

/** Pieces asked for at a time: one is read while another is run. */
const AT_A_TIME = 2;

export interface Sums {
  /** Of the pixels with data, [C]: abundances, and abundances times the pixel's area, m². */
  readonly abundances: Float64Array;
  readonly areas: Float64Array;
  readonly withData: number;
  readonly withoutData: number;
}

export interface SumOptions {
  readonly resample: boolean;
  /** Of a pixel; areas are NaN where it is not known. */
  readonly area: PixelArea | undefined;
  readonly signal: AbortSignal;
  /** Told of the part that is done, from 0 to 1. */
  progress(part: number): void;
}

/** Adds a piece's abundances [N, C] to sums; returns its pixels with data. */
function add(
  { abundances, areas }: Pick<Sums, 'abundances' | 'areas'>,
  piece: Window,
  { values, area }: { values: Float32Array; area: PixelArea | undefined },
): number {
  const C = abundances.length;
  const row = new Float64Array(C);
  let withData = 0;
  for (let r = 0; r < piece.rows; r++) {
    row.fill(0);
    for (let from = r * piece.cols * C, end = from + piece.cols * C; from < end; from += C) {
      if (Number.isNaN(values[from])) continue;
      withData++;
      for (let c = 0; c < C; c++) row[c]! += values[from + c]!;
    }
    const squareMetres = area ? area.of(piece.row + r) : Number.NaN;
    for (let c = 0; c < C; c++) {
      abundances[c]! += row[c]!;
      areas[c]! += row[c]! * squareMetres;
    }
  }
  return withData;
}

/**
 * Sums over a window, however large: a few pieces of it are held at a time. Rejects as `unmix` does, with InferError where what was unmixed is no
 * reflectance, and with the signal's reason when aborted.
 */
export async function sumAbundances(
  { scene, model }: { readonly scene: RemoteScene; readonly model: RemoteModel },
  window: Window,
  { resample, area, signal, progress }: SumOptions,
): Promise<Sums> {
  const { rows, cols, block = { rows: 1, cols: scene.cols } } = scene.levels[0]!;
  const pieces = planTiles({ rows, cols, window, block, tile: tileShape({ rows, cols, block }) }).values();
  const C = model.card.endmembers.length;
  const sums = { abundances: new Float64Array(C), areas: new Float64Array(C) };
  const pixels = window.rows * window.cols;
  const seen: Seen[] = [];
  let [done, withData] = [0, 0];
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const lane = async () => {
    for (const { inner } of pieces) {
      const unmixed: UnmixedWindow = await scene.unmix(model, inner, { resample, signal: either });
      seen.splice(0, seen.length, sumSeen([...seen, unmixed.seen]));
      withData += add(sums, inner, { values: unmixed.abundances, area });
      done += inner.rows * inner.cols;
      progress(done / pixels);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  } catch (error) {
    failed.abort();
    throw error;
  }
  if (withData > 0) assertPlausible(seen[0]!, scene.name, model.card);
  return { ...sums, withData, withoutData: pixels - withData };
}
