// Windows that overlap, of files whose blocks are decoded as they are streamed: the edges of blocks are kept.
import assert from 'node:assert/strict';
import { createGeoTiff, type GeoTiffOptions, openGeoTiff, type SampleType, type Window } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import fc from 'fast-check';
import { arrays } from './geotiff-support.js';
import { memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';
import { assertSame } from './same-spectra.js';

const SIZE = { rows: 150, cols: 170, bands: 7 };
const LARGE = { rows: 600, cols: 700, bands: 9 };

async function geoTiff(size: typeof SIZE, type: SampleType, options: Partial<GeoTiffOptions>): Promise<Uint8Array> {
  const sink = memorySink();
  const bands = Array.from({ length: size.bands }, () => ({ gain: 1e-4, offset: 0 }));
  const writer = createGeoTiff(sink, { ...size, sampleType: type, bands, noData: -7, ...options });
  const values = new arrays[type](size.rows * size.cols * size.bands).map((_: number, i: number) => {
    const [pixel, band] = [Math.floor(i / size.bands), i % size.bands];
    return pixel % 17 === 3 ? -7 : ((pixel % 1009) * 3 + band * 17) % 30_011;
  });
  await writer.writeWindow({ row: 0, col: 0, rows: size.rows, cols: size.cols }, values);
  await writer.close();
  return sink.bytes();
}

/** The tiles of a scene, each with pixels around it. */
function* haloed({ rows, cols }: typeof SIZE, tile: number, halo: number): Generator<Window> {
  for (let row = 0; row < rows; row += tile)
    for (let col = 0; col < cols; col += tile) {
      const [top, left] = [Math.max(0, row - halo), Math.max(0, col - halo)];
      const [bottom, right] = [Math.min(rows, row + tile + halo), Math.min(cols, col + tile + halo)];
      yield { row: top, col: left, rows: bottom - top, cols: right - left };
    }
}

describe('the edges of blocks', () => {
  it('are whole blocks where these are no wider: nothing is decoded twice', async () => {
    const source = memorySource(await geoTiff(SIZE, 'int16', { tile: 16, interleave: 'pixel' }));
    const scene = await openGeoTiff(source, nodeCodecs);
    const everything = { row: 0, col: 0, rows: SIZE.rows, cols: SIZE.cols };
    await assertSame(scene, everything, { bands: [0, 3, 6], pixels: 500, edges: 20 });
    const before = source.reads.length;
    let pixels = 0;
    for await (const pack of scene.streamSpectra(everything, [0, 3, 6], 500, { edges: 20 })) pixels += pack.count;
    assert.ok(pixels > 20_000);
    assert.equal(source.reads.length, before);
  });

  const kinds: [what: string, size: typeof SIZE, type: SampleType, options: Partial<GeoTiffOptions>][] = [
    ['tiles inflated as a stream', LARGE, 'int16', { tile: 512, interleave: 'pixel' }],
    ['small tiles', SIZE, 'int16', { tile: 48, interleave: 'pixel' }],
    ['tiles of single bands', SIZE, 'float32', { tile: 64, interleave: 'band' }],
  ];
  for (const [what, size, type, options] of kinds) {
    const tile = options.tile!;
    it(`give what reading windows gives, of ${what}`, async () => {
      const scene = await openGeoTiff(memorySource(await geoTiff(size, type, options)), nodeCodecs);
      for (const bands of [
        [0, 1, 2, 3, 4, 5, 6],
        [5, 0],
      ])
        for (const window of haloed(size, tile, 3)) await assertSame(scene, window, { bands, pixels: 500, edges: 3 });
    });

    it(`give it for windows of any place, in any order, of ${what}`, async () => {
      const scene = await openGeoTiff(memorySource(await geoTiff(size, type, options)), nodeCodecs);
      const side = fc.integer({ min: 1, max: Math.round(1.3 * tile) });
      const window = fc
        .record({ row: fc.nat(size.rows - 1), col: fc.nat(size.cols - 1), rows: side, cols: side })
        .map((w) => ({ ...w, rows: Math.min(w.rows, size.rows - w.row), cols: Math.min(w.cols, size.cols - w.col) }));
      const strip = window.map((w) => ({ ...w, row: Math.floor(w.row / tile) * tile, rows: Math.min(2, w.rows) }));
      await fc.assert(
        fc.asyncProperty(fc.oneof(window, strip), fc.integer({ min: 1, max: 3 }), (w, edges) =>
          assertSame(scene, w, { bands: [6, 2], pixels: 300, edges }),
        ),
        { numRuns: 25, seed: 11 },
      );
    });

    it(`are not decoded again, of ${what}`, async () => {
      const source = memorySource(await geoTiff(size, type, options));
      const scene = await openGeoTiff(source, nodeCodecs);
      const bands = [0, 1, 2, 3, 4, 5, 6];
      const readAll = async (edges: number) => {
        const before = source.reads.length;
        for (const window of haloed(size, tile, 2))
          for await (const pack of scene.streamSpectra(window, bands, 500, { edges })) assert.ok(pack.count > 0);
        return source.reads.slice(before).reduce((sum, { length }) => sum + length, 0);
      };
      const stored = [...haloed(size, tile, 0)].length;
      const first = await readAll(2);
      const again = await readAll(2);
      // A second pass finds the edges of all blocks: each is read once, for itself.
      const perBlock = again / stored;
      assert.ok(again < 0.75 * first, `${again} bytes, then ${first}`);
      assert.ok(again <= 1.001 * source.size, `${again} of ${source.size} bytes, ${perBlock} a block`);
    });
  }
});
