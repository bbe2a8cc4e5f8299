import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateSync } from 'node:zlib';
import {
  createGeoTiff,
  type Deflate,
  type GeoTiffOptions,
  openGeoTiff,
  type SampleType,
  type Window,
} from '@egunet/raster';
import { nodeCodecs, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { arrays, bytesOf, type Size } from './geotiff-support.js';
import { memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';
import { assertSame } from './same-spectra.js';

const NO_DATA = -7;

/** Values that run on from pixel to pixel; some pixels lack data in one band, a corner in all. */
function values(type: SampleType, { rows, cols, bands }: Size) {
  return new arrays[type](rows * cols * bands).map((_: number, i: number) => {
    const [pixel, band] = [Math.floor(i / bands), i % bands];
    if (Math.floor(pixel / cols) + (pixel % cols) < 40) return NO_DATA;
    if (pixel % 11 === 0 && band === pixel % bands) return NO_DATA;
    if (type === 'float32' && pixel % 13 === 0 && band === bands - 1) return Number.POSITIVE_INFINITY;
    return ((pixel % 1009) * 3 + band * 17) % 30_011;
  });
}

async function geoTiff(
  size: Size,
  type: SampleType,
  options: Partial<GeoTiffOptions>,
  deflate?: Deflate,
): Promise<Buffer> {
  const sink = memorySink();
  const bands = Array.from({ length: size.bands }, () => ({ gain: 1e-4, offset: -0.01 }));
  const writer = createGeoTiff(sink, { ...size, sampleType: type, bands, noData: NO_DATA, ...options }, deflate);
  await writer.writeWindow({ row: 0, col: 0, rows: size.rows, cols: size.cols }, values(type, size));
  await writer.close();
  return Buffer.from(sink.bytes());
}

const open = (bytes: Buffer) => openGeoTiff(memorySource(bytes), nodeCodecs);

describe('Streaming spectra', () => {
  const size = { rows: 600, cols: 700, bands: 9 };

  for (const [type, options] of [
    ['int16', { tile: 512, interleave: 'pixel' }], // inflated as a stream
    ['float32', { tile: 512, interleave: 'pixel' }],
    ['int32', { tile: 512, interleave: 'pixel', predictor: 1 }],
    ['int16', { tile: 64, interleave: 'pixel' }], // block by block
    ['int16', { tile: 512, interleave: 'band' }],
  ] as [SampleType, Partial<GeoTiffOptions>][])
    it(`gives what reading windows gives: ${type}, ${JSON.stringify(options)}`, async () => {
      const scene = await open(await geoTiff(size, type, options));
      for (const [window, bands, pixels] of [
        [{ row: 0, col: 0, rows: 512, cols: 512 }, [0, 1, 2, 3, 4, 5, 6, 7, 8], 1024],
        [{ row: 0, col: 0, ...size }, [8, 2, 5], 1000],
        [{ row: 500, col: 505, rows: 100, cols: 195 }, [1], 333],
        [{ row: 599, col: 699, rows: 1, cols: 1 }, [3, 3], 10],
      ] as [Window, number[], number][])
        await assertSame(scene, window, { bands, pixels });
    });

  it('gives what reading windows gives, for any window, bands and pack', async () => {
    const scene = await open(await geoTiff(size, 'int16', { tile: 512, interleave: 'pixel' }));
    const window = fc
      .record({
        row: fc.nat(599),
        col: fc.nat(699),
        rows: fc.integer({ min: 1, max: 200 }),
        cols: fc.integer({ min: 1, max: 200 }),
      })
      .map((w) => ({ ...w, rows: Math.min(w.rows, 600 - w.row), cols: Math.min(w.cols, 700 - w.col) }));
    const bands = fc.uniqueArray(fc.nat(8), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(window, bands, fc.integer({ min: 1, max: 5000 }), (w, b, pixels) =>
        assertSame(scene, w, { bands: b, pixels }),
      ),
      { numRuns: 15, seed: 4 },
    );
  });

  for (const [type, interleave] of [
    ['int16', 'pixel'],
    ['int16', 'band'],
    ['float32', 'band'],
    ['float32', 'pixel'],
  ] as const)
    it(`leaves out the pixels that it is told to, of ${type} stored by ${interleave}`, async () => {
      const scene = await open(await geoTiff({ rows: 60, cols: 90, bands: 9 }, type, { tile: 48, interleave }));
      const window = { row: 5, col: 7, rows: 50, cols: 80 };
      const pattern = fc.oneof(
        fc.uint8Array({ min: 0, max: 1, minLength: 4000, maxLength: 4000 }),
        fc.constantFrom(0, 1).map((every) => new Uint8Array(4000).fill(every)),
        fc.integer({ min: 1, max: 300 }).map((run) => new Uint8Array(4000).map((_, i) => Math.floor(i / run) % 2)),
      );
      await fc.assert(
        fc.asyncProperty(pattern, fc.integer({ min: 1, max: 2000 }), (leaveOut, pixels) =>
          assertSame(scene, window, { bands: [8, 0, 1, 2, 3, 4, 5, 6, 7], pixels, leaveOut }),
        ),
        { numRuns: 12, seed: 7 },
      );
    });

  it('gives what reading windows gives, of ENVI images', async () => {
    const folder = temporaryFolder();
    const one = { rows: 90, cols: 70, bands: 5 };
    const path = join(folder, 'scene.img');
    writeFileSync(path, bytesOf(values('int16', one)));
    for (const interleave of ['bip', 'bil', 'bsq']) {
      writeFileSync(
        join(folder, 'scene.hdr'),
        `ENVI\nsamples = 70\nlines = 90\nbands = 5\ndata type = 2\ninterleave = ${interleave}\nbyte order = 0\ndata ignore value = ${NO_DATA}\n`,
      );
      const scene = await openScene(path);
      await assertSame(scene, { row: 3, col: 5, rows: 80, cols: 60 }, { bands: [4, 0, 2], pixels: 512 });
      await scene.close();
    }
  });

  const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
  for (const how of [
    { level: 0 },
    { level: 1, strategy: Z_DEFAULT_STRATEGY },
    { level: 9, strategy: Z_DEFAULT_STRATEGY, memLevel: 1 },
    { level: 6, strategy: Z_FILTERED, windowBits: 9 },
    { level: 6, strategy: Z_HUFFMAN_ONLY },
    { level: 6, strategy: Z_RLE },
    { level: 6, strategy: Z_FIXED },
  ])
    it(`inflates what zlib deflates: ${JSON.stringify(how)}`, async () => {
      const deflate = (bytes: Uint8Array) => deflateSync(bytes, how);
      for (const [type, tile] of [
        ['int16', 512],
        ['float32', 64],
      ] as const) {
        const scene = await open(await geoTiff(size, type, { tile, interleave: 'pixel', predictor: 1 }, deflate));
        await assertSame(scene, { row: 0, col: 0, ...size }, { bands: [0, 4, 8], pixels: 4096 });
      }
    });

  it('inflates damaged blocks to what zlib makes of them, or refuses them like zlib', async () => {
    const one = { rows: 64, cols: 64, bands: 9 };
    const [window, bands] = [{ row: 0, col: 0, rows: 64, cols: 64 }, [0, 1, 2, 3, 4, 5, 6, 7, 8]];
    for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY]) {
      let length = 0;
      const deflate = (bytes: Uint8Array) => {
        const tile = deflateSync(bytes, { strategy });
        length = tile.length;
        return tile;
      };
      const good = await geoTiff(one, 'int16', { tile: 64, interleave: 'pixel' }, deflate);
      const begin = good.length - length - (length % 2);
      const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
        minLength: 1,
        maxLength: 3,
      });
      await fc.assert(
        fc.asyncProperty(damage, async (places) => {
          const bytes = Buffer.from(good);
          // The header stays: the tile begins behind it and ends with the file; most blows go to its first bytes, where the codes stand.
          for (const [at, value] of places) bytes[begin + Math.floor((bytes.length - begin) * at ** 4)] = value;
          const scene = await open(bytes);
          const read = await scene.readSpectra(window, bands).then(Boolean, () => false);
          if (read) await assertSame(scene, window, { bands, pixels: 4096 });
          else
            await assert.rejects(async () => {
              for await (const _ of scene.streamSpectra(window, bands, 100));
            }, /RasterError: .*tile 0 \(deflate\) cannot be decoded/);
        }),
        { numRuns: 120, seed: 5 },
      );
    }
  });

  it('asks for the next piece of a tile while one is inflated, where the source reads into memory of its own', async () => {
    const deflate = (bytes: Uint8Array) => deflateSync(bytes, { level: 0 });
    const bytes = await geoTiff(size, 'int16', { tile: 512, interleave: 'pixel' }, deflate);
    const source = memorySource(bytes);
    assert.equal(source.readInto, undefined);
    let underWay = 0;
    let whileInflating = 0;
    const slow = {
      ...source,
      async read(offset: number, length: number) {
        underWay++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        underWay--;
        return source.read(offset, length);
      },
    };
    const scene = await openGeoTiff(slow, nodeCodecs);
    for await (const { count } of scene.streamSpectra({ row: 0, col: 0, rows: 512, cols: 512 }, [0], 1024)) {
      assert.ok(count > 0);
      whileInflating += underWay;
    }
    assert.ok(whileInflating > 0);
  });

  it('stops in the middle without harm, and reports a damaged tile as reading does', async () => {
    const bytes = await geoTiff(size, 'int16', { tile: 512, interleave: 'pixel' });
    const scene = await open(bytes);
    const window = { row: 0, col: 0, rows: 512, cols: 512 };
    for await (const { count } of scene.streamSpectra(window, [0], 100)) {
      assert.equal(count, 100);
      break;
    }
    await assertSame(scene, window, { bands: [0], pixels: 4096 });
    const damaged = Buffer.from(bytes);
    damaged.fill(0xff, 30_000, 31_000);
    const drain = async (path: Buffer) => {
      for await (const _ of (await open(path)).streamSpectra(window, [0], 100));
    };
    await assert.rejects(
      drain(damaged),
      /RasterError: .*tile 0 \(deflate\) cannot be decoded: .*; the file is damaged, get it again/,
    );
  });
});
