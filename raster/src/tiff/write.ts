// Writes a tiled, DEFLATE-compressed GeoTIFF window by window. Tiles are compressed and written as soon as they are full,
// so windows that come row by row keep no more than a row of tiles in memory.
import { type Deflate, makeDeflate } from '../deflate.js';
import { createKernels, type Kernels } from '../kernels.js';
import { refuse } from '../refuse.js';
import type { SampleArray, Window } from '../scene.js';
import type { ByteSink } from '../source.js';
import { collectTiles, type FullTile, predict } from './collect.js';
import { FIELD, TAG } from './tags.js';
import { encodeHeader, type Field } from './write-ifd.js';
import { CLASSIC_BYTES, type GeoTiffOptions, type Plan, planGeoTiff } from './write-options.js';

/** A raster being written. */
export interface RasterWriter {
  /** Whether the file has the 64-bit offsets of BigTIFF. */
  readonly bigTiff: boolean;
  /**
   * Stores `window`: values pixel-major [rows * cols, bands], of the raster's sample type. Every pixel is written once, in any order.
   * Resolves when what the call before filled is written: while one window's tiles are written, the next window can be made.
   * `data` may be used again as soon as the call returns. A failure to write shows in the next call or in `close`.
   */
  writeWindow(window: Window, data: SampleArray): Promise<void>;
  /** Completes the file; rejects with RasterError, leaving none, where a pixel was never written. */
  close(): Promise<void>;
  /** Leaves no file. Does nothing after `close`. */
  abort(): Promise<void>;
}

/** Where the compressed tiles went: [planes, tiles]. */
interface Places {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  end: number;
}

/** Begins a GeoTIFF on `sink`, whose blocks are compressed by `deflate`, or for runs alone. Throws RasterError naming the option that is wrong. */
export function createGeoTiff(sink: ByteSink, options: GeoTiffOptions, deflate?: Deflate): RasterWriter {
  const plan = planGeoTiff(options, sink.name);
  const blocks = plan.tiles * plan.planes;
  const places: Places = { offsets: new Float64Array(blocks), byteCounts: new Float64Array(blocks), end: 0 };
  places.end = encodeHeader([allFields(plan, places)], plan).length;
  const tiles = collectTiles(plan);
  const kernels = createKernels();
  const how = { kernels, deflate: deflate ?? makeDeflate(kernels) };
  let queue = Promise.resolve();
  let finished = false;
  return {
    bigTiff: plan.big,
    async writeWindow(window, data) {
      const before = queue;
      if (finished) refuse(plan.name, 'already closed; create it again');
      for (const tile of tiles.take(window, data)) {
        queue = queue.then(() => placeTile(tile.index, packTile(tile, plan, how), { plan, sink, places }));
      }
      queue.catch(() => {}); // seen by the next call
      await before;
    },
    async close() {
      if (finished) refuse(plan.name, 'already closed; create it again');
      finished = true;
      try {
        await queue;
        const missing = tiles.missing();
        if (missing > 0)
          refuse(plan.name, `${missing} of ${plan.tiles} tiles lack pixels; write every pixel before closing`);
        await sink.write(0, encodeHeader([allFields(plan, places)], plan));
        await sink.commit();
      } catch (error) {
        await sink.discard();
        throw error;
      }
    },
    async abort() {
      finished = true;
      await queue.catch(() => {});
      await sink.discard();
    },
  };
}

function allFields({ fields, big }: Plan, { offsets, byteCounts }: Places): Field[] {
  return [
    ...fields,
    { tag: TAG.tileOffsets, type: big ? FIELD.long8 : FIELD.long, values: offsets },
    { tag: TAG.tileByteCounts, type: FIELD.long, values: byteCounts },
  ];
}

/** Compresses the planes of a tile. */
function packTile(
  { words }: FullTile,
  plan: Plan,
  { kernels, deflate }: { kernels: Kernels; deflate: Deflate },
): Uint8Array[] {
  const length = words.length / plan.planes;
  const planes = Array.from({ length: plan.planes }, (_, p) => words.subarray(p * length, (p + 1) * length));
  return planes.map((plane) => deflate(predict(kernels, plane, plan)));
}

/** Lays the planes of a tile down, in order: the same windows give the same bytes. */
async function placeTile(
  index: number,
  packed: readonly Uint8Array[],
  { plan, sink, places }: { plan: Plan; sink: ByteSink; places: Places },
): Promise<void> {
  for (const [plane, bytes] of packed.entries()) {
    const block = plane * plan.tiles + index;
    if (!plan.big && places.end + bytes.length > CLASSIC_BYTES)
      refuse(plan.name, 'grows over the 4 GiB of a classic TIFF; write it with bigTiff');
    await sink.write(places.end, bytes);
    places.offsets[block] = places.end;
    places.byteCounts[block] = bytes.length;
    places.end += bytes.length + (bytes.length % 2); // blocks begin at even offsets
  }
}
