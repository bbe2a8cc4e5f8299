// What an evaluation refuses to compare, and how it finds which spectrum belongs to which material.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Georeference } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import { type EvaluateRequest, evaluateMap } from 'egunet/dist/pipeline/evaluate-map.js';
import { assertSamePixels, stepFor } from 'egunet/dist/pipeline/evaluate-pixels.js';
import fc from 'fast-check';
import { requireData, temporaryFolder } from '../support/index.js';
import { mixedScene, writeEnvi } from './support.js';

/** A map to write: `value(pixel, material)`. */
interface MapToWrite {
  readonly rows?: number;
  readonly cols?: number;
  readonly names?: readonly string[];
  readonly georeference?: Georeference;
  readonly value?: (pixel: number, material: number) => number;
}

const UTM: Georeference = { affine: [30, 0, 360000, 0, -30, 5820000], epsg: 32633 };

/** The abundances of `mixedScene`, 20 x 20, material by material. */
function mixedAbundance(pixel: number, material: number): number {
  const [x, y] = [(pixel % 20) / 19, Math.floor(pixel / 20) / 19];
  return [x * y, x * (1 - y), 1 - x][material]!;
}

describe('an evaluation', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  async function writeMap(name: string, map: MapToWrite = {}): Promise<string> {
    const { rows = 20, cols = 20, names = ['a', 'b', 'c'], georeference, value = mixedAbundance } = map;
    const C = names.length;
    const writer = await createMap(at(name), {
      rows,
      cols,
      sampleType: 'float32',
      bands: names.map((band) => ({ name: band })),
      overwrite: true,
      ...(georeference && { georeference }),
    });
    const data = Float32Array.from({ length: rows * cols * C }, (_, i) => value(Math.floor(i / C), i % C));
    await writer.writeWindow({ row: 0, col: 0, rows, cols }, data);
    await writer.close();
    return at(name);
  }

  const control = {
    signal: new AbortController().signal,
    startProgress: () => ({ update() {}, stop() {} }),
  };
  const evaluate = (request: Partial<EvaluateRequest> & Pick<EvaluateRequest, 'map' | 'reference'>) =>
    evaluateMap({ referenceVariable: 'A', endmemberVariable: 'M', maxPixels: 250_000, ...request }, control);
  const refuses = (request: Parameters<typeof evaluate>[0], says: RegExp) =>
    assert.rejects(evaluate(request), (error: Error) => {
      assert.match(error.message, says);
      assert.ok(!error.message.includes('\n'));
      assert.equal((error as { _tag?: string })._tag, 'CommandError');
      return true;
    });

  let map: string;
  before(async () => {
    map = await writeMap('map.tif', { georeference: UTM });
  });

  describe('refuses a reference', () => {
    it('of another size', async () =>
      refuses(
        { map, reference: await writeMap('tall.tif', { rows: 40, value: () => 0.5 }) },
        /tall\.tif: 40 rows x 20 columns, but .*map\.tif has 20 x 20/,
      ));

    it('with another number of materials', async () =>
      refuses(
        { map, reference: await writeMap('two.tif', { names: ['a', 'b'], value: () => 0.5 }) },
        /map\.tif: has 3 endmembers, but .*two\.tif has 2 materials/,
      ));

    it('of another place, by half a pixel or by its coordinate system', async () => {
      const [a, b, c, d, e, f] = UTM.affine;
      const georeference = { ...UTM, affine: [a, b, c + 16, d, e, f] } as const;
      await refuses(
        { map, reference: await writeMap('moved.tif', { georeference }) },
        /moved\.tif: its upper left corner is at 360016, 5820000 \(EPSG:32633\), that of .*map\.tif at 360000, 5820000/,
      );
      await refuses(
        { map, reference: await writeMap('zone.tif', { georeference: { ...UTM, epsg: 32632 } }) },
        /\(EPSG:32632\), that of .*\(EPSG:32633\)/,
      );
      const coarse = { ...UTM, affine: [60, b, c, d, -60, f] } as const;
      await refuses(
        { map, reference: await writeMap('coarse.tif', { georeference: coarse }) },
        /compare maps of one place/,
      );
    });

    it('of percentages, or of no abundances at all', async () => {
      const percent = await writeMap('percent.tif', { value: (p, c) => 100 * mixedAbundance(p, c) });
      await refuses(
        { map, reference: percent },
        /percent\.tif: holds the value \d.*, expected abundances in \[0, 1\]; divide percentages by 100/,
      );
      await refuses({ map: percent, reference: map }, /percent\.tif: holds the value/);
    });

    it('whose names are too few', () =>
      refuses({ map, reference: map, names: ['a', 'b'] }, /--names: 2 names, but .*map\.tif has 3 materials/));
  });

  it('takes a reference that says no place, or one a rounding away, and abundances a little beyond [0, 1]', async () => {
    const [a, b, c, d, e, f] = UTM.affine;
    const rounded = { ...UTM, affine: [a, b, c + 0.01, d, e, f] } as const;
    for (const [name, options] of Object.entries({ 'nowhere.tif': {}, 'rounded.tif': { georeference: rounded } })) {
      const value = (pixel: number, material: number) => mixedAbundance(pixel, material) + (material === 0 ? 0.25 : 0);
      const reference = await writeMap(name, { ...options, value });
      const { figures, pixels } = await evaluate({ map, reference });
      assert.equal(pixels, 400);
      // One of three materials is off by 0.25 everywhere: sqrt(0.25^2 / 3) = 0.1443.
      assert.ok(Math.abs(figures[0]!.value - 0.25 / Math.sqrt(3)) < 1e-6);
    }
  });

  describe('of spectra', () => {
    const { wavelengths } = mixedScene();
    const spectra = [
      [0.05, 0.1, 0.06, 0.4, 0.5, 0.52, 0.5, 0.45],
      [0.1, 0.15, 0.22, 0.28, 0.32, 0.36, 0.4, 0.45],
      [0.08, 0.07, 0.05, 0.03, 0.02, 0.02, 0.01, 0.01],
    ];
    /** A CSV of the scene's spectra: `order` of them, under `names`. */
    function writeLibrary(name: string, order: readonly number[], names: readonly string[]): string {
      const lines = wavelengths.map((nm, b) => [nm, ...order.map((c) => spectra[c]![b])].join(','));
      writeFileSync(at(name), `wavelength_nm,${names.join(',')}\n${lines.join('\n')}\n`);
      return at(name);
    }
    const request = (library: string) => ({
      map,
      reference: map,
      scene: { path: at('scene.img'), open: {} },
      endmembers: library,
      referenceEndmembers: library,
    });
    /** Mean spectral angle of eq. 12: as small as the scene's wobble where each spectrum stands by its material. */
    const angle = async (library: string): Promise<number> => {
      const { figures } = await evaluate(request(library));
      return figures.find(({ name }) => name === 'aSAD (eq. 12)')!.value;
    };
    before(() => {
      writeEnvi(folder, 'scene', mixedScene());
    });

    it('finds them in a library by name, whatever its order and however many it holds', async () => {
      assert.ok((await angle(writeLibrary('ordered.csv', [0, 1, 2], ['a', 'b', 'c']))) < 0.01);
      assert.ok((await angle(writeLibrary('shuffled.csv', [2, 0, 1, 1], ['c', 'a', 'b', 'b too']))) < 0.01);
    });

    it('takes them in the order of the library where it has none of the names', async () => {
      assert.ok((await angle(writeLibrary('other.csv', [0, 1, 2], ['x', 'y', 'z']))) < 0.01);
      assert.ok((await angle(writeLibrary('wrong.csv', [2, 0, 1], ['x', 'y', 'z']))) > 0.1);
    });

    it('refuses a library that lacks some', () =>
      refuses(
        request(writeLibrary('lacking.csv', [0, 1, 2], ['a', 'b', 'see'])),
        /lacking\.csv: 3 spectra, none of them for c of the 3 endmembers of the map/,
      ));

    it('refuses a library of other names and another number', () =>
      refuses(
        request(writeLibrary('four.csv', [0, 1, 2, 2], ['w', 'x', 'y', 'z'])),
        /four\.csv: 4 spectra, none of them for a, b, c of the 3/,
      ));

    it('refuses a library with wavelengths for a scene without', async () => {
      const bare = await writeMap('bare.tif', {
        names: wavelengths.map((_, b) => `b${b}`),
        value: (p, b) => mixedScene().value(p, b),
      });
      const scene = { path: bare, open: {} };
      await refuses(
        { ...request(writeLibrary('good.csv', [0, 1, 2], ['a', 'b', 'c'])), scene },
        /good\.csv: has wavelengths, but .*bare\.tif has none/,
      );
    });
  });

  it('thins pixels evenly: no more than asked for, and in every column', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 500 }),
        (rows, cols, most) => {
          const step = stepFor({ rows, cols } as Parameters<typeof stepFor>[0], most);
          const taken = Math.ceil((rows * cols) / step);
          assert.ok(taken <= most || step === 1);
          const columns = new Set(Array.from({ length: Math.min(taken, cols) }, (_, k) => (k * step) % cols));
          assert.equal(columns.size, Math.min(taken, cols));
        },
      ),
    );
  });

  it('knows that a map turned upside down lies elsewhere', async () => {
    const upright = await openScene(map);
    const [a, b, c, d, e, f] = UTM.affine;
    const flipped = { ...upright, georeference: { ...UTM, affine: [a, b, c, d, -e, f + 20 * e] as const } };
    assert.throws(() => assertSamePixels(flipped, upright), /compare maps of one place/);
    await upright.close();
  });

  describe('with the references of real scenes', () => {
    let jasper: string;
    let samson: string;
    let square: string;
    before(async function () {
      jasper = requireData(this, 'jasper-ridge/Jasper_GT.mat');
      samson = requireData(this, 'samson/Samson_GT.mat');
      square = await writeMap('square.tif', { rows: 100, cols: 100, names: ['1', '2', '3', '4'], value: () => 0.25 });
    });

    it('compares a map of their size, and calls the materials so', async () => {
      const { materials, pixels } = await evaluate({ map: square, reference: jasper });
      assert.equal(pixels, 10_000);
      assert.deepEqual(
        materials.map(({ name }) => name),
        ['material 1', 'material 2', 'material 3', 'material 4'],
      );
    });

    it('says what a matrix of another scene is, and what was expected', () =>
      refuses(
        { map: square, reference: samson },
        /Samson_GT\.mat: A is \[3 x 9025\], expected \[materials x 10000\] for the 100 rows x 100 columns of .*square\.tif; it holds A \[3 x 9025\], M \[156 x 3\]: name one with --reference-variable/,
      ));

    it('says so of a matrix that is not there, or holds no abundances', async function () {
      const library = requireData(this, 'jasper-ridge/spectral_library_jasperRidge.mat');
      const image = requireData(this, 'jasper-ridge/jasperRidge2_R198.mat');
      await refuses({ map: square, reference: library }, /A is \[198 x 529\], expected \[materials x 10000\]/);
      await refuses(
        { map: square, reference: image },
        /has no matrix A, expected \[materials x 10000\].*Y \[198 x 10000\]/,
      );
      await refuses(
        { map: square, reference: image, referenceVariable: 'Y' },
        /has 4 endmembers, but .* has 198 materials/,
      );
      await refuses(
        { map: square, reference: jasper, referenceVariable: 'M' },
        /M is \[198 x 4\], expected \[materials x 10000\]/,
      );
    });

    it('takes a .mat file for a reference, not for a map', () =>
      refuses({ map: jasper, reference: square }, /Jasper_GT\.mat: is a MATLAB file, expected a map/));

    it('says what a matrix of spectra should be', async function () {
      const scene = { path: requireData(this, 'jasper-ridge/jasperRidge2_R198.mat'), open: { reflectanceScale: 1e-4 } };
      const wanted = { map: square, reference: jasper, scene, referenceEndmembers: jasper };
      await refuses(
        { ...wanted, endmemberVariable: 'A' },
        /A is \[4 x 10000\], expected \[bands x materials\]: 198 bands of the scene .* and 4 reference materials; name another matrix with --endmember-variable/,
      );
      const { matching } = await evaluate(wanted);
      assert.equal(matching, 'spectral angle of the endmembers of eq. 12');
    });
  });
});
