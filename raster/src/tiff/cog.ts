// Writes a cloud-optimised GeoTIFF: 512 x 512 tiles, pixel-interleaved, DEFLATE with predictor, overviews by averaging, and every directory
// before the data. Tiles are kept compressed in a store until all are there: only then are the places of any of them known.
// Source: https://cogeo.org and GDAL's "Cloud Optimized GeoTIFF" driver page (structural metadata, block leaders and trailers).
import type { MapFormat, MapInWork } from '../map-writer.js';
import type { Stop } from '../scene.js';
import type { ByteSink } from '../source.js';
import { across, down, makeOverviews } from './overviews.js';
import { pyramid, type Size } from './reduce.js';
import { type BandStatistics, statisticsItems } from './statistics.js';
import { FIELD, TAG } from './tags.js';
import { encodeHeader, type Field } from './write-ifd.js';
import { CLASSIC_BYTES, planGeoTiff } from './write-options.js';

/** Makes a cloud-optimised GeoTIFF: overviews while tiles come in, the file when all are there. */
export const cogFormat =
  (createSink: () => Promise<ByteSink>): MapFormat =>
  (map) => {
    const levels = pyramid(map.plan, map.plan.blockRows);
    const overviews = makeOverviews({ ...map, noData: map.options.noData, levels });
    return {
      add: overviews.add,
      async finish(signal) {
        const statistics = await overviews.finish(signal);
        await assemble(createSink, { ...map, levels, statistics, signal });
        return statistics;
      },
    };
  };

/** What tells GDAL that a tile lies between its length and its last four bytes, so that one request gets it. */
const STRUCTURE = (() => {
  const lines =
    'LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ';
  return `GDAL_STRUCTURAL_METADATA_SIZE=${String(lines.length).padStart(6, '0')} bytes\n${lines}`;
})();

/** Bytes around each tile: its length before it, its last four bytes again behind it. */
const AROUND = 8;
const REDUCED: Field = { tag: TAG.subfileType, type: FIELD.long, values: [1] };

interface Finished extends MapInWork {
  readonly levels: readonly Size[];
  readonly statistics: readonly BandStatistics[];
  readonly signal: Stop | undefined;
}

/** Writes the file: header, directories, then the tiles of the smallest level to those of the largest. */
async function assemble(createSink: () => Promise<ByteSink>, finished: Finished): Promise<void> {
  const { plan, store, levels, signal, packed } = finished;
  const counts = levels.map((size) => across(size, plan.blockRows) * down(size, plan.blockRows));
  const lengths = counts.map((count, level) => Float64Array.from({ length: count }, (_, i) => store.size(level, i)));
  let [total, longest] = [0, 0];
  for (const level of lengths)
    for (const bytes of level) {
      total += bytes + AROUND;
      longest = Math.max(longest, bytes + AROUND);
    }
  const header = (big: boolean) => {
    const images = directories(finished, lengths, big);
    const empty = lengths.map((level) => new Float64Array(level.length));
    const begin = encodeHeader(images(empty), { big, preamble: STRUCTURE }).length;
    const offsets = placesFrom(begin, lengths);
    return { begin, bytes: encodeHeader(images(offsets), { big, preamble: STRUCTURE }) };
  };
  const classic = header(false);
  const { bytes, begin } = classic.begin + total <= CLASSIC_BYTES ? classic : header(true);
  const sink = await createSink();
  try {
    await sink.write(0, bytes);
    let at = begin;
    const pooled = packed.take();
    const room = pooled.byteLength >= longest ? new Uint8Array(pooled) : new Uint8Array(longest);
    for (let level = levels.length - 1; level >= 0; level--)
      for (let index = 0; index < counts[level]!; index++) {
        signal?.throwIfAborted();
        const framed = room.subarray(0, lengths[level]![index]! + AROUND);
        await store.getInto(level, index, framed.subarray(4, -4));
        frame(framed);
        await sink.write(at, framed);
        at += framed.length;
      }
    await sink.commit();
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** Puts around a tile its length and its last four bytes. */
function frame(framed: Uint8Array): void {
  new DataView(framed.buffer, framed.byteOffset).setUint32(0, framed.length - AROUND, true);
  framed.copyWithin(framed.length - 4, framed.length - 8, framed.length - 4);
}

/** Where the tiles of each level begin: the smallest level lies first. */
function placesFrom(begin: number, lengths: readonly Float64Array[]): Float64Array[] {
  let at = begin;
  return lengths
    .map((level) => ({ level, offsets: new Float64Array(level.length) }))
    .reverse()
    .map(({ level, offsets }) => {
      for (const [i, bytes] of level.entries()) {
        offsets[i] = at + 4;
        at += bytes + AROUND;
      }
      return offsets;
    })
    .reverse();
}

/** The directories' fields, once the tiles' places are known. */
function directories(
  { name, options, plan, levels, statistics }: Finished,
  lengths: readonly Float64Array[],
  big: boolean,
): (offsets: readonly Float64Array[]) => Field[][] {
  const pixels = plan.rows * plan.cols;
  const bands = options.bands.map((band, b) => ({
    ...band,
    items: { ...band.items, ...statisticsItems(statistics[b]!, pixels) },
  }));
  const fields = levels.map((size, level) => {
    if (level === 0) return planGeoTiff({ ...options, bands }, name).fields;
    const { sampleType, predictor, noData, tile, interleave } = options;
    const bare = { sampleType, predictor, noData, tile, interleave, bands: options.bands.map(() => ({})), ...size };
    return [REDUCED, ...planGeoTiff(bare, name).fields];
  });
  return (offsets) =>
    fields.map((common, level) => [
      ...common,
      { tag: TAG.tileOffsets, type: big ? FIELD.long8 : FIELD.long, values: offsets[level]! },
      { tag: TAG.tileByteCounts, type: FIELD.long, values: lengths[level]! },
    ]);
}
