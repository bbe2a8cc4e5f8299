import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGeoTiff, type Scene } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, temporaryFolder } from '../support/index.js';
import { openPath, patchTag, sampleValues, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused, memorySource } from './memory.js';

const size = { rows: 20, cols: 24, bands: 2 };
const open = (bytes: Uint8Array): Promise<Scene> => openGeoTiff(memorySource(bytes, 'scene.tif'), nodeCodecs);

async function readWhole(bytes: Uint8Array): Promise<void> {
  const scene = await open(bytes);
  const rows = Math.min(scene.rows, 64);
  const cols = Math.min(scene.cols, 64);
  await scene.readSpectra({ row: scene.rows - rows, col: scene.cols - cols, rows, cols }, [0]);
}

describe('A damaged or unsupported GeoTIFF', () => {
  const folder = temporaryFolder();
  let raw = '';

  before(function () {
    requireGdal(this);
    raw = writeEnvi(join(folder, 'raw'), sampleValues('int16', size), { type: 'int16', size });
  });

  const make = (options: string): string => translate(raw, join(folder, 'made.tif'), `-of GTiff ${options}`);

  it('is refused by name when its compression cannot be read, with the command that converts it', async () => {
    for (const [options, expected] of [
      [
        '-ot Byte -co COMPRESS=JPEG',
        /made\.tif: compression 7 \(JPEG\) cannot be read.*gdal_translate -co COMPRESS=DEFLATE/,
      ],
      ['-co COMPRESS=PACKBITS', /compression 32773 \(PackBits\)/],
      ['-co COMPRESS=LZMA', /compression 34925 \(LZMA\)/],
      ['-ot CInt16', /samples of 32 bits in SampleFormat 5 cannot be read.*gdal_translate -ot Float32/],
      ['-ot Byte -co NBITS=4 -scale 0 1e9 0 1', /samples of 4 bits/],
      ['-ot Float32 -co NBITS=16', /samples of 16 bits in SampleFormat 3/],
    ] as const)
      await assertRefused(() => openPath(make(options)), expected);
  });

  it('is refused when it is no TIFF, empty, missing or a folder', async () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(7),
      Buffer.from('II*'),
      Buffer.from('ENVI and then some text'),
    ])
      await assertRefused(() => open(bytes), /not a TIFF file/);
    await assertRefused(
      () => openPath(join(folder, 'absent.tif')),
      /absent\.tif: cannot open it: there is no such file/,
    );
    mkdirSync(join(folder, 'folder.tif'));
    await assertRefused(() => openPath(join(folder, 'folder.tif')), /is a folder; name a file in it/);
    await assertRefused(() => openPath('/dev/null'), /is not a regular file/);
    await assertRefused(() => openPath(join(make(''), 'inner.tif')), /a part of the path is not a folder/);
  });

  it('is refused when it was cut off, wherever that was', async () => {
    const bytes = readFileSync(make('-co COMPRESS=LZW'));
    for (let length = 0; length < bytes.length; length += 37)
      await assertRefused(() => readWhole(bytes.subarray(0, length)), /damaged or cut off|not a TIFF file/);
  });

  it('is refused when the file shrinks after it was opened', async () => {
    const path = join(folder, 'shrinks.tif');
    writeFileSync(path, readFileSync(make('')));
    const source = await openFile(path);
    const scene = await openGeoTiff(source, nodeCodecs);
    writeFileSync(path, new Uint8Array(100));
    await assertRefused(
      () => scene.readWindow({ row: 10, col: 0, rows: 10, cols: 24 }),
      /became shorter while it was read/,
    );
    await assertRefused(() => source.read(source.size - 1, 2), /are not in the file of \d+ bytes/);
    await scene.close();
  });

  it('is refused when a tag claims what cannot be', async () => {
    const bytes = readFileSync(
      make('-co COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16'),
    );
    for (const [tag, value, expected] of [
      [256, 0, /number of columns is 0/],
      [256, 4_000_000_000, /number of columns is 4000000000/],
      [257, 3_000_000, /expected the places of \d+ tiles, got \d/],
      [277, 70_000, /number of bands is 70000/],
      [284, 3, /PlanarConfiguration is 3/],
      [322, 0, /tile width is 0/],
      [322, 2_000_000_000, /more than 1073741824; convert it: gdal_translate -co TILED=YES/],
      [322, 1_000_000, /which its \d+ bytes in the file cannot|expected the places/],
      [317, 4, /predictor 4 does not exist/],
      [317, 3, /predictor 3 is for floats/],
      [258, 64, /samples of 64 bits/],
      [324, 5, /expected the places of \d+ tiles, got \d/],
    ] as const)
      await assertRefused(() => readWhole(patchTag(bytes, tag, value)), expected);
    const strip = readFileSync(translate(raw, join(folder, 'strip.tif'), '-of GTiff -b 1 -co BLOCKYSIZE=20'));
    await assertRefused(() => readWhole(patchTag(strip, 273, 3)), /strip 0 of 1 should lie at bytes 3\.\./);
    await assertRefused(() => readWhole(patchTag(strip, 273, 1e9)), /but the file has \d+ bytes/);
    await assertRefused(() => readWhole(patchTag(strip, 279, 10)), /should hold 960 bytes, which its 10 bytes/);
  });

  it('is refused when NoData is not a number or the georeference maps no area', async () => {
    const bytes = readFileSync(make('-a_nodata -32768 -a_ullr 0 20 24 0'));
    const wrong = Buffer.from(bytes);
    wrong.write('abcdef', bytes.indexOf('-32768'));
    await assertRefused(() => open(wrong), /GDAL_NODATA is 'abcdef', expected a number/);
    const scale = Buffer.alloc(16);
    scale.writeDoubleLE(1, 0);
    scale.writeDoubleLE(1, 8);
    const flat = Buffer.from(bytes);
    flat.fill(0, bytes.indexOf(scale), bytes.indexOf(scale) + 16);
    await assertRefused(() => open(flat), /its georeference .* maps no area/);
  });

  it('opens when its directories form a ring: only the first one is needed', async () => {
    const bytes = Buffer.from(readFileSync(make('')));
    const directory = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(directory, directory + 2 + bytes.readUInt16LE(directory) * 12);
    await readWhole(bytes);
  });

  it('is refused when a block holds nonsense, naming the block', async () => {
    for (const [compression, expected] of [
      ['DEFLATE', /strip 0 \(deflate\) cannot be decoded/],
      ['ZSTD', /strip 0 \(zstd\) cannot be decoded/],
      ['LZW', /strip 0 \(lzw\) cannot be decoded/],
    ] as const) {
      const path = make(`-co COMPRESS=${compression} -co BLOCKYSIZE=20`);
      const bytes = Buffer.from(readFileSync(path));
      // With one strip the only large run of bytes is the strip itself: the last bytes of the file.
      bytes.fill(0xff, bytes.length - 400);
      await assertRefused(() => readWhole(bytes), expected);
    }
  });

  it('is refused when a large block, inflated on another thread, holds nonsense', async () => {
    const large = { rows: 400, cols: 400, bands: 1 };
    const from = writeEnvi(join(folder, 'large'), sampleValues('int16', large), { type: 'int16', size: large });
    const path = translate(from, join(folder, 'large.tif'), '-of GTiff -co COMPRESS=DEFLATE -co BLOCKYSIZE=400');
    const bytes = Buffer.from(readFileSync(path));
    bytes.fill(0xff, bytes.length - 5000, bytes.length - 2000);
    await assertRefused(() => readWhole(bytes), /strip 0 \(deflate\) cannot be decoded/);
  });

  it('is refused when its LZW is of the obsolete kind', async () => {
    const path = make('-co COMPRESS=LZW -co BLOCKYSIZE=20');
    const bytes = Buffer.from(readFileSync(path));
    const directory = bytes.readUInt32LE(4);
    const entries = Array.from({ length: bytes.readUInt16LE(directory) }, (_, i) => directory + 2 + i * 12);
    const strip = bytes.readUInt32LE(entries.find((at) => bytes.readUInt16LE(at) === 273)! + 8);
    bytes.writeUInt16BE(0x0001, strip);
    await assertRefused(() => readWhole(bytes), /obsolete, bit-reversed LZW of TIFF 5/);
  });

  it('is either read or refused, whatever bytes are changed', async () => {
    const options = [
      '-co COMPRESS=NONE -co INTERLEAVE=BAND',
      '-co COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16',
      '-co COMPRESS=LZW -co BIGTIFF=YES -co ENDIANNESS=BIG',
      '-co COMPRESS=ZSTD -co INTERLEAVE=BAND',
      '-ot Float32 -co COMPRESS=DEFLATE -co PREDICTOR=3',
    ];
    const georeferenced = '-a_srs EPSG:32633 -a_ullr 0 20 24 0 -a_nodata -7 -a_scale 2 -mo K=V';
    const originals = options.map((o) => readFileSync(make(`${o} ${georeferenced}`)));
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.nat(255),
      early: fc.boolean(),
    });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(options.length - 1),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (which, changes) => {
          const bytes = Buffer.from(originals[which]!);
          // Half of the changes hit the header and the directory.
          for (const { at, byte, early } of changes) bytes[Math.floor(at * (early ? 400 : bytes.length - 1))] = byte;
          try {
            await readWhole(bytes);
          } catch (error) {
            assert.equal((error as { _tag?: string })._tag, 'RasterError', String((error as Error).stack));
            refused++;
          }
        },
      ),
      { numRuns: 1500, seed: 3 },
    );
    assert.ok(refused > 100, `only ${refused} of the changed files were refused`);
  });
});
