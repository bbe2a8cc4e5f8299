// Several scenes on disk to one map, read back by GDAL. Legend: B bands, C endmembers, D bands of a map with quality.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { makeQualityMeter, type Overlap, planBands, unmixWindow } from '@egunet/infer';
import { type InferProgress, type InferSceneOptions, inferScene, openModel } from '@egunet/infer-node';
import { parseMaskRule } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { serveFiles } from '../support/http-server.js';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { readRaw, writeEnvi } from './envi.js';
import { hashedSpectra, modelCard, modelPath } from './support.js';

const card = modelCard();
const [B, C] = [card.bands.length, card.endmembers.length];
const D = C + 2;
const NO_DATA = -9999;

/** Where a scene lies on a grid of pixels of 30 m, and how large it is. */
interface Place {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}

interface SceneContent {
  /** The model's bands in this order, and others after them. */
  readonly order?: readonly number[];
  readonly more?: number;
  /** Which pixels have data; all when absent. */
  readonly valid?: (pixel: number) => boolean;
  readonly brightness?: number;
}

/** Writes `name.hdr` and its image; the spectra differ with the name. */
function writeScene(folder: string, name: string, place: Place, content: SceneContent = {}): string {
  const { rows, cols, ...corner } = place;
  const { order = card.bands.map((_, b) => b), more = 0, valid = () => true, brightness = 0.8 } = content;
  const wavelengths = [...order.map((b) => card.bands[b]!.wavelength!), ...Array.from({ length: more }, (_, i) => 3000 + 50 * i)]; // biome-ignore format: one list
  const S = wavelengths.length;
  const skip = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) * S;
  const data = hashedSpectra(skip + rows * cols * S, brightness).slice(skip);
  for (let i = 0; i < rows * cols; i++) if (!valid(i)) data.fill(NO_DATA, i * S + (i % B), (i + 1) * S);
  const header = join(folder, `${name}.hdr`);
  writeEnvi(header, { rows, cols, wavelengths, fwhm: 10, noData: NO_DATA, data, corner });
  return header;
}

/** A scene's own map with quality [rows * cols, D], in this process. */
async function alone(path: string, resample = false) {
  const [scene, { session, release }] = await Promise.all([openScene(path), openModel(modelPath)]);
  const { rows, cols } = scene;
  const work = { card, plan: planBands(scene, card, { resample }), batch: 1024, quality: makeQualityMeter(card) };
  const { abundances } = await unmixWindow(session, { reader: scene, window: { row: 0, col: 0, rows, cols } }, work);
  await Promise.all([scene.close(), release()]);
  return abundances;
}

/** What a mosaic should be [rows * cols, D]: plain loops over the maps of its scenes, none of which lies above or left of row 0, column 0. */
async function compose(
  scenes: readonly { path: string; place: Place; out?: ((pixel: number) => boolean) | undefined }[],
  { overlap, resample = false }: { overlap: Overlap; resample?: boolean },
) {
  const rows = Math.max(...scenes.map(({ place }) => place.row + place.rows));
  const cols = Math.max(...scenes.map(({ place }) => place.col + place.cols));
  const map = new Float32Array(rows * cols * D).fill(Number.NaN);
  for (const { path, place, out } of scenes) {
    const own = await alone(path, resample);
    for (let i = 0; i < place.rows * place.cols; i++) {
      const pixel = own.subarray(i * D, (i + 1) * D);
      const at = ((place.row + Math.floor(i / place.cols)) * cols + place.col + (i % place.cols)) * D;
      if (Number.isNaN(pixel[0]) || out?.(i)) continue;
      if (overlap === 'quality' && map[at + C]! < pixel[C]!) continue;
      map.set(pixel, at);
    }
  }
  return { rows, cols, map };
}

const abundancesOf = (map: Float32Array) => map.filter((_, i) => i % D < C);

function assertSame(got: Float32Array, expected: Float32Array): void {
  assert.equal(got.length, expected.length);
  const at = got.findIndex((value, i) => !Object.is(value, expected[i]));
  assert.equal(at, -1, `value ${at}: ${got[at]}, expected ${expected[at]}`);
}

describe('several scenes as one map', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const inFolder = (name: string) => join(folder, name);
  const output = inFolder('map.tif');
  const places = {
    north: { row: 0, col: 4, rows: 30, cols: 25 },
    south: { row: 22, col: 0, rows: 30, cols: 40 },
    east: { row: 10, col: 20, rows: 20, cols: 45 },
  };
  const paths: Record<string, string> = {};
  /** Of the three, in this order. */
  const all = () => Object.keys(places).map((name) => ({ path: paths[name]!, place: places[name as 'north'] }));
  const three = () => all().map(({ path }) => path);
  const infer = (options: Partial<InferSceneOptions>) =>
    inferScene({ scene: three(), model: modelPath, output, workers: 2, ...options });

  before(function () {
    requireGdal(this);
    paths.north = writeScene(folder, 'north', places.north, { valid: (i) => i % 5 !== 2 });
    paths.south = writeScene(folder, 'south', places.south, { order: [5, 0, 7, 2, 1, 6, 4, 3], more: 3 });
    const plain = writeScene(folder, 'plain', places.east, { valid: (i) => i % 45 > 5 && i % 3 !== 0 });
    paths.east = inFolder('east.tif');
    run('gdal_translate', ['-q', '-co', 'TILED=YES', '-co', 'BLOCKXSIZE=16', '-co', 'BLOCKYSIZE=16', '-co', 'COMPRESS=DEFLATE', plain.replace('.hdr', '.img'), paths.east]); // biome-ignore format: one command
  });
  afterEach(() => {
    for (const path of [output, `${output}.part`]) rmSync(path, { recursive: true, force: true });
  });

  for (const overlap of ['last', 'quality'] as const)
    it(`is what plain loops make of their own maps, by ${overlap}, with its place, its scenes and its counts`, async () => {
      const { rows, cols, map } = await compose(all(), { overlap });
      const summary = await infer({ overlap, quality: true });
      assertSame(readRaw(output, folder), map);
      const validPixels = map.filter((value, i) => i % D === 0 && !Number.isNaN(value)).length;
      const { scenes, noDataPixels, pixels } = summary;
      assert.deepEqual([summary.overlap, scenes, pixels, noDataPixels], [overlap, 3, rows * cols, rows * cols - validPixels]); // biome-ignore format: one line
      assert.deepEqual([summary.rows, summary.cols, summary.validPixels], [rows, cols, validPixels]);
      const info = JSON.parse(run('gdalinfo', ['-json', output]).replaceAll(': nan', ': "NaN"'));
      assert.deepEqual(info.geoTransform, [500000, 30, 0, 4100000, 0, -30]);
      assert.match(info.coordinateSystem.wkt, /32632/);
      const { EGUNET_SCENE, EGUNET_SCENES, EGUNET_OVERLAP } = info.metadata[''];
      assert.deepEqual([EGUNET_SCENE, EGUNET_SCENES, EGUNET_OVERLAP], ['north.hdr, south.hdr, east.tif', '3', overlap]);
      rmSync(output);
      await infer({ overlap, tile: { rows: 7, cols: 11 }, workers: 1 });
      assertSame(readRaw(output, folder), abundancesOf(map));
    });

  it('is that of any scenes at any places, without data anywhere, in any order', async () => {
    let count = 0;
    const number = (min: number, max: number) => fc.integer({ min, max });
    const anyPlace = fc.record({ row: number(0, 20), col: number(0, 20), rows: number(1, 25), cols: number(1, 25) });
    const any = fc.record({
      place: anyPlace,
      missing: fc.constantFrom(0, 2, 3, 7),
      brightness: fc.constantFrom(0.3, 0.8),
    });
    const anyTile = fc.option(fc.record({ rows: number(1, 30), cols: number(1, 30) }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.array(any, { minLength: 2, maxLength: 4 }),
        fc.constantFrom<Overlap>('last', 'quality'),
        anyTile,
        async (scenes, overlap, tile) => {
          const [top, left] = [scenes.map(({ place }) => place.row), scenes.map(({ place }) => place.col)].map((all) => Math.min(...all)); // biome-ignore format: one line
          const written = scenes.map(({ place, missing, brightness }) => {
            const valid = (i: number) => missing === 0 || i === 0 || i % missing !== 1;
            const path = writeScene(folder, `any-${count++}`, place, { valid, brightness });
            return { path, place: { ...place, row: place.row - top!, col: place.col - left! } };
          });
          const { map } = await compose(written, { overlap });
          await infer({ scene: written.map(({ path }) => path), overlap, quality: true, ...(tile && { tile }), overwrite: true }); // biome-ignore format: one call
          assertSame(readRaw(output, folder), map);
        },
      ),
      { numRuns: 6, seed: 19 },
    );
  });

  it('has the same bytes as the map of the only scene in it, but for what says so', async () => {
    await infer({ scene: paths.north! });
    const one = readRaw(output, folder);
    const far = writeScene(folder, 'far', { row: 0, col: 1600, rows: 3, cols: 3 });
    await infer({ scene: [paths.north!, far], overwrite: true });
    const both = readRaw(output, folder);
    const cols = 1600 + 3 - 4;
    assert.equal(both.length, 30 * cols * C);
    for (let r = 0; r < 30; r++) assertSame(both.subarray(r * cols * C, (r * cols + 25) * C), one.subarray(r * 25 * C, (r + 1) * 25 * C)); // biome-ignore format: one line
    assert.ok(both.subarray(25 * C, 1500 * C).every(Number.isNaN));
  });

  it('may interpolate each scene to the model’s wavelengths', async () => {
    const { map } = await compose(all(), { overlap: 'last', resample: true });
    await infer({ resample: true });
    assertSame(readRaw(output, folder), abundancesOf(map));
  });

  it('is written as Zarr and as ENVI, too, on rotated axes as well', async () => {
    const { rows, cols, map } = await compose(all().slice(0, 2), { overlap: 'last' });
    await infer({ scene: three().slice(0, 2), output: inFolder('map.img') });
    assertSame(readRaw(inFolder('map.img'), folder), abundancesOf(map));
    assert.equal((await infer({ scene: three().slice(0, 2), output: inFolder('map.zarr') })).pixels, rows * cols);
    const rotated = (path: string, { row, col }: Place, to: string) => {
      const [a, b, d, e] = [25, 5, 5, -25];
      const transform = [500000 + a * col + b * row, a, b, 4100000 + d * col + e * row, d, e];
      const vrt = run('gdal_translate', ['-q', '-of', 'VRT', path.replace('.hdr', '.img'), '/vsistdout/']);
      writeFileSync(inFolder('turned.vrt'), vrt.replace(/<GeoTransform>.*<\/GeoTransform>/, `<GeoTransform>${transform.join(',')}</GeoTransform>`).replace('relativeToVRT="1">', `relativeToVRT="0">${folder}/`)); // biome-ignore format: one call
      run('gdal_translate', ['-q', inFolder('turned.vrt'), to]);
      return to;
    };
    const turned = all().slice(0, 2).map(({ path, place }, i) => rotated(path, place, inFolder(`turned-${i}.tif`))); // biome-ignore format: one list
    await infer({ scene: turned });
    assertSame(readRaw(output, folder), abundancesOf(map));
    const { geoTransform } = JSON.parse(run('gdalinfo', ['-json', output]).replaceAll(': nan', ': "NaN"'));
    assert.deepEqual(geoTransform, [500000, 25, 5, 4100000, 5, -25]);
  });

  it('is cut by a window, a box and an area, and by masks on its own grid', async () => {
    const { rows, cols, map } = await compose(all(), { overlap: 'last' });
    const whole = abundancesOf(map);
    const mask = await createMap(inFolder('mask.tif'), {
      rows,
      cols,
      sampleType: 'uint8',
      bands: [{}],
      georeference: { affine: [30, 0, 500000, 0, -30, 4100000], epsg: 32632 },
    });
    const marks = Uint8Array.from({ length: rows * cols }, (_, i) => Number(i % 4 === 0));
    await mask.writeWindow({ row: 0, col: 0, rows, cols }, marks);
    await mask.close();
    // Columns 10 to 39, rows 15 to 34.
    const bounds = [500300, 4098950, 501200, 4099550] as const;
    const ring = [[500300, 4099550], [501200, 4099550], [501200, 4098950], [500300, 4098950], [500300, 4099550]]; // biome-ignore format: a ring
    const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
    writeFileSync(inFolder('area.geojson'), JSON.stringify({ type: 'Polygon', crs, coordinates: [ring] }));
    const masks = [parseMaskRule(inFolder('mask.tif'))];
    for (const part of [
      { bbox: { bounds } },
      { aoi: inFolder('area.geojson') },
      { window: { row: 15, col: 10, rows: 20, cols: 30 } },
    ]) {
      const summary = await infer({ ...part, masks, overwrite: true });
      assert.deepEqual([summary.rows, summary.cols, summary.maskedPixels], [20, 30, 150]);
      const expected = new Float32Array(20 * 30 * C);
      for (let i = 0; i < 600; i++) {
        const from = (15 + Math.floor(i / 30)) * cols + 10 + (i % 30);
        if (marks[from]) expected.fill(Number.NaN, i * C, (i + 1) * C);
        else expected.set(whole.subarray(from * C, (from + 1) * C), i * C);
      }
      assertSame(readRaw(output, folder), expected);
    }
    rmSync(output);
    await assert.rejects(
      infer({ window: { row: 0, col: 0, rows: 99, cols: 1 } }),
      /is not inside the scene of 52 x 65/,
    );
    await assert.rejects(infer({ masks: [parseMaskRule(`${paths.east}`)] }), /a mask should have one band/);
    await assert.rejects(
      infer({ masks: [parseMaskRule('clouds')] }),
      /mosaic of 3 scenes: no mask 'clouds': a mask is cloud, /,
    );
  });

  it('shows a scene below where a product’s own quality layers mask the one above', async () => {
    const [rows, cols] = [24, 20];
    const corners = [{ row: 0, col: 0 }, { row: 8, col: 6 }]; // biome-ignore format: two
    const products = await Promise.all(
      corners.map(async (corner, i) => {
        const { folder: path } = await makeEnmapProduct(inFolder(`product-${i}`), { seed: i + 1, rows, cols, sky: 'changing', corner }); // biome-ignore format: one call
        const scene = await openScene(path);
        const layer = async (name: string) => {
          const opened = await scene.qualityLayers!.find((one) => one.name === name)!.open();
          const { data } = await opened.readWindow({ row: 0, col: 0, rows, cols });
          await opened.close();
          return data;
        };
        const [cloud, shadow] = [await layer('CLOUD'), await layer('CLOUDSHADOW')];
        await scene.close();
        return { path, place: { ...corner, rows, cols }, cloud, shadow, out: (pixel: number) => cloud[pixel] !== 0 || shadow[pixel] !== 0 }; // biome-ignore format: one object
      }),
    );
    const { rows: R, cols: K, map } = await compose(products, { overlap: 'last', resample: true });
    const masks = ['cloud', 'shadow'].map(parseMaskRule);
    const summary = await infer({ scene: products.map(({ path }) => path), resample: true, masks });
    assertSame(readRaw(output, folder), abundancesOf(map));
    const counts = { masked: 0, cloud: 0, shadow: 0 };
    for (let i = 0; i < R * K; i++) {
      const over = products.flatMap(({ place, cloud, shadow }) => {
        const [r, c] = [Math.floor(i / K) - place.row, (i % K) - place.col];
        const inside = r >= 0 && r < rows && c >= 0 && c < cols;
        return inside ? [{ cloud: cloud[r * cols + c] !== 0, shadow: shadow[r * cols + c] !== 0 }] : [];
      });
      if (over.length === 0 || !over.every(({ cloud, shadow }) => cloud || shadow)) continue;
      counts.masked++;
      counts.cloud += Number(over.some(({ cloud }) => cloud));
      counts.shadow += Number(over.some(({ shadow }) => shadow));
    }
    assert.ok(counts.masked > 0 && counts.cloud > 0 && counts.shadow > 0, JSON.stringify(counts));
    assert.equal(summary.maskedPixels, counts.masked);
    assert.deepEqual(summary.masks, [{ name: 'cloud', pixels: counts.cloud }, { name: 'shadow', pixels: counts.shadow }]); // biome-ignore format: one list
    assert.equal(summary.pixels, summary.validPixels + summary.noDataPixels + summary.maskedPixels);
    rmSync(output);
    await assert.rejects(infer({ scene: [products[0]!.path, paths.north!], resample: true, masks }), /^RasterError: .*north\.img: has no quality layer CLOUD for the mask 'cloud'/); // biome-ignore format: one call
  });

  it('shows a scene below where a block of the one above is damaged, and lists it with its scene', async () => {
    const bytes = readFileSync(paths.east!);
    const broken = inFolder('broken.tif');
    writeFileSync(broken, bytes.fill(0xff, bytes.length - 1500, bytes.length - 300));
    await assert.rejects(
      infer({ scene: [paths.north!, broken] }),
      /broken\.tif: tile \d+ \(deflate\) cannot be decoded/,
    );
    await infer({ scene: broken, onError: 'nodata' });
    const own = readRaw(output, folder);
    rmSync(output);
    const { place } = all()[2]!;
    const lost = (i: number) => Number.isNaN(own[i * C]!);
    const below = { path: paths.south!, place: places.south };
    const { map } = await compose([below, { path: paths.east!, place, out: lost }], { overlap: 'last' });
    const { damage } = await infer({ scene: [paths.south!, broken], onError: 'nodata' });
    // The mosaic begins at row 10, column 0.
    const shifted = map.subarray(10 * 65 * D);
    assertSame(readRaw(output, folder), abundancesOf(shifted));
    assert.ok(damage!.list.length > 0);
    for (const { block, window } of damage!.list) {
      assert.match(block, /broken\.tif: tile \d+ \(deflate\)$/);
      assert.ok(
        window.col >= 20 && window.col + window.cols <= 65 && window.row + window.rows <= 20,
        JSON.stringify(window),
      );
    }
  });

  describe('from a web server, an archive and a disk', () => {
    const files: Record<string, Uint8Array> = {};
    const server = serveFiles(files);
    const packed = inFolder('south.tar.gz');
    const cache = inFolder('cache');
    const before = process.env.EGUNET_CACHE;

    beforeEach(() => {
      process.env.EGUNET_CACHE = cache;
      mkdirSync(cache, { recursive: true });
      files['east.tif'] = readFileSync(paths.east!);
      run('tar', ['-czf', packed, '-C', folder, 'south.hdr', 'south.img']);
    });
    afterEach(() => {
      if (before === undefined) delete process.env.EGUNET_CACHE;
      else process.env.EGUNET_CACHE = before;
    });

    it('is the same, and what is packed is unpacked once', async () => {
      const { map } = await compose(all(), { overlap: 'last' });
      const told: string[] = [];
      const access = { onNotice: (message: string) => told.push(message) };
      const url = `${server.url.replace('//', '//user:secret@')}east.tif?key=secret`;
      await infer({ scene: [paths.north!, packed, url], access, tile: { rows: 9, cols: 9 } });
      assertSame(readRaw(output, folder), abundancesOf(map));
      assert.equal(told.filter((message) => message.startsWith('unpacking')).length, 1, told.join('\n'));
      assert.deepEqual(readdirSync(cache), []);
      const info = run('gdalinfo', [output]);
      assert.match(info, /EGUNET_SCENE=north\.hdr, south\.tar\.gz, east\.tif/);
      assert.doesNotMatch(info, /secret/);
    });

    it('names the one that is not there, and lets go of what was unpacked', async () => {
      await assert.rejects(infer({ scene: [packed, `${server.url}none.tif?key=secret`] }), (error: Error) => {
        assert.match(error.message, /none\.tif: .*404/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
      assert.deepEqual(readdirSync(cache), []);
    });
  });

  describe('named by a list or a virtual mosaic', () => {
    const list = inFolder('scenes.txt');
    const expected = async () => abundancesOf((await compose(all(), { overlap: 'last' })).map);

    it('takes the names in a list from its folder, and a virtual mosaic in it for its scenes', async () => {
      run('gdal_translate', ['-q', inFolder('north.img'), inFolder('north.tif')]);
      run('gdalbuildvrt', ['-q', inFolder('two.vrt'), inFolder('north.tif'), inFolder('east.tif')]);
      writeFileSync(list, `\ufeff# from south to east\r\n\r\n  ${paths.south}\r\ntwo.vrt  \n\n#east.tif`);
      const { scenes } = await infer({ scene: { list } });
      assert.equal(scenes, 3);
      const [north, south, east] = all();
      const { map } = await compose([south!, north!, east!], { overlap: 'last' });
      assertSame(readRaw(output, folder), abundancesOf(map));
      rmSync(output);
      writeFileSync(list, 'north.hdr\nsouth.img\neast.tif\n');
      await infer({ scene: { list } });
      assertSame(readRaw(output, folder), await expected());
    });

    it('takes a list of one scene for that scene', async () => {
      writeFileSync(list, 'north.hdr');
      const { scenes, overlap } = await infer({ scene: { list } });
      assert.deepEqual([scenes, overlap], [undefined, undefined]);
    });

    it('refuses lists that are none', async () => {
      for (const [content, message] of [
        ['', /scenes\.txt: names no scene; write one a line/],
        ['# nothing\n\n', /scenes\.txt: names no scene/],
        [Buffer.from([0x49, 0x49, 0x2a, 0, 0xff]), /scenes\.txt: is no list of names in UTF-8/],
        ['none.tif', /none\.tif: cannot open it: there is no such file/],
      ] as const) {
        writeFileSync(list, content);
        await assert.rejects(infer({ scene: { list } }), { message });
      }
      await assert.rejects(infer({ scene: { list: inFolder('no.txt') } }), /no\.txt: cannot read the list: there is no such file/); // biome-ignore format: one call
      await assert.rejects(infer({ scene: { list: folder } }), /cannot read the list: /);
      writeFileSync(list, Buffer.alloc(2 ** 24 + 1, '\n'));
      await assert.rejects(infer({ scene: { list } }), /has 16777217 bytes, more than 16777216/);
      await assert.rejects(infer({ scene: [] }), /no scene to unmix; name at least one/);
      writeFileSync(list, 'north.hdr');
      await assert.rejects(infer({ scene: { list }, output: list, format: 'cog', overwrite: true }), /scenes\.txt: is the list of scenes itself/); // biome-ignore format: one call
    });

    it('refuses a virtual mosaic that its scenes contradict', async () => {
      const vrt = inFolder('m.vrt');
      const build = (...args: string[]) => run('gdalbuildvrt', ['-q', '-overwrite', ...args]);
      run('gdal_translate', ['-q', inFolder('north.img'), inFolder('north.tif')]);
      const files = [inFolder('north.tif'), inFolder('east.tif')];
      build('-srcnodata', '0', vrt, ...files);
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: takes 0 of .*north\.tif for NoData, but .* of that has -9999; make the mosaic again with gdalbuildvrt, without -srcnodata/); // biome-ignore format: one call
      build(vrt, ...files);
      const whole = readFileSync(vrt, 'utf8');
      // North at row 0, column 0, east at row 10, column 16.
      const moved = whole.replaceAll('xOff="16" yOff="10"', 'xOff="17" yOff="10"').replace('rasterXSize="61"', 'rasterXSize="62"'); // biome-ignore format: one call
      writeFileSync(vrt, moved);
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: puts .*east\.tif at row 10, column 17, but by the scenes' georeferences it lies at row 10, column 16; make/); // biome-ignore format: one call
      const other = whole.replaceAll('RasterXSize="25"', 'RasterXSize="24"').replaceAll('xSize="25"', 'xSize="24"');
      writeFileSync(vrt, other);
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: .*north\.tif has 30 rows x 25 columns, not 30 x 24; make the mosaic again/); // biome-ignore format: one call
      writeFileSync(vrt, whole.replace(/(<VRTRasterBand[^>]*band="3">)/, '$1<Scale>0.5</Scale>'));
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: scales band 3 by 0\.5 and 0, but .*north\.tif by 1 and 0; make the mosaic again/); // biome-ignore format: one call
      build('-b', '1', '-b', '2', vrt, ...files);
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: has 2 of the 8 bands of .*north\.tif; make the mosaic again with gdalbuildvrt without -b/); // biome-ignore format: one call
      writeFileSync(vrt, whole.replaceAll(/relativeToVRT="1">north\.tif/g, 'relativeToVRT="0">/vsizip/a.zip/b.img'));
      await assert.rejects(infer({ scene: vrt }), /m\.vrt: takes \/vsizip\/a\.zip\/b\.img, a name of GDAL's own; name the scenes themselves/); // biome-ignore format: one call
      await assert.rejects(infer({ scene: vrt, output: vrt, format: 'cog', overwrite: true }), /a name of GDAL's own/);
      await assert.rejects(infer({ scene: inFolder('none.vrt') }), /none\.vrt: cannot open it: there is no such file/);
    });
  });

  describe('refuses, before any work,', () => {
    const never = () => assert.fail('no work may be done');
    const refused = async (options: Partial<InferSceneOptions>, message: RegExp) => {
      const before = readdirSync(folder);
      await assert.rejects(infer({ onStart: never, ...options }), { message });
      assert.deepEqual(readdirSync(folder), before);
    };

    it('scenes that do not fit the model or each other, by name', async () => {
      const other = writeScene(folder, 'short', { row: 0, col: 0, rows: 3, cols: 3 }, { order: [0, 1, 2] });
      await refused(
        { scene: [paths.north!, other] },
        /short\.(hdr|img): no band within half a FWHM for 5 of the model's 8/,
      );
      const coarse = inFolder('coarse.tif');
      run('gdal_translate', ['-q', '-outsize', '50%', '50%', inFolder('north.img'), coarse]);
      await refused(
        { scene: [paths.north!, coarse] },
        /coarse\.tif: has pixels of .*, expected 30 x 30 as .*north\.(hdr|img)/,
      );
      await refused({ scene: [paths.north!, inFolder('none.tif')] }, /none\.tif: cannot open it/);
      await refused({ batch: 0 }, /pixels a run should be a whole number/);
      await refused({ workers: 0 }, /workers should be a whole number/);
      await refused({ tile: { rows: 0, cols: 1 } }, /tile\.rows should be a whole number/);
    });

    it('outputs that are one of them', async () => {
      for (const path of [...three(), inFolder('south.img')])
        await refused(
          { output: path, format: 'cog', overwrite: true },
          /is a file of the scene|is the name of an ENVI/,
        );
    });
  });

  it('is refused where one of many scenes is not reflectance, by its name', async () => {
    const size = { rows: 40, cols: 40 };
    const good = writeScene(folder, 'good', { row: 0, col: 0, ...size });
    const counts = writeScene(folder, 'counts', { row: 0, col: 40, ...size }, { brightness: 8000 });
    const others = [0, 1, 2].map((i) => writeScene(folder, `good-${i}`, { row: 40 * (i + 1), col: 0, ...size }));
    await assert.rejects(infer({ scene: [good, counts, ...others] }), /counts\.hdr: \d+ of \d+ sampled pixels are on average brighter/); // biome-ignore format: one call
    assert.ok(!existsSync(output) && !existsSync(`${output}.part`));
    const empty = [0, 1].map((i) => writeScene(folder, `empty-${i}`, { row: 0, col: 3 * i, rows: 2, cols: 2 }, { valid: () => false })); // biome-ignore format: one list
    await assert.rejects(infer({ scene: empty }), /mosaic of 2 scenes: no valid pixel/);
  });

  it('is refused where a scene changes before its turn', async () => {
    const path = writeScene(folder, 'changing', { row: 60, col: 0, rows: 5, cols: 5 });
    const onStart = () => utimesSync(path.replace('.hdr', '.img'), 1e9, 1e9);
    await assert.rejects(infer({ scene: [...three(), path], onStart, workers: 1 }), /changing\.hdr: changed while it was being unmixed; start again/); // biome-ignore format: one call
  });

  describe('when it is interrupted', () => {
    const names = ['left', 'right', 'low'];
    const sizes = [
      { row: 0, col: 0, rows: 600, cols: 700 },
      { row: 0, col: 600, rows: 600, cols: 500 },
      { row: 500, col: 300, rows: 550, cols: 500 },
    ];
    const large = names.map((name) => inFolder(`${name}.hdr`));
    const own = inFolder('stopped');
    const how = { scene: large, output: join(own, 'map.tif'), workers: 1 };

    before(() => {
      mkdirSync(own);
      for (const [i, name] of names.entries())
        writeScene(folder, name, sizes[i]!, { valid: (pixel) => pixel % 11 > 2 });
    });

    it('goes on from its finished tiles and ends with the same bytes; another order, list or rule is refused with what differs', async () => {
      const { tiles } = await infer(how);
      const whole = readFileSync(how.output);
      rmSync(how.output);
      const stop = new AbortController();
      let done = 0;
      const onProgress = (_: InferProgress) => {
        if (++done === Math.floor(0.7 * tiles)) stop.abort(new Error('stopped by hand'));
      };
      await assert.rejects(infer({ ...how, onProgress, signal: stop.signal }), /stopped by hand/);
      assert.deepEqual(readdirSync(own), ['map.tif.part']);
      const [left, right, low] = large as [string, string, string];
      for (const [options, message] of [
        [{ scene: [right, left, low] }, /other work: scene 1 was \["left\.hdr .*,"row 0, column 0"\], is \["right\.hdr .*; scene 2 was /],
        [{ scene: [left, right] }, /scene 3 was \["low\.hdr .*, is nothing/],
        [{ scene: [left, right, low, low] }, /scene 4 was nothing, is \["low\.hdr/],
        [{ scene: left }, /overlap was "last", is nothing/],
        [{ overlap: 'quality' }, /other work: overlap was "last", is "quality"; finish that/],
      ] as const) // biome-ignore format: a table
        await assert.rejects(infer({ ...how, ...options }), { message });
      const { keptPixels } = await infer(how);
      assert.ok(keptPixels > 0);
      assert.ok(readFileSync(how.output).equals(whole));
      assert.deepEqual(readdirSync(own).map((name) => basename(name)), ['map.tif']); // biome-ignore format: one line
    });
  });
});
