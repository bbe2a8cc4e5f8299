// Maps in Zarr stores, read again: as the GeoTIFF of the same samples is read.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '@egunet/fixtures';
import { type Georeference, openSceneAt, RasterError, type SampleArray, type Window } from '@egunet/raster';
import { nodeCodecs, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { snapshot } from '../support/maps.js';
import { assertSameBits } from './geotiff-support.js';
import { type Case, surfaces, writeMap } from './map-formats-support.js';
import { assertRefused, memoryFolder } from './memory.js';
import { mutated, readAll } from './mutate.js';

const MAP: Case = { rows: 150, cols: 90, bands: 2, type: 'float32', tile: 32 };

describe('A map in a Zarr store', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const store = at('map.zarr');

  const write = (
    path: string,
    one: Case,
    format: 'zarr' | 'cog',
    more: { georeference?: Georeference | undefined } = {},
  ) => writeMap(path, one, { format, values: surfaces(one), ...more });

  async function read(path: string, window: Window, bands?: readonly number[]): Promise<SampleArray> {
    const scene = await openScene(path);
    const { data } = await scene.readWindow(window, bands);
    await scene.close();
    return data;
  }

  it('has in any window the samples of the GeoTIFF, whatever its size, tile, type and bands', async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 100 }),
      cols: fc.integer({ min: 1, max: 100 }),
      bands: fc.integer({ min: 1, max: 4 }),
      type: fc.constantFrom('float32', 'uint16', 'uint8' as const),
      tile: fc.constantFrom(16, 32),
    });
    const part = fc.tuple(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    );
    const some = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, part, part, some, async (one, [top, height], [left, width], wanted) => {
        await write(at('p.zarr'), one, 'zarr');
        await write(at('p.tif'), one, 'cog');
        const [row, col] = [Math.floor(top * one.rows), Math.floor(left * one.cols)];
        const size = {
          rows: 1 + Math.floor(height * (one.rows - row)),
          cols: 1 + Math.floor(width * (one.cols - col)),
        };
        const bands = wanted.map((band) => band % one.bands);
        const window = { row, col, ...size };
        assertSameBits(await read(at('p.zarr'), window, bands), await read(at('p.tif'), window, bands));
        const whole = { row: 0, col: 0, rows: one.rows, cols: one.cols };
        assertSameBits(await read(at('p.zarr'), whole), surfaces(one));
      }),
      { numRuns: 25, seed: 11 },
    );
  });

  it('without data in whole chunks and shards has NoData there', async () => {
    const one = { ...MAP, rows: 160, cols: 130, tile: 16 }; // shards of 64 x 64 pixels
    const values = surfaces(one).fill(Number.NaN, 0, 70 * one.cols * one.bands) as Float32Array;
    await writeMap(at('gaps.zarr'), one, { format: 'zarr', values });
    assert.ok(!existsSync(at('gaps.zarr/abundance/c/0/0')) && existsSync(at('gaps.zarr/abundance/c/0/1')));
    const all = { row: 0, col: 0, rows: one.rows, cols: one.cols };
    assertSameBits(await read(at('gaps.zarr'), all), values);
    // A server says of shards that are absent that it has none; one that may not be read is not absent.
    const files = memoryFolder({ 'zarr.json': Uint8Array.of(1), ...Object.fromEntries(snapshot(at('gaps.zarr'))) });
    const served = (status: number) => ({
      ...files,
      open: (file: string) =>
        files.open(file).catch((error) => {
          throw new RasterError(error.message, { cause: Object.assign(new Error(`HTTP ${status}`), { status }) });
        }),
    });
    for (const status of [404, 410]) {
      const scene = await openSceneAt({ folder: served(status) }, nodeCodecs);
      assertSameBits((await scene.readWindow(all)).data, values);
      await scene.close();
    }
    const closed = await openSceneAt({ folder: served(403) }, nodeCodecs);
    await assertRefused(() => closed.readWindow(all), /no such file/);
    await closed.close();
  });

  for (const [what, georeference, type] of [
    ['in a UTM zone', { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 32633 }, 'float32'],
    ['in degrees, turned', { affine: [0.01, 0.002, 12.5, 0.001, -0.02, 48.25], epsg: 4326 }, 'uint16'],
    ['on a grid of no coordinate system', { affine: [2, 0, 10, 0, -2, 20] }, 'uint8'],
    ['nowhere', undefined, 'float32'],
  ] as const)
    it(`${what}, of ${type}, says of itself what the GeoTIFF says`, async () => {
      const one = { ...MAP, type };
      await write(at('said.zarr'), one, 'zarr', { georeference });
      await write(at('said.tif'), one, 'cog', { georeference });
      const [zarr, tiff] = [await openScene(at('said.zarr')), await openScene(at('said.tif'))];
      for (const key of ['rows', 'cols', 'sampleType', 'bands', 'block'] as const)
        assert.deepEqual(zarr[key], tiff[key], key);
      assert.deepEqual(zarr.georeference?.affine, tiff.georeference?.affine);
      assert.equal(zarr.georeference?.epsg, tiff.georeference?.epsg);
      assert.deepEqual([zarr.format, zarr.name], ['Zarr', at('said.zarr')]);
      await Promise.all([zarr.close(), tiff.close()]);
    });

  it('may be named by its folder or by the file at its beginning', async () => {
    await write(store, MAP, 'zarr');
    const window = { row: 100, col: 20, rows: 10, cols: 70 };
    const expected = await read(store, window);
    for (const name of [`${store}/`, join(store, 'zarr.json')]) assertSameBits(await read(name, window), expected);
  });

  describe('is refused', () => {
    const own = at('own.zarr');
    before(() => write(store, MAP, 'zarr'));
    beforeEach(() => {
      rmSync(own, { recursive: true, force: true });
      cpSync(store, own, { recursive: true });
    });

    const ARRAY = join(own, 'abundance/zarr.json');
    const SHARD = join(own, 'abundance/c/0/0/0');
    type Document = Record<string, never> & {
      codecs: { name: string; configuration: { chunk_shape: number[]; codecs: object[]; index_location: string } }[];
    };
    const edit = (change: (document: Document) => void) => () => {
      const document = JSON.parse(readFileSync(ARRAY, 'utf8'));
      change(document);
      writeFileSync(ARRAY, JSON.stringify(document));
    };
    const set = (key: string, value: unknown) => edit((document) => Object.assign(document, { [key]: value }));
    const sharding = (change: object) => edit(({ codecs: [one] }) => Object.assign(one!.configuration, change));

    /** Overwrites some bytes of a file. */
    function damage(file: string, from: number): void {
      const bytes = readFileSync(file);
      bytes.fill(0x5a, from, from + 20);
      writeFileSync(file, bytes);
    }

    for (const [what, change, says] of [
      [
        'another version',
        set('zarr_format', 2),
        /abundance\/zarr\.json: its 'zarr_format' is 2, expected 3; only maps written by this/,
      ],
      ['a group in its place', set('node_type', 'group'), /'node_type' is "group", expected "array"/],
      [
        'another order',
        set('dimension_names', ['y', 'x', 'band']),
        /'dimension_names' is \["y","x","band"\], expected/,
      ],
      ['two dimensions', set('shape', [150, 90]), /'shape' is \[150,90\], expected \[bands, rows, columns\]/],
      ['no rows', set('shape', [2, 0, 90]), /'shape' is \[2,0,90\]/],
      ['other samples', set('data_type', 'complex64'), /'data_type' is "complex64", expected one of uint8, /],
      [
        'no shards',
        set('codecs', [{ name: 'bytes' }, { name: 'gzip' }]),
        /'codecs' is .* shards with chunks of at most 4096 pixels a side/,
      ],
      ['blosc', sharding({ codecs: [{ name: 'bytes' }, { name: 'blosc' }] }), /'codecs' is .*blosc.*, expected .*gzip/],
      ['its index in front', sharding({ index_location: 'start' }), /'codecs' is .*"index_location":"start"/],
      ['chunks too large', sharding({ chunk_shape: [1, 8192, 8192] }), /chunks of at most 4096/],
      [
        'half a chunk a shard',
        set('chunk_grid', { name: 'regular', configuration: { chunk_shape: [2, 48, 48] } }),
        /'chunk_grid' is .* shards of whole chunks of 32 pixels/,
      ],
      [
        'shards too large',
        set('chunk_grid', { name: 'regular', configuration: { chunk_shape: [2, 2 ** 20, 2 ** 20] } }),
        /'chunk_grid' is .* at most 1048576/,
      ],
      [
        'another grid',
        set('chunk_grid', { name: 'odd', configuration: { chunk_shape: [2, 128, 128] } }),
        /'chunk_grid' is .*"odd"/,
      ],
      ['a word for its fill value', set('fill_value', 'none'), /'fill_value' is "none", expected a number or NaN/],
      [
        'no JSON',
        () => writeFileSync(ARRAY, '{'),
        /abundance\/zarr\.json: is not JSON that can be read; copy the store again/,
      ],
      [
        'brackets without end',
        () => writeFileSync(ARRAY, '['.repeat(1e6) + ']'.repeat(1e6)),
        /is not JSON that can be read/,
      ],
      [
        'more than a document',
        () => writeFileSync(ARRAY, ' '.repeat(2 ** 24 + 1)),
        /zarr\.json: 16777217 bytes, expected at most 16777216/,
      ],
      ['no array', () => rmSync(ARRAY), /abundance\/zarr\.json: cannot open it: there is no such file/],
      ['no names', () => rmSync(join(own, 'endmember/c/0')), /endmember\/c\/0: cannot open it: there is no such file/],
      [
        'half its names',
        () => truncateSync(join(own, 'endmember/c/0'), 20),
        /does not hold the names of 2 bands; copy/,
      ],
      [
        'too many names',
        () => writeFileSync(join(own, 'endmember/c/0'), Uint8Array.of(3, 0, 0, 0)),
        /the names of 2 bands/,
      ],
      [
        'a shard without its end',
        () => truncateSync(SHARD, 3000),
        /c\/0\/0\/0: its index has another checksum; the store is damaged/,
      ],
      ['next to no shard', () => truncateSync(SHARD, 30), /c\/0\/0\/0: 30 bytes, less than the index of a shard/],
      [
        'a chunk changed',
        () => damage(SHARD, 40),
        /c\/0\/0\/0: a chunk at byte 0 cannot be unpacked: .*; the store is damaged, copy/,
      ],
      [
        'version 2',
        () => writeFileSync(join(own, '.zgroup'), '{}'),
        /own\.zarr: a Zarr store of version 2, expected a map of version 3/,
      ],
    ] as const)
      it(`with ${what}`, async () => {
        change();
        await assertRefused(() => read(own, { row: 0, col: 0, rows: 150, cols: 90 }), says);
      });

    it('where a chunk is of another size than it should be', async () => {
      const shard = readFileSync(SHARD);
      const small = gzipSync(Buffer.alloc(100));
      shard.set(small); // the first chunk is larger, and what follows a gzip file is no part of it
      shard.fill(0, small.length, small.length + 50);
      writeFileSync(SHARD, shard);
      await assertRefused(
        () => read(own, { row: 0, col: 0, rows: 150, cols: 90 }),
        /a chunk at byte 0 does not hold 4096 bytes; the store/,
      );
    });

    it('as any other folder without a scene, and where the platform cannot unpack it', async () => {
      mkdirSync(at('empty.zarr'));
      await assertRefused(() => openScene(at('empty.zarr')), /empty\.zarr: /);
      const { gunzip: _, ...codecs } = nodeCodecs;
      const files = memoryFolder({ 'zarr.json': new Uint8Array(2) });
      await assertRefused(() => openSceneAt({ folder: files }, codecs), /a Zarr store, which cannot be unpacked here/);
    });

    it('or read, in bounded time and memory, when its bytes are changed at random', async () => {
      const { uniform } = seededRandom(9);
      const files = [...snapshot(own)].filter(([name]) => /abundance|endmember\/c/.test(name));
      const store = function* () {
        for (let i = 0; i < 2000; i++) yield mutated(files[i % files.length]![1], uniform);
      };
      const tally = await readAll(store(), async (bytes, i) => {
        const changed = files.map(([name, whole], k) => [name, k === i % files.length ? bytes : whole] as const);
        const scene = await openSceneAt(
          { folder: memoryFolder({ 'zarr.json': Uint8Array.of(1), ...Object.fromEntries(changed) }) },
          nodeCodecs,
        );
        await scene.readWindow({ row: 0, col: 0, rows: Math.min(200, scene.rows), cols: Math.min(200, scene.cols) });
        await scene.close();
      });
      assert.ok(tally.read > 20 && tally.refused > 20, JSON.stringify(tally));
    });
  });
});
