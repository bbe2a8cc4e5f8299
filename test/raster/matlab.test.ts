import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import { type ByteSource, openMatScene, readMatFile, readMatMatrix } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireData } from '../support/index.js';
import { assertRefused, memorySource } from './memory.js';

// A writer of MATLAB v5 files, after "MAT-File Format" (The MathWorks), for files that MATLAB would not write.

interface Form {
  readonly bigEndian?: boolean;
  readonly compressed?: boolean;
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function words(values: readonly number[], bigEndian = false): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, !bigEndian);
  return new Uint8Array(view.buffer);
}

function element(type: number, bytes: Uint8Array, bigEndian = false): Uint8Array {
  const padding = new Uint8Array(type === 15 ? 0 : (8 - (bytes.length % 8)) % 8);
  return concat([words([type, bytes.length], bigEndian), bytes, padding]);
}

const header = (text = 'MATLAB 5.0 MAT-file', mark = 'IM'): Uint8Array =>
  new TextEncoder().encode(`${text.padEnd(124)}\0\u0001${mark}`);

interface Variable {
  readonly name: string;
  readonly dims: readonly number[];
  /** MATLAB's class: 6 double, 11 uint16, 1 cell ... */
  readonly code?: number;
  /** 0x800 complex, 0x200 logical */
  readonly flags?: number;
  /** Storage type and bytes of the values. */
  readonly type?: number;
  readonly bytes: Uint8Array;
}

function matrix({ name, dims, code = 6, flags = 0, type = 9, bytes }: Variable, bigEndian = false): Uint8Array {
  return element(
    14,
    concat([
      element(6, words([code | flags, 0], bigEndian), bigEndian),
      element(5, words(dims, bigEndian), bigEndian),
      element(1, new TextEncoder().encode(name), bigEndian),
      element(type, bytes, bigEndian),
    ]),
    bigEndian,
  );
}

function matFile(variables: readonly Variable[], { bigEndian = false, compressed = false }: Form = {}): Uint8Array {
  const elements = variables.map((variable) => {
    const plain = matrix(variable, bigEndian);
    return compressed ? element(15, deflateSync(plain), bigEndian) : plain;
  });
  return concat([header(undefined, bigEndian ? 'MI' : 'IM'), ...elements]);
}

function doubles(values: readonly number[], bigEndian = false): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  for (const [i, value] of values.entries()) view.setFloat64(i * 8, value, !bigEndian);
  return new Uint8Array(view.buffer);
}

const ramp = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const array = (name: string, dims: readonly number[]): Variable => ({
  name,
  dims,
  bytes: doubles(ramp(dims.reduce((a, b) => a * b, 1))),
});

const sourceOf = (variables: readonly Variable[], form?: Form): ByteSource =>
  memorySource(matFile(variables, form), 'x.mat');
const open = (variables: readonly Variable[], options = {}) => openMatScene(sourceOf(variables), nodeCodecs, options);

describe('MATLAB files', () => {
  for (const bigEndian of [false, true])
    for (const compressed of [false, true])
      it(`are read ${bigEndian ? 'big' : 'little'}-endian, ${compressed ? 'compressed' : 'plain'}`, async () => {
        const values = [0.5, -1e300, 3];
        const variable = { name: 'v', dims: [1, 3], bytes: doubles(values, bigEndian) };
        const arrays = await readMatFile(sourceOf([variable], { bigEndian, compressed }), nodeCodecs);
        assert.deepEqual(arrays.get('v'), { class: 'double', dims: [1, 3], data: Float64Array.from(values) });
      });

  for (const [name, code, type, bytes, expected] of [
    ['single', 7, 7, new Uint8Array(Float32Array.of(1.5, -2).buffer), Float32Array.of(1.5, -2)],
    ['int8', 8, 1, Uint8Array.of(1, 255), Int8Array.of(1, -1)],
    ['uint8', 9, 2, Uint8Array.of(1, 255), Uint8Array.of(1, 255)],
    ['int16', 10, 3, Uint8Array.of(1, 0, 255, 255), Int16Array.of(1, -1)],
    ['uint16', 11, 4, Uint8Array.of(1, 0, 255, 255), Uint16Array.of(1, 65535)],
    ['int32', 12, 5, new Uint8Array(Int32Array.of(7, -8).buffer), Int32Array.of(7, -8)],
    ['uint32', 13, 6, new Uint8Array(Uint32Array.of(7, 4e9).buffer), Uint32Array.of(7, 4e9)],
    ['int64', 14, 12, new Uint8Array(BigInt64Array.of(7n, -8n).buffer), Float64Array.of(7, -8)],
    ['uint64', 15, 13, new Uint8Array(BigUint64Array.of(7n, 8n).buffer), Float64Array.of(7, 8)],
    // A double array of whole numbers, as MATLAB saves it.
    ['double', 6, 4, Uint8Array.of(1, 0, 255, 255), Uint16Array.of(1, 65535)],
  ] as const)
    it(`give class ${name} stored as type ${type}`, async () => {
      const arrays = await readMatFile(sourceOf([{ name: 'v', dims: [2, 1], code, type, bytes }]), nodeCodecs);
      assert.deepEqual(arrays.get('v'), { class: name, dims: [2, 1], data: expected });
    });

  it('give logical arrays, and leave out cells, structs, text, complex and opaque variables', async () => {
    const bytes = Uint8Array.of(1, 0);
    const arrays = await readMatFile(
      sourceOf([
        { name: 'mask', dims: [1, 2], code: 9, flags: 0x200, type: 2, bytes },
        { name: 'cell', dims: [1, 2], code: 1, type: 14, bytes },
        { name: 'text', dims: [1, 2], code: 4, type: 16, bytes },
        { name: 'table', dims: [1, 2], code: 17, bytes },
        { name: 'wave', dims: [1, 1], flags: 0x800, bytes: doubles([1]) },
      ]),
      nodeCodecs,
    );
    assert.deepEqual([...arrays.keys()], ['mask']);
    assert.equal(arrays.get('mask')!.class, 'logical');
  });

  it('give a variable whose name and values stand in tags of the small form', async () => {
    const small = Uint8Array.of(1, 0, 1, 0, 'q'.charCodeAt(0), 0, 0, 0);
    const inner = [element(6, words([9, 0])), element(5, words([1, 3])), small, Uint8Array.of(2, 0, 3, 0, 7, 8, 9, 0)];
    const arrays = await readMatFile(memorySource(concat([header(), element(14, concat(inner))])), nodeCodecs);
    assert.deepEqual(arrays.get('q'), { class: 'uint8', dims: [1, 3], data: Uint8Array.of(7, 8, 9) });
  });

  it('pass over elements that are no variables', async () => {
    const bytes = concat([header(), element(2, Uint8Array.of(1, 2, 3)), matrix(array('v', [1, 1]))]);
    assert.deepEqual([...(await readMatFile(memorySource(bytes), nodeCodecs)).keys()], ['v']);
  });

  it('inflate variables that were packed more than a hundredfold', async () => {
    const zeros = { name: 'z', dims: [300, 1000], code: 9, type: 2, bytes: new Uint8Array(300_000) };
    const arrays = await readMatFile(sourceOf([zeros], { compressed: true }), nodeCodecs);
    assert.equal(arrays.get('z')!.data.length, 300_000);
  });

  for (const [what, bytes, message] of [
    ['a 7.3 file', header('MATLAB 7.3 MAT-file'), /7\.3 \(HDF5\) .*'-v7'/],
    ['a bare HDF5 file', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), /HDF5/],
    ['something else', new Uint8Array(200), /not a MATLAB v5 file/],
    ['a header cut short', header().subarray(0, 100), /not a MATLAB v5 file/],
    ['a header without byte order', header(undefined, '??'), /no byte order/],
    ['a tag cut short', concat([header(), new Uint8Array(4)]), /cut short in the tag/],
    ['a variable cut short', matFile([array('v', [2, 2])]).subarray(0, -8), /cut short: 216 bytes, but .* ends at 224/],
    [
      'values of another count',
      matFile([{ name: 'v', dims: [2, 2], bytes: doubles([1]) }]),
      /'v' should hold 4 numbers, got 8 bytes/,
    ],
    [
      'sizes beyond all memory',
      matFile([{ name: 'v', dims: [4e9, 4e9], bytes: doubles([1]) }]),
      /should hold 16000000000000000000 numbers/,
    ],
    [
      'an unknown storage',
      matFile([{ name: 'v', dims: [1, 1], type: 99, bytes: doubles([1]) }]),
      /got 8 bytes of type 99/,
    ],
    [
      'an integer beyond 2^53',
      matFile([
        { name: 'v', dims: [1, 1], code: 14, type: 12, bytes: new Uint8Array(BigInt64Array.of(2n ** 60n).buffer) },
      ]),
      /1152921504606846976, beyond 2\^53/,
    ],
    ['a variable without flags', concat([header(), element(14, element(1, new Uint8Array(8)))]), /without flags/],
    ['an empty variable', concat([header(), element(14, new Uint8Array(0))]), /ends before its values/],
    [
      'a part longer than its variable',
      concat([header(), element(14, words([6, 800, 1, 1]))]),
      /800 bytes does not fit/,
    ],
    ['a damaged zlib stream', concat([header(), element(15, Uint8Array.of(1, 2, 3, 4))]), /does not decompress/],
  ] as const)
    it(`refuse ${what}`, () => assertRefused(() => readMatFile(memorySource(bytes, 'x.mat'), nodeCodecs), message));

  it('throw nothing but RasterError, and never hang, on damaged bytes', async () => {
    const whole = [false, true].map((compressed) =>
      matFile([array('Y', [3, 4]), { name: 'n', dims: [1, 1], code: 9, type: 2, bytes: Uint8Array.of(4) }], {
        compressed,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (bytes, at, value, cut) => {
          const place = at % bytes.length;
          const damaged = bytes.slice(0, cut ? place : bytes.length);
          if (!cut) damaged[place] = value;
          try {
            await readMatFile(memorySource(damaged), nodeCodecs);
          } catch (error) {
            assert.equal((error as { _tag?: string })._tag, 'RasterError', String((error as Error).stack));
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('scenes in MATLAB files', () => {
  it('are [rows, cols, bands] arrays, column-major', async () => {
    const scene = await open([array('cube', [2, 3, 4])]);
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.format], [2, 3, 4, 'MATLAB v5']);
    const { data } = await scene.readWindow({ row: 1, col: 1, rows: 1, cols: 2 }, [3, 0]);
    // row 1, col 1: 1 + 2 * 1 = 3; col 2: 5; a band further: 6 more.
    assert.deepEqual([...data], [3 + 18, 3, 5 + 18, 5]);
  });

  it('are [bands, pixels] matrices with pixels numbered column first', async () => {
    const scene = await open([array('Y', [2, 6])], { rows: 2, cols: 3 });
    const { data } = await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 3 });
    // Pixel p = row + 2 * col holds values 2p and 2p + 1.
    assert.deepEqual([...data], [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
  });

  it('are [pixels, bands] matrices where only that fits the size', async () => {
    const scene = await open([array('Y', [6, 2])], { rows: 2, cols: 3 });
    const { data } = await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 3 });
    assert.deepEqual([...data], [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  it('take the size from options, else from the file, else a square', async () => {
    const scalar = (name: string, value: number): Variable => ({ name, dims: [1, 1], bytes: doubles([value]) });
    const sizeOf = async (variables: readonly Variable[], options = {}): Promise<[number, number]> => {
      const { rows, cols } = await open(variables, options);
      return [rows, cols];
    };
    const image = array('Y', [3, 36]);
    assert.deepEqual(await sizeOf([image, scalar('nRow', 4), scalar('nCol', 9)]), [4, 9]);
    assert.deepEqual(await sizeOf([image, scalar('NROWS', 9), scalar('NCOLS', 4)]), [9, 4]);
    assert.deepEqual(await sizeOf([image, scalar('nRow', 4), scalar('nCol', 9)], { rows: 2, cols: 18 }), [2, 18]);
    assert.deepEqual(await sizeOf([image, scalar('nRow', 4)]), [6, 6]);
    assert.deepEqual(await sizeOf([image, scalar('nRow', -4), scalar('nCol', -9)]), [6, 6]);
    assert.deepEqual(await sizeOf([image]), [6, 6]);
    assert.deepEqual(await sizeOf([array('Y', [36, 4])]), [6, 6]);
  });

  it('have no wavelengths, and gain 1: such files state no reflectance scale', async () => {
    const scene = await open([array('cube', [2, 2, 2])]);
    assert.deepEqual(scene.bands[1], { name: 'band 2', bad: false, gain: 1, offset: 0 });
    assert.deepEqual(scene.facts, { variable: 'cube double [2 x 2 x 2]' });
  });

  for (const [what, variables, options, message] of [
    [
      'several images',
      [array('A', [2, 4]), array('B', [2, 2, 2])],
      {},
      /could be the image: A double \[2 x 4\], B double \[2 x 2 x 2\]; name one with --variable/,
    ],
    ['none', [array('v', [1, 4])], {}, /no array that could be an image; the file holds v double \[1 x 4\]/],
    ['an empty file', [], {}, /the file holds nothing/],
    [
      'a variable that is not there',
      [array('A', [2, 4])],
      { variable: 'B' },
      /no variable 'B'; the file holds A double/,
    ],
    [
      'a variable that is no number',
      [{ name: 'c', dims: [2, 2], code: 1, type: 14, bytes: new Uint8Array(8) }],
      { variable: 'c' },
      /'c' is cell/,
    ],
    ['a complex variable', [{ ...array('c', [2, 2]), flags: 0x800 }], { variable: 'c' }, /'c' is complex double/],
    ['a matrix of unknown size', [array('Y', [2, 6])], {}, /Y double \[2 x 6\] does not say .* give --rows and --cols/],
    [
      'a matrix of another size',
      [array('Y', [2, 6])],
      { rows: 2, cols: 2 },
      /no image of 2 rows x 2 columns \(4 pixels\)/,
    ],
    ['an array of another size', [array('Y', [2, 3, 4])], { rows: 3, cols: 2 }, /is not 3 x 2/],
    ['an array of four dimensions', [array('Y', [2, 2, 2, 2])], { variable: 'Y' }, /is no image: it should be/],
    ['an empty array', [array('Y', [0, 2, 4])], { variable: 'Y' }, /Y double \[0 x 2 x 4\] is empty/],
    ['rows without columns', [array('Y', [2, 6])], { rows: 2 }, /give both --rows and --cols/],
    ['rows that are not whole', [array('Y', [2, 6])], { rows: 1.5, cols: 4 }, /whole numbers of at least 1, got 1\.5/],
  ] as const)
    it(`are refused: ${what}`, () => assertRefused(() => open(variables, options), message));

  it('close their file', async () => {
    const source = memorySource(matFile([array('cube', [2, 2, 2])]));
    await (await openMatScene(source, nodeCodecs)).close();
    assert.ok(source.closed);
  });
});

describe('matrices in MATLAB files', () => {
  it('come row-major', async () => {
    const matrix = await readMatMatrix(sourceOf([array('M', [2, 3])]), nodeCodecs, 'M');
    assert.deepEqual(matrix, { rows: 2, cols: 3, data: Float64Array.of(0, 2, 4, 1, 3, 5) });
  });

  it('are refused where they have three dimensions, or are not there', async () => {
    const source = () => sourceOf([array('M', [2, 3, 2])]);
    await assertRefused(() => readMatMatrix(source(), nodeCodecs, 'M'), /'M' should be a matrix, got \[2 x 3 x 2\]/);
    await assertRefused(() => readMatMatrix(source(), nodeCodecs, 'A'), /no variable 'A'/);
  });
});

describe('real MATLAB scenes', () => {
  // Made with scipy.io.loadmat(FILE): [NAME][[0, 9, 99, -1], 12 + rows * 34] of a matrix, [12, 34, [0, 9, 99, -1]] of the cube; A[:, 12 + 100 * 34]; Y.sum().
  const JASPER = [69, 513, 110, 130];
  const JASPER_SUM = 2364404028;
  const SAMSON = [0.011412268188302425, 0.02282453637660485, 0.05206847360912981, 0.07489300998573467];
  const SIM1 = [0.2975915338223179, 0.4073023026188214, 0.5843316117922465, 0.5136524438858031];
  const ABUNDANCES = [0.0, 0.9994647179074388, 0.0, 0.0005352820925610773];
  const openReal = async (path: string, options = {}) => openMatScene(await openFile(path), nodeCodecs, options);

  it('Jasper Ridge reads as scipy reads it', async function () {
    const scene = await openReal(requireData(this, 'jasper-ridge/jasperRidge2_R198.mat'));
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.sampleType], [100, 100, 198, 'uint16']);
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 }, [0, 9, 99, 197]);
    assert.deepEqual([...data], JASPER);
    const whole = await scene.readWindow({ row: 0, col: 0, rows: 100, cols: 100 });
    assert.equal(
      [...whole.data].reduce((sum, value) => sum + value, 0),
      JASPER_SUM,
    );
    await scene.close();
  });

  it('Samson reads as scipy reads it', async function () {
    const scene = await openReal(requireData(this, 'samson/Samson.mat'));
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.sampleType], [95, 95, 156, 'float64']);
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 }, [0, 9, 99, 155]);
    assert.deepEqual([...data], SAMSON);
    await scene.close();
  });

  it('Sim1 reads as scipy reads it', async function () {
    const scene = await openReal(requireData(this, 'misicnet-sim/Sim1_Y_clean.mat'));
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length], [105, 105, 224]);
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 }, [0, 9, 99, 223]);
    assert.deepEqual([...data], SIM1);
    await scene.close();
  });

  it('reference abundances open as a scene of their own, or as a matrix', async function () {
    const path = requireData(this, 'jasper-ridge/Jasper_GT.mat');
    await assertRefused(() => openReal(path), /M double \[198 x 4\], A double \[4 x 10000\]; name one with --variable/);
    const scene = await openReal(path, { variable: 'A' });
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 });
    assert.deepEqual([...data], ABUNDANCES);
    await scene.close();
    const source = await openFile(path);
    const matrix = await readMatMatrix(source, nodeCodecs, 'A');
    assert.deepEqual([matrix.rows, matrix.cols], [4, 10000]);
    assert.deepEqual(
      [0, 1, 2, 3].map((e) => matrix.data[e * 10000 + 12 + 100 * 34]),
      ABUNDANCES,
    );
    await source.close();
  });
});
