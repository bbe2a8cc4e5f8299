// Files that were changed at random or written to do harm: each is read, or refused with a RasterError of one line, in bounded time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ByteSource,
  openEnvi,
  openGeoTiff,
  openMatScene,
  RasterError,
  readSpectralLibraryCsv,
  readSpectralLibraryEnvi,
  type Scene,
} from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, temporaryFolder } from '../support/index.js';
import { metadataXml, open as openEnmap, product, THREE } from './enmap-support.js';
import { HEADER, headerText, openSmall, smallData } from './envi-support.js';
import { assertSameBits, sampleValues, translate, writeEnvi } from './geotiff-support.js';
import { array, matFile } from './matlab-support.js';
import { assertRefused, memorySource } from './memory.js';

const ENVI = headerText({
  ...HEADER,
  description: '{a scene}',
  'wavelength units': 'Nanometers',
  wavelength: '{400, 500}',
  fwhm: '{10, 10}',
  bbl: '{1, 0}',
  'band names': '{a, b}',
  'data ignore value': -1,
  'reflectance scale factor': 10000,
  'map info': '{UTM, 1, 1, 300000, 5000000, 30, 30, 33, North, WGS-84, rotation=12}',
});
const SLI = headerText({ samples: 3, lines: 2, bands: 1, 'data type': 2, interleave: 'bsq', 'byte order': 0, wavelength: '{0.4, 0.5, 0.6}', 'spectra names': '{a, b}' }); // biome-ignore format: one line says more
const CSV = ['wavelength,fwhm,a,b\n400,10,0.1,0.2\n500,10,0.3,0.4\n', 'name,400 nm,500 nm\n"a, b",0.1,0.2\nb,0.1,0.2\n', 'band;a;b\n1;0.1;0.2\n2;.2;.3\n']; // biome-ignore format: one line says more

/** Reads a corner of a scene, and closes it. */
async function readCorner(scene: Scene): Promise<void> {
  const [rows, cols] = [Math.min(scene.rows, 8), Math.min(scene.cols, 8)];
  await scene.readSpectra({ row: scene.rows - rows, col: scene.cols - cols, rows, cols }, [scene.bands.length - 1]);
  await scene.close();
}

/** What stands in for a number, or between two characters. */
const piece = fc.constantFrom('0', '-1', '1e9', '1e308', '4294967296', 'NaN', 'Infinity', '', 'constructor', '{', '}', '"', '=', ',', '<', '>', '&', '\0', '\n', '\u001b[2J', '<![CDATA['); // biome-ignore format: one line says more
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const edit = fc.record({ at: place, from: place, length: fc.nat(60), piece, kind: fc.constantFrom('number', 'insert', 'cut', 'repeat') }); // biome-ignore format: one line says more
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function edited(text: string, { at, from, length, piece, kind }: Edit): string {
  const [here, there] = [Math.floor(at * text.length), Math.floor(from * text.length)];
  if (kind === 'insert') return text.slice(0, here) + piece + text.slice(here);
  if (kind === 'cut') return text.slice(0, here) + text.slice(here + length);
  if (kind === 'repeat') return text.slice(0, here) + text.slice(there, there + length) + text.slice(here);
  const numbers = [...text.matchAll(/[0-9.]+/g)];
  const { index, 0: number } = numbers[Math.floor(at * numbers.length)] ?? { index: 0, 0: '' };
  return text.slice(0, index) + piece + text.slice(index + number.length);
}

/** Reads `text` with random edits, `runs` times; some must be refused, each as it should. */
async function readEdited(texts: readonly string[], read: (text: string) => unknown, runs: number): Promise<void> {
  let refused = 0;
  const changes = fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(changes, async ([text, edits]) => {
      try {
        await read(edits.reduce(edited, text));
      } catch (error) {
        assert.ok(error instanceof RasterError, String((error as Error).stack));
        assert.doesNotMatch(error.message, /\p{Cc}/u);
        refused++;
      }
    }),
    { seed: 1, numRuns: runs },
  );
  assert.ok(refused > runs / 10, `only ${refused} were refused`);
}

describe('Changed at random, are read or refused:', () => {
  it('the headers of ENVI images', () =>
    readEdited([ENVI], (text) => readCorner(openEnvi({ text, name: 'h' }, memorySource(smallData))), 1500));

  it('the headers of ENVI libraries', () =>
    readEdited([SLI], (text) => readSpectralLibraryEnvi({ text, name: 'h' }, memorySource(smallData)), 1500));

  it('libraries in CSV', () => readEdited(CSV, (text) => readSpectralLibraryCsv(text, 'x.csv'), 1500));

  it('the XML of EnMAP', () =>
    readEdited([metadataXml(THREE)], async (xml) => readCorner(await openEnmap(product('', xml))), 1500));

  it('scenes of MATLAB', async () => {
    const original = matFile([array('Y', [3, 12]), array('nRow', [1, 1]), array('cube', [3, 4, 2])]);
    const bytes = fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom('Y', 'cube', undefined), async (changes, variable) => {
        const damaged = Uint8Array.from(original);
        for (const [at, value] of changes) damaged[Math.floor(at * damaged.length)] = value;
        const options = variable === undefined ? {} : { variable };
        try {
          await readCorner(await openMatScene(memorySource(damaged), nodeCodecs, options));
        } catch (error) {
          assert.ok(error instanceof RasterError, String((error as Error).stack));
        }
      }),
      { seed: 1, numRuns: 1500 },
    );
  });
});

describe('Hostile text', () => {
  it('comes to one line of a message, of bounded length, with what to do at its end', async () => {
    const message = async (keys: Record<string, string>): Promise<string> => {
      try {
        openSmall(keys);
      } catch (error) {
        return (error as Error).message;
      }
      return assert.fail('not refused');
    };
    assert.match(
      await message({ bbl: '{1, 0\n\u001b[2Jx}' }),
      /^small\.hdr: item 2 of 'bbl' should be a number, got '0 \[2Jx'$/,
    );
    const long = await message({ 'data type': 'z'.repeat(1e6) });
    assert.ok(long.length < 2100);
    assert.match(
      long,
      /^small\.hdr: 'data type' zzz.* \.\.\. z*z cannot be read; readable are 1 \(uint8\), .*13 \(uint32\)$/,
    );
  });

  it('is not taken for what JavaScript has by that name', async () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      await assertRefused(() => openSmall({ 'data type': name }), new RegExp(`'data type' ${name} cannot be read`));
      const { bands } = openSmall({ 'wavelength units': name, wavelength: '{400, 500}' });
      assert.equal(bands[0]!.wavelength, undefined);
    }
  });

  // Each of these took minutes where work grew with the square of the length; the time allowed for a test is the bound.
  it('takes no longer than its length allows', async () => {
    const many = 200_000;
    const csv = (text: string) => readSpectralLibraryCsv(text, 'x.csv');
    await assertRefused(() => csv(`${'\n'.repeat(many)}${' '.repeat(many)}#`), /x\.csv: is empty/);
    await assertRefused(() => csv(`wavelength\ta\n400${'\t'.repeat(many)}x\n`), /line 2: 200001 cells/);
    await assertRefused(() => csv(`name${',400'.repeat(many)}\n`), /no spectra below the line of headings/);
    await assertRefused(() => csv(`name${',400'.repeat(many)}\na${',0'.repeat(many)}\n`), /two bands at 400 nm/);
    await assertRefused(() => openEnmap(product('', '<a>'.repeat(many))), /more than 100 elements inside each other/);
  });
});

describe('A source that hands out parts of its own memory', () => {
  const folder = temporaryFolder();

  /** Node's Buffers, at odd places of a larger one. */
  function sharingSource(bytes: Uint8Array): { source: ByteSource; memory: Buffer } {
    const memory = Buffer.concat([Buffer.alloc(1), bytes]);
    const read = async (offset: number, length: number) => memory.subarray(1 + offset, 1 + offset + length);
    return { source: { ...memorySource(bytes), read }, memory };
  }

  it('is read right, and left as it is, in either byte order', async () => {
    const values = Int16Array.from({ length: 12 }, (_, i) => i * 1000 - 5000);
    for (const bigEndian of [false, true]) {
      const bytes = new Uint8Array(24);
      for (const [i, value] of values.entries()) new DataView(bytes.buffer).setInt16(i * 2, value, !bigEndian);
      const { source, memory } = sharingSource(bytes);
      const before = Buffer.from(memory);
      const text = headerText({ ...HEADER, interleave: 'bip', 'byte order': bigEndian ? 1 : 0 });
      const scene = openEnvi({ text, name: 'h' }, source);
      for (let time = 0; time < 2; time++)
        assert.deepEqual((await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 3 })).data, values);
      assert.deepEqual(memory, before);
    }
  });

  it('is read right, and left as it is, where it is a GeoTIFF without compression', async function () {
    requireGdal(this);
    const size = { rows: 5, cols: 7, bands: 2 };
    const values = sampleValues('int16', size);
    const raw = writeEnvi(join(folder, 'raw'), values, { type: 'int16', size });
    for (const order of ['LITTLE', 'BIG']) {
      const path = translate(raw, join(folder, `${order}.tif`), `-of GTiff -co ENDIANNESS=${order}`);
      const { source, memory } = sharingSource(readFileSync(path));
      const before = Buffer.from(memory);
      const scene = await openGeoTiff(source, nodeCodecs);
      for (let time = 0; time < 2; time++)
        assertSameBits((await scene.readWindow({ row: 0, col: 0, rows: 5, cols: 7 })).data, values);
      assert.deepEqual(memory, before);
    }
  });
});
