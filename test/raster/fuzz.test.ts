// Files whose bytes were changed at random, 2,000 of each format: each is read, or refused with a RasterError, in 5 s and 512 MiB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@egunet/fixtures';
import {
  createGeoTiff,
  openEnvi,
  openGeoTiff,
  openMatScene,
  readSpectralLibraryCsv,
  readSpectralLibraryEnvi,
  type Scene,
} from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { requireGdal, temporaryFolder } from '../support/index.js';
import { metadataXml, open as openEnmap, product, THREE } from './enmap-support.js';
import { HEADER, headerText, smallData } from './envi-support.js';
import { sampleValues, translate, writeEnvi } from './geotiff-support.js';
import { matFile } from './matlab-support.js';
import { memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';
import { mutated, readAll, type Tally } from './mutate.js';

const RUNS = 2000;
const utf8 = new TextEncoder();

/** Reads a corner by window and as a stream, of all bands, and closes. */
async function readCorner(scene: Scene): Promise<void> {
  const [rows, cols] = [Math.min(scene.rows, 40), Math.min(scene.cols, 40)];
  const window = { row: scene.rows - rows, col: scene.cols - cols, rows, cols };
  const bands = scene.bands.slice(0, 64).map((_, band) => band);
  try {
    await scene.readWindow(window, bands);
    for await (const { count } of scene.streamSpectra(window, bands, 64)) assert.ok(count >= 1 && count <= 64);
  } finally {
    await scene.close();
  }
}

/** So many files, made from the originals in turn. */
function* changed(originals: readonly Uint8Array[], seed: number, runs = RUNS): Generator<Uint8Array> {
  const { uniform } = seededRandom(seed);
  for (let i = 0; i < runs; i++) yield mutated(originals[i % originals.length]!, uniform);
}

function assertBoth({ read, refused }: Tally): void {
  assert.equal(read + refused, RUNS);
  assert.ok(read > 20 && refused > 20, JSON.stringify({ read, refused }));
}

describe('Bytes changed at random are read or refused, 2,000 files:', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  it('GeoTIFF, in every storage', async function () {
    requireGdal(this);
    const size = { rows: 20, cols: 24, bands: 3 };
    const raw = writeEnvi(join(folder, 'raw'), sampleValues('int16', size), { type: 'int16', size });
    const tiles = '-co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16';
    const originals = [
      '-co INTERLEAVE=BAND -co BLOCKYSIZE=4',
      `-co COMPRESS=DEFLATE -co PREDICTOR=2 ${tiles}`,
      `-co COMPRESS=DEFLATE -co INTERLEAVE=BAND ${tiles}`,
      `-co COMPRESS=LZW -co PREDICTOR=2 ${tiles}`,
      '-co COMPRESS=LZW -co BIGTIFF=YES -co ENDIANNESS=BIG -co INTERLEAVE=BAND',
      '-co COMPRESS=ZSTD -co PREDICTOR=2',
      '-ot Float32 -co COMPRESS=LZW -co PREDICTOR=3 -co INTERLEAVE=BAND',
      '-ot Float64 -co COMPRESS=DEFLATE -co PREDICTOR=3',
    ].map((options, i) => {
      const given = `-of GTiff -a_srs EPSG:32633 -a_ullr 0 20 24 0 -a_nodata -7 -a_scale 2 -mo K=V ${options}`;
      return readFileSync(translate(raw, join(folder, `${i}.tif`), given));
    });
    const read = async (bytes: Uint8Array, i: number) =>
      readCorner(await openGeoTiff(memorySource(bytes), nodeCodecs, { allowDamaged: i % 2 === 0 }));
    assertBoth(await readAll(changed(originals, 1), read));
    // Where the header is, and the directory.
    const heads = function* () {
      const { uniform } = seededRandom(2);
      for (let i = 0; i < RUNS; i++) {
        const original = originals[i % originals.length]!;
        yield Buffer.concat([mutated(original.subarray(0, 400), uniform), original.subarray(400)]);
      }
    };
    assertBoth(await readAll(heads(), read));
  });

  it('GeoTIFF in large blocks, which are inflated as streams', async () => {
    const size = { rows: 512, cols: 512, bands: 9 };
    const values = new Int16Array(512 * 512 * 9).map((_, i) => (i % 4608 < 90 ? i % 97 : 5));
    const sink = memorySink();
    const options = { ...size, sampleType: 'int16' as const, bands: Array.from({ length: 9 }, () => ({})), tile: 512 };
    const writer = createGeoTiff(sink, { ...options, interleave: 'pixel' });
    await writer.writeWindow({ row: 0, col: 0, rows: 512, cols: 512 }, values);
    await writer.close();
    const read = async (bytes: Uint8Array) => {
      const scene = await openGeoTiff(memorySource(bytes), nodeCodecs);
      const corner = { row: Math.max(0, scene.rows - 1), col: 0, rows: 1, cols: Math.min(64, scene.cols) };
      for await (const { count } of scene.streamSpectra(corner, [0, scene.bands.length - 1], 64)) assert.ok(count >= 1);
    };
    // A checksum tells of nearly every change.
    const { refused } = await readAll(changed([sink.bytes()], 3, 400), read);
    assert.ok(refused > 300, `only ${refused} were refused`);
  });

  it('ENVI images, header and data', async () => {
    const text = headerText({ ...HEADER, wavelength: '{400, 500}', 'data ignore value': -1 });
    const read = (bytes: Uint8Array, i: number) => {
      const header = i % 2 === 0 ? new TextDecoder().decode(bytes) : text;
      return readCorner(openEnvi({ text: header, name: 'h' }, memorySource(i % 2 === 0 ? smallData : bytes)));
    };
    assertBoth(await readAll(changed([utf8.encode(text), smallData], 4), read));
  });

  it('the XML of EnMAP', async () => {
    const read = async (bytes: Uint8Array) => readCorner(await openEnmap(product('', new TextDecoder().decode(bytes))));
    assertBoth(await readAll(changed([utf8.encode(metadataXml(THREE))], 5), read));
  });

  it('spectral libraries, CSV and ENVI', async () => {
    const csv = 'wavelength,fwhm,a,b\n400,10,0.1,0.2\n500,10,0.3,0.4\n';
    const sli = headerText({ samples: 3, lines: 2, bands: 1, 'data type': 2, interleave: 'bsq', 'byte order': 0, wavelength: '{0.4, 0.5, 0.6}', 'spectra names': '{a, b}' }); // biome-ignore format: one line says more
    const read = (bytes: Uint8Array, i: number) => {
      const text = new TextDecoder().decode(bytes);
      if (i % 2 === 0) return readSpectralLibraryCsv(text, 'c');
      return readSpectralLibraryEnvi({ text, name: 'h' }, memorySource(smallData));
    };
    assertBoth(await readAll(changed([utf8.encode(csv), utf8.encode(sli)], 6), read));
  });

  it('MATLAB files, compressed and not', async () => {
    const variable = { name: 'cube', dims: [4, 5, 3], bytes: new Uint8Array(Float64Array.from({ length: 60 }, (_, i) => i / 60).buffer) }; // biome-ignore format: one line says more
    const originals = [matFile([variable]), matFile([variable], { compressed: true })];
    const read = async (bytes: Uint8Array) => readCorner(await openMatScene(memorySource(bytes), nodeCodecs));
    assertBoth(await readAll(changed(originals, 7), read));
  });
});
