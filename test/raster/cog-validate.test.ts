// Cloud-optimised GeoTIFFs in the eyes of `rio cogeo validate`, for which warnings count as errors.
import assert from 'node:assert/strict';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ByteSink, Georeference } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { requireGdal, requireRioCogeo, root, run, temporaryFolder } from '../support/index.js';
import { cut, gdalInfo, windowsOf } from './geotiff-support.js';
import { type Case, optionsOf, surfaces, writeMap } from './map-formats-support.js';

type Cog = typeof import('../../raster/src/tiff/cog.js');
type Writer = typeof import('../../raster/src/map-writer.js');

/** A module of the room that is no part of its public face. */
const inside = (file: string) => import(pathToFileURL(join(root, 'raster/dist', file)).href);

const MAP: Case = { rows: 640, cols: 1100, bands: 3, type: 'float32', tile: 128 };
const ROTATED: Georeference = { affine: [26, 15, 360_000, 15, -26, 5_820_000], epsg: 32633 };

describe('a cloud-optimised GeoTIFF', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let rio: string;

  before(function () {
    requireGdal(this);
    rio = requireRioCogeo(this);
  });

  const judgement = (path: string): string => run(rio, ['cogeo', 'validate', '--strict', path]);
  const assertValid = (path: string) =>
    assert.equal(judgement(path), `${path} is a valid cloud optimized GeoTIFF\n`, 'no warning either');

  for (const [what, some, levels, georeference] of [
    ['float32', {}, 4],
    ['uint16', { type: 'uint16' }, 4],
    ['uint8', { type: 'uint8' }, 4],
    ['the usual tiles', { tile: 512 }, 2],
    ['one pixel', { rows: 1, cols: 1, tile: 512 }, 0],
    ['one row', { rows: 1, cols: 700, bands: 1 }, 3],
    ['less than a tile', { rows: 100, cols: 300, tile: 512 }, 0],
    ['a rotated grid', {}, 4, ROTATED],
    ['an unknown coordinate system', {}, 4, { affine: ROTATED.affine }],
    ['no place', {}, 4, null],
  ] as [string, Partial<Case>, number, (Georeference | null)?][])
    it(`of ${what} is valid, with overviews down to a tile`, async () => {
      const path = join(folder, `${what}.tif`);
      const one = { ...MAP, ...some };
      const place = georeference === undefined ? {} : { georeference: georeference ?? undefined };
      await writeMap(path, one, { format: 'cog', values: surfaces(one), ...place });
      const [band] = gdalInfo(path).bands as { overviews?: unknown[] }[];
      assert.equal(band!.overviews?.length ?? 0, levels);
      assertValid(path);
    });

  it('of more than 4 GiB is a valid BigTIFF, which GDAL reads as it does the small one', async () => {
    const one = { ...MAP, tile: 128, bands: 1 };
    const [small, path] = [join(folder, 'small.tif'), join(folder, 'big.tif')];
    await writeMap(small, one, { format: 'cog', values: surfaces(one) });
    await writeBig(path, one);
    const head = await headOf(path);
    assert.ok(head.size > 2 ** 32);
    assert.equal(head.version, 43, 'BigTIFF');
    assertValid(path);
    const checksums = (of: string) =>
      (JSON.parse(run('gdalinfo', ['-json', '-checksum', of]).replaceAll(': nan', ': "NaN"')) as { bands: object[] })
        .bands;
    assert.deepEqual(checksums(path), checksums(small));
  });

  it('of another making is told from a valid one', async () => {
    const [whole, other] = [join(folder, 'whole.tif'), join(folder, 'other.tif')];
    await writeMap(whole, MAP, { format: 'cog', values: surfaces(MAP) });
    run('gdal_translate', ['-q', '-of', 'GTiff', '-ovr', 'NONE', whole, other]);
    assert.match(judgement(other), /other\.tif is NOT a valid cloud optimized GeoTIFF/);
  });
});

/** Of a file: its size, and the version of TIFF. */
async function headOf(path: string) {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const { size } = await file.stat();
  await file.close();
  return { size, version: buffer.readUInt16LE(2) };
}

/** Bytes that follow each tile of the image, as if it were packed so badly: zeros, behind where its stream ends. */
const PADDING = 2 ** 26 + 2 ** 25;

/** A map of which every tile takes almost 100 MB: its file has holes in place of the zeros. */
async function writeBig(path: string, one: Case): Promise<void> {
  const [{ cogFormat }, { createMapWriter }]: [Cog, Writer] = await Promise.all([
    inside('tiff/cog.js'),
    inside('map-writer.js'),
  ]);
  const tiles = new Map<string, Uint8Array>();
  const keyOf = (level: number, index: number) => `${level}/${index}`;
  const paddingOf = (level: number) => (level === 0 ? PADDING : 0);
  const store = {
    held: () => [],
    size: (level: number, index: number) => tiles.get(keyOf(level, index))!.length + paddingOf(level),
    async put(level: number, index: number, bytes: Uint8Array) {
      tiles.set(keyOf(level, index), bytes.slice());
    },
    async get(level: number, index: number) {
      const tile = tiles.get(keyOf(level, index))!;
      const padded = new Uint8Array(tile.length + paddingOf(level));
      padded.set(tile);
      return padded;
    },
    async getInto(level: number, index: number, into: Uint8Array) {
      into.set(await this.get(level, index));
    },
  };
  const file = await open(path, 'w');
  const places = { name: path, store, codecs: nodeCodecs };
  const writer = createMapWriter(
    places,
    optionsOf(one),
    cogFormat(async () => sparse(path, file)),
  );
  const values = surfaces(one);
  for (const window of windowsOf(one, 100)) await writer.writeWindow(window, cut(values, one, window));
  await writer.close();
  await file.close();
}

/** A sink that leaves a hole in the place of a tile's padding. */
const sparse = (name: string, file: FileHandle): ByteSink => ({
  name,
  async write(offset, bytes) {
    const last = Math.max(0, bytes.length - PADDING);
    const whole = bytes.length < PADDING;
    await file.write(whole ? bytes : bytes.subarray(0, last), 0, undefined, offset);
    if (!whole) await file.write(bytes.subarray(-4), 0, undefined, offset + bytes.length - 4);
  },
  commit: async () => undefined,
  discard: async () => undefined,
});
