import assert from 'node:assert/strict';
import { openMatScene, readMatMatrix } from '@egunet/raster';
import { nodeCodecs, openFile, openScene } from '@egunet/raster/node';
import { requireData } from '../support/index.js';
import { array, doubles, matFile, open, type Variable } from './matlab-support.js';
import { assertRefused, memorySource } from './memory.js';

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
      /could be the image: A double \[2 x 4\], B double \[2 x 2 x 2\]; name the variable$/,
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
    [
      'a matrix of unknown size',
      [array('Y', [2, 6])],
      {},
      /Y double \[2 x 6\] does not say .* give its number of rows and of columns$/,
    ],
    [
      'a matrix of another size',
      [array('Y', [2, 6])],
      { rows: 2, cols: 2 },
      /Y double \[2 x 6\] has no side of 4 pixels, as an image of 2 rows x 2 columns has; take another variable or file, or the rows/,
    ],
    [
      'abundances of another image than the map that they are compared with',
      [array('A', [4, 9]), array('M', [5, 4])],
      { variable: 'A', rows: 5, cols: 3 },
      /A double \[4 x 9\] has no side of 15 pixels, as an image of 5 rows x 3 columns has; take another variable or file/,
    ],
    [
      'an array of another size',
      [array('Y', [2, 3, 4])],
      { rows: 3, cols: 2 },
      /Y double \[2 x 3 x 4\] is no image of 3 rows x 2 columns; take another variable or file, or leave/,
    ],
    ['an array of four dimensions', [array('Y', [2, 2, 2, 2])], { variable: 'Y' }, /is no image: it should be/],
    ['an empty array', [array('Y', [0, 2, 4])], { variable: 'Y' }, /Y double \[0 x 2 x 4\] is empty/],
    ['rows without columns', [array('Y', [2, 6])], { rows: 2 }, /give both its rows and its columns/],
    ['rows that are not whole', [array('Y', [2, 6])], { rows: 1.5, cols: 4 }, /whole numbers of at least 1, got 1\.5/],
  ] as const)
    it(`are refused: ${what}`, () => assertRefused(() => open(variables, options), message));

  it('close their file', async () => {
    const source = memorySource(matFile([array('cube', [2, 2, 2])]));
    await (await openMatScene(source, nodeCodecs)).close();
    assert.ok(source.closed);
  });
});

describe('real MATLAB scenes', () => {
  // Made with scipy.io.loadmat(FILE): [NAME][[0, 9, 99, -1], 12 + rows * 34] of a matrix, [12, 34, [0, 9, 99, -1]] of the cube; A[:, 12 + 100 * 34]; Y.sum().
  const JASPER = [69, 513, 110, 130];
  const JASPER_SUM = 2364404028;
  const SAMSON = [0.011412268188302425, 0.02282453637660485, 0.05206847360912981, 0.07489300998573467];
  const SIM1 = [0.2975915338223179, 0.4073023026188214, 0.5843316117922465, 0.5136524438858031];
  const ABUNDANCES = [0.0, 0.9994647179074388, 0.0, 0.0005352820925610773];

  it('Jasper Ridge reads as scipy reads it', async function () {
    const scene = await openScene(requireData(this, 'jasper-ridge/jasperRidge2_R198.mat'));
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
    const scene = await openScene(requireData(this, 'samson/Samson.mat'));
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.sampleType], [95, 95, 156, 'float64']);
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 }, [0, 9, 99, 155]);
    assert.deepEqual([...data], SAMSON);
    await scene.close();
  });

  it('Sim1 reads as scipy reads it', async function () {
    const scene = await openScene(requireData(this, 'misicnet-sim/Sim1_Y_clean.mat'));
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length], [105, 105, 224]);
    const { data } = await scene.readWindow({ row: 12, col: 34, rows: 1, cols: 1 }, [0, 9, 99, 223]);
    assert.deepEqual([...data], SIM1);
    await scene.close();
  });

  it('reference abundances open as a scene of their own, or as a matrix', async function () {
    const path = requireData(this, 'jasper-ridge/Jasper_GT.mat');
    await assertRefused(() => openScene(path), /M double \[198 x 4\], A double \[4 x 10000\]; name the variable$/);
    const scene = await openScene(path, { variable: 'A' });
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
