// Maps as Zarr stores and ENVI images: judged by zarrita and by GDAL, beside the GeoTIFF of the same values.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Georeference } from '@egunet/raster';
import { createMapFile, type MapFormatName, mapFormatOf, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { openStore, readArray, readStore, snapshot } from '../support/maps.js';
import { assertSameBits, cut, readWithGdal, stopAt, windowsOf } from './geotiff-support.js';
import { type Case, NO_DATA, optionsOf, surfaces, writeMap } from './map-formats-support.js';

const SMALL: Case = { rows: 7, cols: 5, bands: 2, type: 'float32', tile: 16 };

/** The CRC-32C of RFC 3720 bit by bit, as a register that shifts the reflected polynomial. */
function checksumOf(bytes: Uint8Array): number {
  let register = 0xffffffffn;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const carry = (register ^ BigInt(byte >> bit)) & 1n;
      register = (register >> 1n) ^ (carry ? 0x82f63b78n : 0n);
    }
  return Number(register ^ 0xffffffffn);
}

describe('A map', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  before(function () {
    requireGdal(this);
  });

  it('holds the same bits in every format, for any size, tile, number of bands and windows', async () => {
    const sizes = fc.record({
      rows: fc.oneof(fc.constantFrom(1, 2, 67, 131), fc.integer({ min: 1, max: 140 })),
      cols: fc.oneof(fc.constantFrom(1, 2, 67, 131), fc.integer({ min: 1, max: 140 })),
      bands: fc.integer({ min: 1, max: 4 }),
      tile: fc.constantFrom(16, 32, 48),
      type: fc.constantFrom('float32' as const, 'uint16' as const, 'uint8' as const),
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 150 }), async (one, step) => {
        const values = surfaces(one);
        for (const name of ['map.img', 'map.bil', 'map.bip']) {
          await writeMap(at(name), one, { format: 'envi', values, step });
          assertSameBits(readWithGdal(folder, at(name), one.type), values);
        }
        await writeMap(at('map.zarr'), one, { format: 'zarr', values, step });
        assertSameBits(await readStore(at('map.zarr')), values);
      }),
      { numRuns: 15, seed: 3 },
    );
  });

  it('of 1 x 1 pixel is a map too', async () => {
    const one: Case = { ...SMALL, rows: 1, cols: 1 };
    const values = Float32Array.of(0.25, 0.75);
    const statistics = await writeMap(at('one.zarr'), one, { format: 'zarr', values });
    assert.deepEqual(await readStore(at('one.zarr')), values);
    assert.deepEqual(
      statistics.map(({ count, mean }) => [count, mean]),
      [
        [1, 0.25],
        [1, 0.75],
      ],
    );
    await writeMap(at('one.img'), one, { format: 'envi', values });
    assert.deepEqual(readFileSync(at('one.img')), Buffer.from(values.buffer));
  });

  it('wider than the memory of a strip is written in parts', async () => {
    // Tiles of 512 x 512 x 8 float32 take 8 MiB: four of them, 2048 columns, make a strip of 32 MiB.
    const one: Case = { rows: 3, cols: 2500, bands: 8, type: 'float32', tile: 512 };
    const values = surfaces(one);
    for (const name of ['wide.bsq', 'wide.bil', 'wide.bip']) {
      await writeMap(at(name), one, { format: 'envi', values, step: 512 });
      assertSameBits(readWithGdal(folder, at(name), 'float32'), values);
    }
  });

  for (const type of ['float32', 'uint16', 'uint8'] as const)
    it(`of ${type} tells GDAL the same as ENVI and as GeoTIFF: checksums, names, NoData, scale`, async () => {
      const one: Case = { rows: 200, cols: 150, bands: 3, type, tile: 64 };
      const values = surfaces(one);
      const facts = [];
      for (const [name, format] of [
        ['twin.tif', 'cog'],
        ['twin.dat', 'envi'],
      ] as const) {
        await writeMap(at(name), one, { format, values });
        const text = run('gdalinfo', ['-json', '-checksum', '--config', 'GDAL_PAM_ENABLED', 'NO', at(name)]);
        const info = JSON.parse(text.replaceAll(/: nan\b/g, ': "NaN"'));
        facts.push({
          size: info.size,
          geoTransform: info.geoTransform.map((value: number) => value + 0), // 0 for -0
          epsg: info.stac['proj:epsg'],
          bands: info.bands.map(({ checksum, type, description, noDataValue, scale = 1, offset = 0 }: Record<string, unknown>) => ({ checksum, type, description, noDataValue, scale, offset })), // biome-ignore format: one line
        });
      }
      assert.deepEqual(facts[1], facts[0]);
      const scene = await openScene(at('twin.dat'));
      assert.deepEqual(
        scene.bands.map(({ name, gain, noData }) => [name, gain, noData]),
        optionsOf(one).bands.map(({ name, gain = 1 }) => [name, gain, NO_DATA[type]]),
      );
      assert.match(scene.facts.description!, /EGUNET_SCENE=a \(strange\) name\.tif$/);
      await scene.close();
    });

  describe('lies', () => {
    const turned = (degrees: number): Georeference['affine'] => {
      const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      return [30 * cos, 30 * sin, 300_000, 20 * sin, -20 * cos, 5_800_000];
    };
    const cases: Readonly<Record<string, Georeference>> = {
      'in a northern UTM zone': { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 32633 },
      'in a southern UTM zone': { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 32733 },
      'in a UTM zone on ETRS89': { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 25832 },
      'in a UTM zone on NAD83': { affine: [30, 0, 300_000, 0, -30, 4_800_000], epsg: 26917 },
      'in degrees': { affine: [0.01, 0, 12.5, 0, -0.02, 48.25], epsg: 4326 },
      'turned by 20 degrees': { affine: turned(20), epsg: 32633 },
      'turned by -135 degrees': { affine: turned(-135), epsg: 32633 },
      'south up': { affine: [30, 0, 300_000, 0, 30, 5_800_000], epsg: 32633 },
      'on a grid of no coordinate system': { affine: [2, 0, 10, 0, -2, 20] },
    };
    const infoOf = (path: string) => JSON.parse(run('gdalinfo', ['-json', path]).replaceAll(/: nan\b/g, ': "NaN"'));
    const values = surfaces(SMALL);
    const assertNear = (got: readonly number[], expected: readonly number[]) => {
      for (const [i, value] of expected.entries())
        assert.ok(Math.abs(got[i]! - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${got} ${expected}`);
    };

    for (const [where, georeference] of Object.entries(cases))
      it(`${where}, in the eyes of GDAL, of our reader and of the store's attributes`, async () => {
        const { affine, epsg } = georeference;
        const [a, b, c, d, e, f] = affine;
        await writeMap(at('geo.img'), SMALL, { format: 'envi', values, georeference });
        const info = infoOf(at('geo.img'));
        assertNear(info.geoTransform, [c, a, b, f, d, e]);
        if (epsg !== undefined) assert.match(info.coordinateSystem.wkt, new RegExp(`ID\\["EPSG",${epsg}\\]\\]$`));
        const scene = await openScene(at('geo.img'));
        assertNear(scene.georeference!.affine, affine);
        assert.equal(scene.georeference!.epsg, epsg);
        await scene.close();

        await writeMap(at('geo.zarr'), SMALL, { format: 'zarr', values, georeference });
        const { attrs } = await openStore(at('geo.zarr'));
        const { array } = await readArray(at('geo.zarr'), 'abundance');
        for (const found of [attrs, array.attrs]) {
          assert.deepEqual(found['spatial:transform'], affine);
          assert.deepEqual(found['spatial:dimensions'], ['y', 'x']);
          assert.deepEqual(found['spatial:shape'], [SMALL.rows, SMALL.cols]);
          assert.equal(found['proj:code'], epsg === undefined ? undefined : `EPSG:${epsg}`);
        }
        const mapping = (await readArray(at('geo.zarr'), 'spatial_ref')).array.attrs;
        assert.equal(mapping.GeoTransform, [c, a, b, f, d, e].join(' '));
        if (epsg !== undefined)
          assert.match(run('gdalsrsinfo', ['-e', mapping.crs_wkt as string]), new RegExp(`^\\s*EPSG:${epsg}$`, 'm'));
        const straight = b === 0 && d === 0 && epsg !== undefined;
        assert.equal(existsSync(at('geo.zarr/x')), straight);
        if (!straight) return;
        const [x, y] = [await readArray(at('geo.zarr'), 'x'), await readArray(at('geo.zarr'), 'y')];
        assertNear(x.data as Float64Array as unknown as number[], [c + a / 2, c + 1.5 * a]);
        assertNear(y.data as Float64Array as unknown as number[], [f + e / 2, f + 1.5 * e]);
        assert.equal(x.array.attrs.units, epsg === 4326 ? 'degrees_east' : 'm');
      });

    it('in a system without figures here: a store has its code, ENVI refuses it before any work', async () => {
      const georeference = { affine: [30, 0, 4_000_000, 0, -30, 3_000_000], epsg: 3035 } as const;
      await writeMap(at('laea.zarr'), SMALL, { format: 'zarr', values, georeference });
      const { attrs } = (await readArray(at('laea.zarr'), 'spatial_ref')).array;
      assert.deepEqual([attrs.spatial_ref, attrs.crs_wkt], ['EPSG:3035', undefined]);
      await refused('envi', { georeference }, /EPSG:3035 cannot stand in an ENVI header, which takes degrees or UTM/);
    });

    it('in a system of keys alone, which only a GeoTIFF can say', async () => {
      const georeference = { affine: [1, 0, 0, 0, -1, 0], geoKeys: { directory: [1, 1, 0, 1, 1024, 0, 1, 32767] } } as const; // biome-ignore format: one line
      await refused('envi', { georeference }, /its coordinate system cannot stand in an ENVI header/);
      await refused('zarr', { georeference }, /its coordinate system has no EPSG code/);
    });

    it('on axes that are not at right angles, which ENVI refuses', async () => {
      const georeference = { affine: [30, 5, 0, 0, -30, 0], epsg: 32633 } as const;
      await refused('envi', { georeference }, /axes are not at right angles \(affine 30,5,0,0,-30,0\)/);
      await writeMap(at('sheared.zarr'), SMALL, { format: 'zarr', values, georeference });
      assert.deepEqual((await openStore(at('sheared.zarr'))).attrs['spatial:transform'], georeference.affine);
    });
  });

  /** Beginning is refused, and nothing is left. */
  async function refused(format: MapFormatName, more: object, message: RegExp) {
    const own = at(`refused-${readdirSync(folder).length}`);
    mkdirSync(own);
    const options = { ...optionsOf(SMALL), ...more, format };
    await assert.rejects(createMapFile(join(own, 'map'), options), { _tag: 'RasterError', message });
    assert.deepEqual(readdirSync(own), []);
  }

  it('is refused before any work where its format cannot say what it is', async () => {
    const named = (name: string) => ({ bands: [{ name }, { name: 'b' }] });
    await refused('envi', named('grass, dry'), /the band 'grass, dry' cannot be named in an ENVI header/);
    await refused('envi', named('grass}'), /cannot be named/);
    await refused('envi', { sampleType: 'int8', noData: 0 }, /ENVI has no samples of int8/);
    await refused('zarr', { bands: [{ gain: 1 }, { gain: 2 }] }, /one gain for all bands, and these differ/);
  });

  it('as a store says what it holds, to those who ask for all at once too', async () => {
    const one: Case = { ...SMALL, type: 'uint16' };
    await writeMap(at('said.zarr'), one, { format: 'zarr', values: surfaces(one) });
    const document = (name: string) => JSON.parse(readFileSync(at(`said.zarr/${name}zarr.json`), 'utf8'));
    const { attributes, consolidated_metadata: all } = document('');
    assert.equal(attributes.SOFTWARE, 'egunet 0');
    assert.equal(attributes.EGUNET_SCENE, 'a {strange}\nname.tif');
    assert.deepEqual(Object.keys(all.metadata).sort(), ['abundance', 'endmember', 'spatial_ref', 'x', 'y']);
    for (const [name, node] of Object.entries(all.metadata)) assert.deepEqual(document(`${name}/`), node);
    const { array } = await readArray(at('said.zarr'), 'abundance');
    assert.deepEqual(array.shape, [2, 7, 5]);
    assert.deepEqual(array.dimensionNames, ['endmember', 'y', 'x']);
    assert.equal(array.fillValue, 65535);
    const { scale_factor, add_offset, _FillValue, grid_mapping } = array.attrs;
    assert.deepEqual([scale_factor, add_offset, _FillValue, grid_mapping], [1e-4, 0, 65535, 'spatial_ref']);
    const names = await readArray(at('said.zarr'), 'endmember');
    assert.deepEqual([...(names.data as Iterable<string>)], ['material 1', 'material 2']);
  });

  it('as a store ends its shards with a true checksum, and keeps nothing of what has no data', async () => {
    assert.equal(checksumOf(new TextEncoder().encode('123456789')), 0xe3069283); // the value that RFC 3720's polynomial is known by
    const one: Case = { rows: 130, cols: 130, bands: 2, type: 'float32', tile: 16 }; // 3 x 3 shards
    const values = new Float32Array(130 * 130 * 2).fill(Number.NaN);
    values[0] = 0.5; // band 1 of the first pixel
    await writeMap(at('empty.zarr'), one, { format: 'zarr', values });
    assert.deepEqual([...snapshot(at('empty.zarr/abundance')).keys()], ['c/0/0/0', 'zarr.json']);
    const shard = readFileSync(at('empty.zarr/abundance/c/0/0/0'));
    const index = shard.subarray(shard.length - 4 - 16 * 2 * 16);
    assert.equal(index.readUInt32LE(index.length - 4), checksumOf(index.subarray(0, -4)));
    assert.deepEqual([index.readBigUInt64LE(0), index.readBigUInt64LE(8)], [0n, BigInt(shard.length - index.length)]);
    for (let i = 16; i < index.length - 4; i += 8) assert.equal(index.readBigUInt64LE(i), 2n ** 64n - 1n);
    assertSameBits(await readStore(at('empty.zarr')), values);
  });

  for (const [name, format] of [
    ['part.zarr', 'zarr'],
    ['part.img', 'envi'],
  ] as const)
    describe(`whose writing as ${format} was interrupted`, () => {
      const one: Case = { rows: 200, cols: 300, bands: 2, type: 'float32', tile: 32 };
      const values = surfaces(one);
      const windows = windowsOf(one, 32);
      const own = temporaryFolder();
      const path = join(own, name);
      const written = () => snapshot(own);
      let whole: ReturnType<typeof written>;

      before(async () => {
        await writeMap(path, one, { format, values });
        whole = written();
      });

      it('goes on from the finished tiles and ends with the same bytes', async () => {
        const first = await createMapFile(path, { ...optionsOf(one), format });
        for (const window of windows.slice(0, 11)) await first.writeWindow(window, cut(values, one, window));
        await first.stop();
        assert.ok(existsSync(`${path}.part`));
        const file = await createMapFile(path, { ...optionsOf(one), format });
        const left = windows.filter((window) => !file.holds(window));
        assert.equal(left.length, windows.length - 11);
        for (const window of left) await file.writeWindow(window, cut(values, one, window));
        await file.close();
        assert.deepEqual(written(), whole);
      });

      it('also where it was stopped while it was put together, with the old map in place', async () => {
        for (const count of [1, 2, 30, 70]) {
          const file = await createMapFile(path, { ...optionsOf(one), format });
          for (const window of windows)
            if (!file.holds(window)) await file.writeWindow(window, cut(values, one, window));
          const signal = stopAt(count);
          await assert.rejects(file.close(signal), signal.stopped);
          await file.stop();
          const kept = [...written()].filter(([file]) => !file.startsWith(`${name}.part/`));
          assert.deepEqual(new Map(kept), whole);
        }
        const file = await createMapFile(path, { ...optionsOf(one), format });
        await file.close();
        assert.deepEqual(written(), whole);
      });

      it('clears what a killed process left half written', async () => {
        for (const file of whole.keys()) {
          const top = file.split('/')[0]!;
          writeFileSync(join(own, `${top}.0123abcd.partial`), 'half');
        }
        mkdirSync(join(own, `${name}.89abcdef.old`));
        await writeMap(path, one, { format, values });
        assert.deepEqual(written(), whole);
        assert.ok(!existsSync(join(own, `${name}.89abcdef.old`)));
      });

      it('refuses other work, and takes its place where it overwrites', async () => {
        for (const file of readdirSync(own)) rmSync(join(own, file), { recursive: true });
        const first = await createMapFile(path, { ...optionsOf(one), format });
        await first.note('of the first');
        await first.writeWindow(windows[0]!, cut(values, one, windows[0]!));
        await first.stop();
        const other = { ...optionsOf(one), format, identity: { scene: 'b' } };
        await assert.rejects(createMapFile(path, { ...other, overwrite: false }), /scene was "a", is "b"/);
        const again = await createMapFile(path, { ...optionsOf(one), format });
        assert.deepEqual([again.notes(), again.holds(windows[0]!)], [['of the first'], true]);
        await again.stop();
        const anew = await createMapFile(path, other);
        assert.deepEqual([anew.notes(), anew.holds(windows[0]!)], [[], false]);
        await anew.stop();
        assert.deepEqual(readdirSync(own), []);
        await writeMap(path, one, { format, values });
        assert.deepEqual(written(), whole);
      });

      it('refuses to be complete without all its pixels', async () => {
        const file = await createMapFile(path, { ...optionsOf(one), format });
        await assert.rejects(file.close(), /70 of 70 tiles lack pixels/);
        await file.stop();
        assert.deepEqual(written(), whole);
      });
    });

  describe('that is there already', () => {
    const values = surfaces(SMALL);
    const write = (path: string, format: MapFormatName, overwrite: boolean) =>
      writeMap(path, SMALL, { format, values, overwrite });

    it('as a store is replaced where asked only, whole; other folders and files never', async () => {
      const path = at('taken.zarr');
      await writeMap(path, { ...SMALL, rows: 70, cols: 70 }, { format: 'zarr', values: surfaces({ ...SMALL, rows: 70, cols: 70 }) }); // biome-ignore format: one line
      await assert.rejects(write(path, 'zarr', false), { message: `${path}: exists already; choose another name`, remedy: 'overwrite' }); // biome-ignore format: one line
      await write(`${path}/`, 'zarr', true);
      assertSameBits(await readStore(path), values);
      assert.ok(!existsSync(join(path, 'abundance/c/0/1')));
      mkdirSync(at('photos.zarr'));
      writeFileSync(at('photos.zarr/holiday.jpg'), 'x');
      writeFileSync(at('file.zarr'), 'x');
      for (const name of ['photos.zarr', 'file.zarr'])
        await assert.rejects(write(at(name), 'zarr', true), /exists already, and is no Zarr store to be replaced/);
      assert.deepEqual(readdirSync(at('photos.zarr')), ['holiday.jpg']);
    });

    it('as half of an ENVI image is respected too', async () => {
      writeFileSync(at('half.hdr'), 'old');
      await assert.rejects(write(at('half.img'), 'envi', false), { message: /half\.hdr: exists already/, remedy: 'overwrite' }); // biome-ignore format: one line
      await write(at('half.hdr'), 'envi', true);
      assertSameBits(readWithGdal(folder, at('half.img'), 'float32'), values);
    });
  });

  it('is of the format of its name, or of the one asked for where the name says nothing', () => {
    const named = { 'a.tif': 'cog', 'a.TIFF': 'cog', 'a.zarr': 'zarr', 'a.zarr/': 'zarr', 'a.img': 'envi', 'a.bsq': 'envi', 'a.bil': 'envi', 'a.bip': 'envi', 'a.dat': 'envi', 'a.hdr': 'envi' }; // biome-ignore format: a table
    for (const [name, format] of Object.entries(named)) {
      assert.equal(mapFormatOf(name), format);
      assert.equal(mapFormatOf(name, format as MapFormatName), format);
    }
    assert.equal(mapFormatOf('a', 'envi'), 'envi');
    assert.throws(() => mapFormatOf('a'), /a: its ending names no format of maps; expected \.tif or \.tiff \(cog\)/);
    assert.throws(() => mapFormatOf('a.tif', 'zarr'), /is the name of a GeoTIFF, but the format asked for is zarr/);
  });
});
