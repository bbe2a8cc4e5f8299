// Writes a map as ENVI: raw samples and a header that says what they are. Legend: B bands; W columns of a strip.
import type { EnviLayout } from './envi-header.js';
import { enviHeader } from './envi-write-header.js';
import { type ImageTile, readTiles } from './map-tiles.js';
import type { MapFormat, MapInWork } from './map-writer.js';
import { sampleArrays } from './samples.js';
import type { SampleArray, Stop } from './scene.js';
import type { ByteSink } from './source.js';
import { tileBytes } from './tiff/collect.js';
import { across, down } from './tiff/overviews.js';
import type { BandStatistics } from './tiff/statistics.js';

type Interleave = EnviLayout['interleave'];

/** The two files of an image, which appear together. */
export interface EnviSinks {
  readonly data: ByteSink;
  readonly header: ByteSink;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Makes an ENVI image of a map. */
export const enviFormat =
  (createSinks: () => Promise<EnviSinks>, interleave: Interleave): MapFormat =>
  (map) => {
    const header = enviHeader(map, interleave);
    const finish = async (signal: Stop | undefined) => {
      const sinks = await createSinks();
      try {
        const statistics = await writeSamples(sinks.data, { map, interleave, signal });
        await sinks.header.write(0, new TextEncoder().encode(header));
        await sinks.commit();
        return statistics;
      } catch (error) {
        await sinks.discard();
        throw error;
      }
    };
    return { finish };
  };

/** Tiles side by side that are written at once take about so many bytes: lines as long as memory allows. */
const STRIP_BYTES = 2 ** 25;

/** A part of the image: a row of tiles, or some of them. */
interface Strip {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
  /** In the file's interleave: [B, rows, W], [rows, B, W] or [rows, W, B]. */
  readonly samples: SampleArray;
}

interface Work {
  readonly map: MapInWork;
  readonly interleave: Interleave;
  readonly signal: Stop | undefined;
}

async function writeSamples(sink: ByteSink, work: Work): Promise<readonly BandStatistics[]> {
  const { map, interleave, signal } = work;
  const { plan } = map;
  const side = plan.blockRows;
  const tiles = readTiles(map, signal);
  const step = Math.max(1, Math.floor(STRIP_BYTES / tileBytes(plan)));
  for (let ty = 0; ty < down(plan, side); ty++)
    for (let first = 0; first < across(plan, side); first += step) {
      const count = Math.min(step, across(plan, side) - first);
      const places = Array.from({ length: count }, (_, i) => [ty, first + i] as const);
      const strip = makeStrip(map, ty * side, [first * side, Math.min(plan.cols, (first + count) * side)]);
      for await (const tile of tiles.read(places)) fill(strip, tile, { interleave, B: plan.bands, side });
      await writeStrip(sink, strip, { map, interleave });
    }
  return tiles.statistics();
}

function makeStrip({ plan }: MapInWork, row: number, [from, to]: readonly [number, number]): Strip {
  const rows = Math.min(plan.blockRows, plan.rows - row);
  const cols = to - from;
  return { row, col: from, rows, cols, samples: new sampleArrays[plan.sampleType](rows * cols * plan.bands) };
}

/** Copies the pixels of a tile to their places in the strip. */
function fill(
  { col, rows: R, cols: W, samples }: Strip,
  tile: ImageTile,
  { interleave, B, side }: { interleave: Interleave; B: number; side: number },
): void {
  const [rowStride, bandStride, colStride] = { bsq: [W, R * W, 1], bil: [B * W, W, 1], bip: [B * W, 1, B] }[
    interleave
  ] as [number, number, number];
  for (let r = 0; r < tile.rows; r++)
    for (let b = 0; b < B; b++) {
      let from = r * side * B + b;
      let to = r * rowStride + b * bandStride + (tile.col - col) * colStride;
      for (let c = 0; c < tile.cols; c++, from += B, to += colStride) samples[to] = tile.samples[from]!;
    }
}

/** Writes a strip line by line; lines that follow one another in the file, as all do in strips of full width, at once. */
async function writeStrip(
  sink: ByteSink,
  { row, col, rows: R, cols: W, samples }: Strip,
  { map, interleave }: Omit<Work, 'signal'>,
): Promise<void> {
  const { rows, cols, bands: B } = map.plan;
  const size = samples.BYTES_PER_ELEMENT;
  const length = interleave === 'bip' ? W * B : W;
  const placeOf = (line: number): number => {
    if (interleave === 'bip') return ((row + line) * cols + col) * B;
    if (interleave === 'bil') return (row * B + line) * cols + col;
    return (Math.floor(line / R) * rows + row + (line % R)) * cols + col;
  };
  const lines = samples.length / length;
  for (let first = 0, next = 1; first < lines; first = next, next++) {
    while (next < lines && placeOf(next) === placeOf(next - 1) + length) next++;
    const part = samples.subarray(first * length, next * length);
    await sink.write(placeOf(first) * size, new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}
