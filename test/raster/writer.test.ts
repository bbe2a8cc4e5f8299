import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createGeoTiff,
  type Georeference,
  type GeoTiffOptions,
  openGeoTiff,
  type RasterWriter,
  type SampleArray,
} from '@egunet/raster';
import { createMap, nodeCodecs } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, temporaryFolder } from '../support/index.js';
import {
  arrays,
  assertSameBits,
  cut,
  gdalInfo,
  openPath,
  readAll,
  readWithGdal,
  type Size,
  sampleTypes,
  sampleValues,
  translate,
  windowsOf,
  writeEnvi,
} from './geotiff-support.js';
import { memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';

const unnamed = (bands: number) => Array.from({ length: bands }, () => ({}));

/** Writes `values` in windows of `step` pixels a side, row by row. */
async function writeAll(writer: RasterWriter, values: SampleArray, size: Size, step: number) {
  for (const window of windowsOf(size, step)) {
    const data = cut(values, size, window);
    await writer.writeWindow(window, data);
    data.fill(0); // what was handed over must not matter any more
  }
  await writer.close();
}

describe('GeoTIFF writing', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'map.tif');

  before(function () {
    requireGdal(this);
  });

  async function write(values: SampleArray, options: GeoTiffOptions, step = 50): Promise<void> {
    const size = { rows: options.rows, cols: options.cols, bands: options.bands.length };
    await writeAll(await createMap(path, { overwrite: true, ...options }), values, size, step);
  }

  const storages: Partial<GeoTiffOptions>[] = [
    {},
    { tile: 16, interleave: 'pixel' },
    { tile: 64, interleave: 'band', predictor: 1 },
    { tile: 32, interleave: 'pixel', bigTiff: true },
  ];

  for (const sampleType of sampleTypes)
    it(`gives GDAL and our own reader every bit of ${sampleType}, in every storage`, async () => {
      const size = { rows: 70, cols: 90, bands: 5 };
      const values = sampleValues(sampleType, size);
      for (const storage of storages) {
        await write(values, { ...size, sampleType, bands: unnamed(5), ...storage });
        assertSameBits(await readAll(await openPath(path)), values);
        assertSameBits(readWithGdal(folder, path, sampleType), values);
      }
    });

  it('writes int16 and float32 with predictor 2 or 3 as GDAL expects, also where it is not the default', async () => {
    const size = { rows: 33, cols: 40, bands: 2 };
    for (const [sampleType, predictor] of [
      ['float32', 2],
      ['float32', 3],
      ['int16', 2],
    ] as const) {
      const values = sampleValues(sampleType, size);
      await write(values, { ...size, sampleType, bands: unnamed(2), predictor, interleave: 'pixel' });
      const info = gdalInfo(path);
      assert.equal(info.metadata.IMAGE_STRUCTURE!.PREDICTOR, String(predictor));
      assert.equal(info.metadata.IMAGE_STRUCTURE!.COMPRESSION, 'DEFLATE');
      assert.deepEqual(info.bands[0]!.block, [256, 256]);
      assertSameBits(readWithGdal(folder, path, sampleType), values);
    }
  });

  it('reads back as what was written, for any size, window and storage', async () => {
    const cases = fc.record({
      rows: fc.oneof(fc.constantFrom(1, 2, 15, 16, 17, 31, 47, 53), fc.integer({ min: 1, max: 60 })),
      cols: fc.oneof(fc.constantFrom(1, 2, 15, 16, 17, 31, 47, 53), fc.integer({ min: 1, max: 60 })),
      bands: fc.integer({ min: 1, max: 6 }),
      sampleType: fc.constantFrom(...sampleTypes),
      tile: fc.constantFrom(16, 32, 48),
      interleave: fc.constantFrom('band' as const, 'pixel' as const),
      bigTiff: fc.boolean(),
      step: fc.integer({ min: 1, max: 61 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ bands, step, ...options }) => {
        const size = { rows: options.rows, cols: options.cols, bands };
        const values = sampleValues(options.sampleType, size);
        const sink = memorySink();
        await writeAll(createGeoTiff(sink, { ...options, bands: unnamed(bands) }), values, size, Math.max(step, 5));
        assertSameBits(await readAll(await openGeoTiff(memorySource(sink.bytes()), nodeCodecs)), values);
      }),
      { numRuns: 80, seed: 11 },
    );
  });

  it('takes windows in any order, and gives the same bytes for the same order', async () => {
    const values = Int16Array.from({ length: 40 * 40 }, (_, i) => i);
    const windows = [0, 1, 2, 3].map((q) => ({ row: (q >> 1) * 20, col: (q & 1) * 20, rows: 20, cols: 20 }));
    const bytes: Uint8Array[] = [];
    for (const order of [
      [3, 0, 2, 1],
      [3, 0, 2, 1],
    ]) {
      const sink = memorySink();
      const options = { rows: 40, cols: 40, sampleType: 'int16', bands: unnamed(1), tile: 16 } as const;
      const writer = createGeoTiff(sink, options);
      // All at once: the calls queue up behind each other.
      await Promise.all(
        order.map((q) => {
          const { row, col } = windows[q]!;
          const data = Int16Array.from(
            { length: 400 },
            (_, i) => values[(row + Math.floor(i / 20)) * 40 + col + (i % 20)]!,
          );
          return writer.writeWindow(windows[q]!, data);
        }),
      );
      await writer.close();
      bytes.push(sink.bytes());
      assertSameBits(await readAll(await openGeoTiff(memorySource(sink.bytes()), nodeCodecs)), values);
    }
    assert.deepEqual(bytes[0], bytes[1]);
  });

  it('says NoData as GDAL reads it', async () => {
    for (const [sampleType, noData, shown] of [
      ['float32', Number.NaN, 'NaN'],
      ['float32', -3.4028234663852886e38, -3.4028234663852886e38],
      ['int16', -32768, -32768],
      ['uint8', 255, 255],
    ] as const) {
      await write(new arrays[sampleType](4), { rows: 2, cols: 2, sampleType, bands: unnamed(1), noData });
      // gdalinfo prints the digits of a float32.
      const printed = gdalInfo(path).bands[0]!.noDataValue!;
      assert.equal(typeof printed === 'number' ? Math.fround(printed) : printed, shown);
      const scene = await openPath(path);
      assert.equal(scene.bands[0]!.noData, noData);
      await scene.close();
    }
  });

  it('keeps names, wavelengths, gains and metadata, for GDAL and for our own reader', async () => {
    const bands = [
      { name: 'tree & <grass> "dry"', wavelength: 418.24, fwhm: 6.99561, bad: false, gain: 0.0001, offset: 0 },
      { name: 'Wasser, Straße, 水', wavelength: 2445.5, bad: true, gain: 1, offset: -0.25, items: { kind: "soil's" } },
    ];
    const metadata = { model: 'a.onnx', note: 'x < y' };
    await write(new Int16Array(2), { rows: 1, cols: 1, sampleType: 'int16', bands, metadata });
    const info = gdalInfo(path);
    assert.deepEqual(
      info.bands.map((b) => b.description),
      bands.map((b) => b.name),
    );
    assert.deepEqual([info.bands[0]!.scale, info.bands[1]!.offset], [0.0001, -0.25]);
    assert.deepEqual(info.bands[0]!.metadata![''], {
      bbl: '1',
      fwhm: '6.99561',
      wavelength: '418.24',
      wavelength_units: 'Nanometers',
    });
    assert.equal(info.bands[1]!.metadata!['']!.kind, "soil's");
    assert.equal(info.metadata['']!.note, 'x < y');
    const { items, ...second } = bands[1]!;
    for (const file of [path, translate(path, join(folder, 'through-gdal.tif'), '')]) {
      const scene = await openPath(file);
      assert.deepEqual(scene.bands, [bands[0], second], file);
      assert.equal(scene.facts.model, 'a.onnx');
      await scene.close();
    }
  });

  const affineOf = (file: string): number[] => {
    const [c, a, b, f, d, e] = gdalInfo(file).geoTransform!;
    return [a!, b!, c!, d!, e!, f!];
  };

  it('carries the georeference of a scene over exactly', async () => {
    const raw = writeEnvi(join(folder, 'raw'), new Uint8Array(12), {
      type: 'uint8',
      size: { rows: 3, cols: 4, bands: 1 },
    });
    const custom = join(folder, 'custom.srs');
    writeFileSync(custom, '+proj=laea +lat_0=52 +lon_0=10.5 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m');
    for (const options of [
      '-a_srs EPSG:32633 -a_ullr 366015 5809965 366135 5809875',
      '-a_srs EPSG:4326 -a_ullr 13.5 52.25 14.5 51.5',
      '-a_srs EPSG:32633 -a_ullr 366015 5809965 366135 5809875 -mo AREA_OR_POINT=Point',
      `-a_srs ${custom} -a_ullr 0 90 120 0`,
    ]) {
      const original = translate(raw, join(folder, 'original.tif'), `-of GTiff ${options}`);
      const scene = await openPath(original);
      await scene.close();
      await write(new Float32Array(12), {
        ...{ rows: 3, cols: 4, sampleType: 'float32', bands: unnamed(1) },
        georeference: scene.georeference!,
      });
      assert.deepEqual(affineOf(path), affineOf(original));
      assert.equal(gdalInfo(path).coordinateSystem!.wkt, gdalInfo(original).coordinateSystem!.wkt);
      const again = await openPath(path);
      assert.deepEqual(again.georeference, scene.georeference);
      await again.close();
    }
  });

  it('makes the key directory from an EPSG code, projected or geographic, and keeps a rotation', async () => {
    const cases: [Georeference, string][] = [
      [{ affine: [30, 0, 500000, 0, -30, 5000000], epsg: 32632 }, 'WGS 84 / UTM zone 32N'],
      [{ affine: [0.01, 0, 13, 0, -0.01, 52], epsg: 4326 }, 'WGS 84'],
      [{ affine: [20, 15, 500000, 15, -20, 5000000], epsg: 25833 }, 'ETRS89 / UTM zone 33N'],
      [{ affine: [1, 0, 0, 0, 1, 0], epsg: 3035 }, 'ETRS89-extended / LAEA Europe'],
    ];
    for (const [georeference, name] of cases) {
      await write(new Uint8Array(1), { rows: 1, cols: 1, sampleType: 'uint8', bands: unnamed(1), georeference });
      assert.deepEqual(affineOf(path), georeference.affine);
      const { wkt } = gdalInfo(path).coordinateSystem!;
      assert.ok(wkt.includes(`"${name}"`) && wkt.includes(`ID["EPSG",${georeference.epsg}]`), wkt);
      const scene = await openPath(path);
      assert.equal(scene.georeference!.epsg, georeference.epsg);
      await scene.close();
    }
    await write(new Uint8Array(1), {
      ...{ rows: 1, cols: 1, sampleType: 'uint8', bands: unnamed(1) },
      georeference: { affine: [2, 0, 10, 0, -2, 20] },
    });
    assert.deepEqual(affineOf(path), [2, 0, 10, 0, -2, 20]);
  });

  it('is a BigTIFF where asked for, and by itself where the samples might not fit 4 GiB', async () => {
    const small = { rows: 3, cols: 1, sampleType: 'uint8', bands: unnamed(1) } as const;
    await write(new Uint8Array(3), small);
    assert.equal(readFileSync(path).readUInt16LE(2), 42, 'classic');
    await write(new Uint8Array(3), { ...small, bigTiff: true });
    assert.equal(readFileSync(path).readUInt16LE(2), 43, 'BigTIFF');
    // 63 tiles of 4096 x 4096 float32, 64 MiB each with their padding, stay under 4 GiB whatever DEFLATE does; 64 may not.
    const wide = (tiles: number) =>
      createGeoTiff(memorySink(), {
        ...{ rows: 1, cols: tiles * 4096, sampleType: 'float32', bands: unnamed(1), tile: 4096 },
      });
    assert.equal(wide(63).bigTiff, false);
    assert.equal(wide(64).bigTiff, true);
  });

  it('leaves nothing but the finished file in its folder', async () => {
    await write(new Uint8Array(1), { rows: 1, cols: 1, sampleType: 'uint8', bands: unnamed(1) });
    assert.ok(existsSync(path));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.partial')),
      [],
    );
  });
});
