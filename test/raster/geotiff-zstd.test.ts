import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { type Codecs, openGeoTiff, type SampleArray } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { requireGdal, temporaryFolder } from '../support/index.js';
import { assertSameBits, bytesOf, patchTag, readAll, sampleValues, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused, memorySource } from './memory.js';

const size = { rows: 300, cols: 310, bands: 2 };
const TAG = { rows: 257, compression: 259, offset: 273, rowsPerStrip: 278, byteCount: 279 };

const { inflate } = nodeCodecs;
/** A platform without ZSTD. */
const plain: Codecs = { inflate };
const platforms = [
  ['by Node', nodeCodecs],
  ['by WebAssembly', plain],
] as const;

const read = async (bytes: Uint8Array, codecs: Codecs): Promise<SampleArray> =>
  readAll(await openGeoTiff(memorySource(bytes, 'scene.tif'), codecs));

describe('ZSTD in a GeoTIFF', () => {
  const folder = temporaryFolder();
  const values = sampleValues('int16', size);
  /** One strip, so that it can be found; with pixels of both bands. */
  let strip: Buffer;
  let raw = '';

  before(function () {
    requireGdal(this);
    raw = writeEnvi(join(folder, 'raw'), values, { type: 'int16', size });
    strip = readFileSync(make(`-co COMPRESS=ZSTD -co BLOCKYSIZE=${size.rows}`));
  });

  const make = (options: string): string => translate(raw, join(folder, 'made.tif'), `-of GTiff ${options}`);

  /** The uncompressed scene with `frame` as its one strip. */
  function withFrame(frame: Uint8Array): Buffer {
    const bytes = readFileSync(make(`-co BLOCKYSIZE=${size.rows}`));
    const tags = { [TAG.compression]: 50000, [TAG.offset]: bytes.length, [TAG.byteCount]: frame.length };
    let patched: Buffer = bytes;
    for (const [tag, value] of Object.entries(tags)) patched = patchTag(patched, Number(tag), value);
    return Buffer.concat([patched, frame]);
  }

  it('is unpacked by Node where Node can', () => {
    assert.equal(nodeCodecs.unzstd !== undefined, 'zstdDecompress' in zlib);
  });

  for (const [where, codecs] of platforms)
    it(`is unpacked ${where}, small blocks and large, whatever the level`, async () => {
      for (const options of [
        '-co ZSTD_LEVEL=1 -co BLOCKYSIZE=300',
        '-co ZSTD_LEVEL=22 -co BLOCKYSIZE=300',
        '-co TILED=YES -co BLOCKXSIZE=64 -co BLOCKYSIZE=16',
      ])
        assertSameBits(await read(readFileSync(make(`-co COMPRESS=ZSTD ${options}`)), codecs), values);
    });

  it("is handed to the platform's decoder, each tile once", async () => {
    const tiled = readFileSync(make('-co COMPRESS=ZSTD -co TILED=YES -co BLOCKXSIZE=160 -co BLOCKYSIZE=304'));
    const most: number[] = [];
    const fake: Codecs = { ...plain, unzstd: (_, bytes) => new Uint8Array(most.push(bytes) && bytes).fill(7) };
    const scene = await openGeoTiff(memorySource(tiled, 'scene.tif'), fake);
    for (const row of [0, 100, 200]) {
      const { data } = await scene.readWindow({ row, col: 0, rows: 100, cols: size.cols });
      assert.ok(data.every((value) => value === 0x0707));
    }
    assert.deepEqual(most, [160 * 304 * 4, 160 * 304 * 4], 'two tiles');
  });

  for (const [where, codecs] of platforms) {
    it(`is refused where a frame, unpacked ${where}, holds less or more than its strip`, async () => {
      const rows = (count: number) => patchTag(patchTag(strip, TAG.rows, count), TAG.rowsPerStrip, count);
      assertSameBits(await read(rows(size.rows), codecs), values);
      for (const count of [size.rows + 1, size.rows + 100])
        await assertRefused(
          () => read(rows(count), codecs),
          new RegExp(`strip 0 \\(zstd\\) cannot be decoded: expected ${count * 310 * 4} bytes, got ${300 * 310 * 4};`),
        );
      for (const count of [size.rows - 1, 10])
        await assertRefused(() => read(rows(count), codecs), /strip 0 \(zstd\) cannot be decoded/);
    });

    it(`is refused where a frame, unpacked ${where}, is cut off`, async () => {
      const count = strip.length - strip.indexOf('28b52ffd', 0, 'hex');
      for (const cut of [0.1, 0.5, 0.99])
        await assertRefused(
          () => read(patchTag(strip, TAG.byteCount, Math.floor(cut * count)), codecs),
          /strip 0 \(zstd\) cannot be decoded/,
        );
      await assertRefused(() => read(patchTag(strip, TAG.byteCount, 4), codecs), /strip 0 /);
    });
  }

  it('is read from frames that state their length, and refused where that is beyond the strip', async () => {
    const content = bytesOf(values);
    /** A frame of raw blocks, which states `length` (RFC 8878: single segment, 4 bytes of content size). */
    const frame = (length: number): Buffer => {
      const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
      header.writeUInt32LE(length, 5);
      const starts = Array.from({ length: Math.ceil(content.length / 2 ** 17) }, (_, i) => i * 2 ** 17);
      const blocks = starts.map((start) => {
        const block = content.subarray(start, start + 2 ** 17);
        const last = start + 2 ** 17 >= content.length ? 1 : 0;
        const head = Buffer.alloc(3);
        head.writeUIntLE((block.length << 3) | last, 0, 3);
        return Buffer.concat([head, block]);
      });
      return Buffer.concat([header, ...blocks]);
    };
    for (const [, codecs] of platforms) {
      assertSameBits(await read(withFrame(frame(content.length)), codecs), values);
      await assertRefused(() => read(withFrame(frame(2 ** 31 - 1)), codecs), /strip 0 \(zstd\) cannot be decoded/);
      await assertRefused(() => read(withFrame(Buffer.alloc(1000, 'x')), codecs), /strip 0 /);
    }
  });

  for (const [where, codecs] of platforms)
    it(`is read or refused, unpacked ${where}, wherever a frame is damaged`, async () => {
      const start = strip.indexOf('28b52ffd', 0, 'hex');
      let state = 7;
      const draw = (most: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * most);
      };
      for (let k = 0; k < 300; k++) {
        const damaged = Buffer.from(strip);
        // Headers and tables of the first block more often than what they describe.
        for (let n = 0; n <= draw(3); n++) damaged[start + 4 + draw(draw(2) ? 200 : 20_000)] = draw(256);
        await read(damaged, codecs).catch(({ _tag }) => assert.equal(_tag, 'RasterError'));
      }
    });

  it('takes no more memory than its strip, by WebAssembly, whatever window a frame asks for', async () => {
    const greedy = Buffer.from(strip);
    greedy[strip.indexOf('28b52ffd', 0, 'hex') + 5] = 0xa0; // 1 GiB, which the decoder would fill
    const before = process.memoryUsage.rss();
    assertSameBits(await read(greedy, plain), values);
    assert.ok(process.memoryUsage.rss() - before < 2 ** 29);
  });
});
