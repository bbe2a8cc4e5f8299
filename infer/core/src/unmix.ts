// The one unmixing loop. Legend: N pixels of a tile, B model bands, R scene bands read, C endmembers.
import type { ModelCard } from '@egunet/models/card';
import { type BandPlan, planBands } from './bands.js';
import { makeBatches, type Seen } from './batches.js';
import type { Session, SpectraReader, Window } from './contract.js';
import { InferError } from './error.js';
import { planTiles, type TileShape, tileShape } from './tiles.js';

export interface UnmixOptions {
  readonly card: ModelCard;
  /** The part of the scene to unmix; all of it when absent. */
  readonly window?: Window;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** The largest tile in pixels; when absent, the largest whose spectra take `TILE_BYTES`. */
  readonly tile?: TileShape;
  /** Pixels a run of the model; a run that has fewer is filled up. */
  readonly batch?: number;
  /** Stops between two runs; the loop then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The abundances of one tile. */
export interface AbundanceTile {
  readonly window: Window;
  /** [N, C]: >= 0, sum 1; NaN where the scene has no data. The receiver may keep it. */
  readonly abundances: Float32Array;
  readonly validPixels: number;
}

/** Pixels a run: enough to reach the processor's peak, few enough to stay in its caches. */
export const BATCH_PIXELS = 1024;

interface Work {
  readonly tiles: readonly Window[];
  readonly plan: BandPlan;
  readonly batch: number;
}

function planWork(reader: SpectraReader, options: UnmixOptions): Work {
  const { card, window, resample, batch = BATCH_PIXELS } = options;
  if (!Number.isInteger(batch) || batch < 1)
    throw new InferError(`pixels a run should be a whole number >= 1, got ${batch}`);
  const plan = planBands(reader, card, { resample });
  const { rows, cols, block } = reader;
  const tile = options.tile ?? tileShape({ rows, cols, block, bands: plan.bands.length });
  const tiles = planTiles({ rows, cols, block, window, tile }).map(({ inner }) => inner);
  return { tiles, plan, batch };
}

/** Throws InferError unless the whole scene showed pixels with data, and values that are reflectance. */
function assertPlausible({ validPixels, sampled, tooBright, tooDark }: Seen, name: string, card: ModelCard): void {
  if (validPixels === 0)
    throw new InferError(
      `${name}: no valid pixel: every one lacks data in at least one of the model's ${card.bands.length} bands; check the scene's NoData value and its bands`,
    );
  if (2 * tooBright <= sampled && tooDark < sampled) return;
  const [count, how] = tooDark === sampled ? [tooDark, 'darker than a thousandth of'] : [tooBright, 'brighter than'];
  throw new InferError(
    `${name}: ${count} of ${sampled} sampled pixels are on average ${how} the model's largest input, a reflectance of ${Number((1 / card.inputScale).toPrecision(3))}; give the scene in the units that the model was trained on, or state its reflectance scale`,
  );
}

/**
 * Unmixes a scene tile by tile, in the order of the plan, holding at most two tiles of spectra.
 *
 * Every run of the model has exactly `batch` pixels (the last of a tile is filled up with zeros), so a pixel's bits do not
 * depend on the tiling, whatever kernels the runtime picks for other sizes. Pixels without data are never run.
 * Throws InferError where bands do not match, where the model's output is not abundances, and, after the last tile, where
 * no pixel was valid, or the values are plainly in other units than the model's: treat what was yielded as void then.
 */
export async function* unmix(
  session: Session,
  reader: SpectraReader,
  options: UnmixOptions,
): AsyncGenerator<AbundanceTile, void, undefined> {
  const { card, signal } = options;
  signal?.throwIfAborted();
  const { tiles, plan, batch } = planWork(reader, options);
  const batches = makeBatches(session, { card, plan, batch, signal });
  const read = (i: number) => {
    const window = tiles[i];
    const block = window && reader.readSpectra(window, plan.bands);
    block?.catch(() => undefined); // awaited below; it may fail before that
    return block;
  };
  let next = read(0);
  try {
    for (const [i, window] of tiles.entries()) {
      const block = (await next)!;
      signal?.throwIfAborted();
      next = read(i + 1); // inflating goes on beside the model's runs
      yield { window, ...(await batches.unmixBlock(block)) };
    }
    assertPlausible(batches.seen, reader.name, card);
  } finally {
    await next?.catch(() => undefined); // so that the scene may be closed
  }
}
