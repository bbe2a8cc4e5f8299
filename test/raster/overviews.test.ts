// Overviews of GeoTIFFs, as GDAL, and we, write them; each is compared with what GDAL reads of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@egunet/fixtures';
import { type Overview, openGeoTiff, openSceneAt, type SampleType, type Scene } from '@egunet/raster';
import { createMapFile, nodeCodecs } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { directoriesOf, lengthened, linked, withSubIfds } from './directories.js';
import { metadataXml, open as openEnmap, THREE } from './enmap-support.js';
import {
  arrays,
  assertSameBits,
  openPath,
  patchTag,
  readAll,
  sampleValues,
  translate,
  writeEnvi,
} from './geotiff-support.js';
import { assertRefused, memoryFolder, memorySource } from './memory.js';
import { mutated, readAll as readFiles } from './mutate.js';

const size = { rows: 301, cols: 437, bands: 3 };
const TILES = '-co TILED=YES -co BLOCKXSIZE=64 -co BLOCKYSIZE=64';

describe('Overviews of a GeoTIFF', () => {
  const folder = temporaryFolder();

  before(function () {
    requireGdal(this);
  });

  /** A GeoTIFF on the ground, with a NoData value, by GDAL. */
  function make(type: SampleType, options: string): string {
    const raw = writeEnvi(join(folder, `raw-${type}`), sampleValues(type, size), { type, size });
    const ground = '-a_srs EPSG:32633 -a_ullr 300000 5800000 313110 5790970';
    return translate(raw, join(folder, 'made.tif'), `${ground} -a_nodata -9999 ${options}`);
  }

  /** One with overviews in the file, a half, a quarter and an eighth of its size. */
  function makeWithOverviews(type: SampleType, options: string): string {
    const path = make(type, `-of GTiff ${options}`);
    run('gdaladdo', ['-q', '-r', 'average', path, '2', '4', '8']);
    return path;
  }

  /** What GDAL reads of an overview. */
  function readOverview(path: string, level: number, type: SampleType) {
    const raw = translate(path, join(folder, 'overview'), `-of ENVI -co INTERLEAVE=BIP -oo OVERVIEW_LEVEL=${level}`);
    return new arrays[type](Uint8Array.from(readFileSync(raw)).buffer);
  }

  const sizesOf = ({ overviews = [] }: Scene): number[][] => overviews.map(({ rows, cols }) => [rows, cols]);
  const HALVES = [
    [151, 219],
    [76, 110],
    [38, 55],
  ];

  async function assertAsGdal(path: string, type: SampleType, sizes: number[][]): Promise<void> {
    const scene = await openPath(path);
    assert.deepEqual(sizesOf(scene), sizes);
    for (const [level, overview] of scene.overviews!.entries()) {
      const opened = await overview.open();
      assert.deepEqual([opened.rows, opened.cols, opened.overviews], [overview.rows, overview.cols, undefined]);
      assertSameBits(await readAll(opened), readOverview(path, level, type));
      assert.deepEqual(opened.bands, scene.bands);
    }
    await scene.close();
  }

  for (const type of ['int16', 'float32'] as const) {
    for (const interleave of ['PIXEL', 'BAND'])
      it(`hold what GDAL reads: ${type}, ${interleave.toLowerCase()}-interleaved, by gdaladdo`, async () => {
        await assertAsGdal(makeWithOverviews(type, `${TILES} -co INTERLEAVE=${interleave}`), type, HALVES);
        const options = `-co INTERLEAVE=${interleave} -co COMPRESS=DEFLATE -co PREDICTOR=2 -co BIGTIFF=YES`;
        await assertAsGdal(makeWithOverviews(type, options), type, HALVES);
      });

    it(`hold what GDAL reads: ${type}, by GDAL's COG driver`, async () => {
      const path = make(type, '-of COG -co BLOCKSIZE=128 -co COMPRESS=DEFLATE');
      await assertAsGdal(path, type, [
        [150, 218],
        [75, 109],
      ]);
    });
  }

  it('hold what GDAL reads: our own maps', async () => {
    const path = join(folder, 'map.tif');
    const file = await createMapFile(path, {
      ...size,
      tile: 64,
      sampleType: 'float32',
      bands: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      noData: Number.NaN,
      format: 'cog',
      identity: { scene: 'a' },
    });
    await file.writeWindow({ row: 0, col: 0, ...size }, sampleValues('float32', size));
    await file.close();
    await assertAsGdal(path, 'float32', [
      [151, 219],
      [76, 110],
      [38, 55],
    ]);
  });

  it("cover the same ground, have the scene's reference system, NoData and spectra, and stay readable when one is closed", async () => {
    const path = makeWithOverviews('int16', TILES);
    const scene = await openPath(path);
    const [first, second] = scene.overviews as [Overview, Overview];
    const half = await first.open();
    await (await second.open()).close();
    const { affine, ...crs } = half.georeference!;
    const { affine: whole, ...same } = scene.georeference!;
    assert.deepEqual(crs, same);
    assert.deepEqual([half.name, half.format, half.block], [path, 'GeoTIFF', { rows: 64, cols: 64 }]);
    const cornerOf = ([a, , c, , e, f]: readonly number[], { rows, cols }: Overview | Scene) => [
      a! * cols + c!,
      e! * rows + f!,
    ];
    assert.deepEqual([affine[2], affine[5], ...cornerOf(affine, half)], [300000, 5800000, ...cornerOf(whole, scene)]);
    assert.equal(half.bands[0]!.noData, -9999);
    const window = { row: 3, col: 2, rows: 90, cols: 100 };
    const { spectra } = await half.readSpectra(window, [2, 0]);
    let packed = 0;
    for await (const pack of half.streamSpectra(window, [2, 0], 512))
      for (let i = 0; i < pack.count; i++, packed++)
        for (const band of [0, 1]) assert.equal(pack.spectra[2 * i + band], spectra[2 * pack.pixels[i]! + band]);
    assert.ok(packed > 8000, `${packed}`);
    await scene.close();
    await assert.rejects(half.readWindow(window));
  });

  it('are absent where there are none, masks are none, and those of a mask are not those of the image', async () => {
    const plain = await openPath(make('int16', '-of GTiff'));
    assert.equal('overviews' in plain, false);
    await plain.close();
    const internal = ['--config', 'GDAL_TIFF_INTERNAL_MASK', 'YES'];
    const path = join(folder, 'masked.tif');
    run('gdal_translate', ['-q', ...internal, '-mask', '1', make('int16', '-of GTiff -b 1'), path]);
    const masked = await openPath(path);
    assert.equal(masked.overviews, undefined);
    await masked.close();
    run('gdaladdo', ['-q', ...internal, path, '2', '4']);
    assert.equal(directoriesOf(readFileSync(path)).length, 6);
    const reduced = await openPath(path);
    assert.deepEqual(sizesOf(reduced), HALVES.slice(0, 2));
    await reduced.close();
  });

  it('are found as SubIFDs, in the order of their size', async () => {
    const path = makeWithOverviews('int16', TILES);
    const expected = readOverview(path, 1, 'int16');
    writeFileSync(path, withSubIfds(readFileSync(path)));
    const scene = await openPath(path);
    assert.deepEqual(sizesOf(scene), HALVES);
    assertSameBits(await readAll(await scene.overviews![1]!.open()), expected);
    await scene.close();
  });

  const open = (bytes: Uint8Array) => openGeoTiff(memorySource(bytes, 'scene.tif'), nodeCodecs);

  it('with other bands, of another type, not smaller, in a compression that is not read, or behind another image are not taken', async () => {
    const bytes = readFileSync(makeWithOverviews('int16', TILES));
    const second = directoriesOf(bytes)[1]!.at;
    /** With a value of the second directory changed, as if it were the first for a moment. */
    const patched = (tag: number, value: number) => {
      const turned = Buffer.from(bytes);
      turned.writeUInt32LE(second, 4);
      const changed = patchTag(turned, tag, value);
      bytes.copy(changed, 4, 4, 8);
      return changed;
    };
    const [WIDTH, HEIGHT, BITS, COMPRESSION, BANDS, SUBFILE] = [256, 257, 258, 259, 277, 254];
    assert.deepEqual(sizesOf(await open(patched(BANDS, 4))), HALVES.slice(1));
    assert.deepEqual(sizesOf(await open(patched(WIDTH, 438))), HALVES.slice(1));
    assert.deepEqual(sizesOf(await open(patched(HEIGHT, 0))), HALVES.slice(1));
    assert.deepEqual(sizesOf(await open(patched(BITS, 8))), HALVES.slice(1));
    assert.deepEqual(sizesOf(await open(patched(COMPRESSION, 32773))), HALVES.slice(1)); // PackBits
    assert.equal((await open(patched(SUBFILE, 0))).overviews, undefined);
    assert.equal((await open(patched(SUBFILE, 2))).overviews, undefined);
  });

  it('end where the chain forms a ring, leads out of the file, or goes on for thousands', async () => {
    const bytes = readFileSync(makeWithOverviews('int16', TILES));
    const chain = directoriesOf(bytes);
    for (const { at } of chain) assert.deepEqual(sizesOf(await open(linked(bytes, 3, at))), HALVES);
    for (const target of [bytes.length - 1, bytes.length + 8, 2 ** 32 - 1, 1])
      assert.deepEqual(sizesOf(await open(linked(bytes, 2, target))), HALVES.slice(0, 2));
    const source = memorySource(lengthened(bytes, 5000), 'scene.tif');
    const { overviews } = await openGeoTiff(source, nodeCodecs);
    assert.ok(overviews!.length >= 3 && overviews!.length <= 64, `${overviews!.length}`);
    assert.ok(source.reads.length < 500, `${source.reads.length}`);
  });

  it('cost no more to open a file than a few small reads each, none of which are of tiles or their places', async () => {
    const bytes = readFileSync(makeWithOverviews('int16', TILES));
    const readsOf = async (content: Uint8Array) => {
      const source = memorySource(content);
      await openGeoTiff(source, nodeCodecs);
      return source.reads;
    };
    const [without, all] = [await readsOf(linked(bytes, 0, 0)), await readsOf(bytes)];
    assert.ok(all.length <= without.length + 3 * 4, `${without.length} ${all.length}`);
    for (const { length } of all.slice(without.length)) assert.ok(length < 400, `${length}`);
  });

  it('are lost where the file is cut off before them, and refuse where one is damaged: the scene is read all the same', async () => {
    const bytes = readFileSync(makeWithOverviews('int16', `${TILES} -co COMPRESS=DEFLATE`));
    const [, second] = directoriesOf(bytes) as [unknown, { at: number }];
    const cut = await open(bytes.subarray(0, second.at));
    assert.equal(cut.overviews, undefined);
    await readAll(cut);
    const wrong = Buffer.from(bytes);
    wrong.fill(0xff, wrong.length - 2000); // tiles of the last ones, or where they lie
    const scene = await open(wrong);
    const last = scene.overviews!.at(-1)!;
    await assertRefused(async () => readAll(await last.open()), /scene\.tif: .*get it again/);
    await readAll(scene);
  });

  it('of files changed at random are read or refused', async () => {
    const bytes = readFileSync(makeWithOverviews('int16', `${TILES} -co COMPRESS=DEFLATE -b 1 -srcwin 0 0 100 90`));
    const { uniform } = seededRandom(4);
    const at = directoriesOf(bytes)[1]!.at;
    const files = Array.from({ length: 400 }, () =>
      Buffer.concat([bytes.subarray(0, at), mutated(bytes.subarray(at), uniform)]),
    );
    const tally = await readFiles(files, async (file) => {
      const scene = await open(file);
      for (const overview of scene.overviews ?? []) await readAll(await overview.open());
    });
    assert.ok(tally.read > 5 && tally.refused > 20, JSON.stringify(tally));
  });

  it('of a product, and of a scene with a stated scale, have its bands, gains and format', async () => {
    const image = readFileSync(makeWithOverviews('int16', TILES));
    const product = await openEnmap({ 'METADATA.XML': metadataXml(THREE), 'SPECTRAL_IMAGE.TIF': image });
    assert.deepEqual(sizesOf(product), HALVES);
    const half = await product.overviews![0]!.open();
    assert.deepEqual(half.bands, product.bands);
    assert.equal(half.bands[0]!.offset, 0.01);
    assert.deepEqual([half.format, half.sensor, half.facts.level], ['EnMAP L2A', 'EnMAP', product.facts.level]);
    const window = { row: 0, col: 0, rows: 1, cols: 40 };
    const [{ data }, { spectra }] = [await half.readWindow(window, [0]), await half.readSpectra(window, [0])];
    assert.equal(spectra[39], Math.fround(Math.fround(data[39]! * Math.fround(0.0001)) + Math.fround(0.01)));
    const place = { folder: memoryFolder({ 'a.tif': image }), file: 'a.tif' };
    const scaled = await openSceneAt(place, nodeCodecs, { reflectanceScale: 0.0002 });
    assert.equal((await scaled.overviews![0]!.open()).bands[1]!.gain, 0.0002);
  });
});
