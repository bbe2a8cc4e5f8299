// Scenes on one grid.
import assert from 'node:assert/strict';
import { type Georeference, joinGrids } from '@egunet/raster';
import fc from 'fast-check';

type Affine = Georeference['affine'];

const UTM: Affine = [30, 0, 360000, 0, -30, 5820000];

/** A grid of `rows` x `cols`, its corner `row`, `col` pixels from that of `affine`. */
function gridAt(place: { row: number; col: number; rows?: number; cols?: number }, affine = UTM, name = 'scene.tif') {
  const { row, col, rows = 20, cols = 10 } = place;
  const [a, b, c, d, e, f] = affine;
  const moved: Affine = [a, b, c + a * col + b * row, d, e, f + d * col + e * row];
  return { name, rows, cols, georeference: { affine: moved, epsg: 32633 } };
}

const first = { ...gridAt({ row: 0, col: 0 }), name: 'first.tif' };

/** GeoTIFF keys of a system without a code: a transverse Mercator of its own. */
const ownKeys = (name: string, meridian: number) => ({
  directory: [1, 1, 0, 5, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, name.length, 0, 3072, 0, 1, 32767, 3080, 34736, 1, 0],
  doubles: [meridian],
  ascii: name,
}); // biome-ignore format: keys of four numbers

describe('the grid of several scenes', () => {
  it('holds each of them where it lies, whatever their order, also on rotated axes and in degrees', () => {
    const offset = fc.integer({ min: -5000, max: 5000 });
    const size = fc.integer({ min: 1, max: 3000 });
    const affine = fc.constantFrom<Affine>(
      UTM,
      [0.00027, 0, 12.4, 0, -0.00027, 52.1],
      [25, 5, 360000, 5, -25, 5820000],
      [30, 0, 360015.7, 0, 30, 5820000.2],
    );
    const place = fc.record({ row: offset, col: offset, rows: size, cols: size });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 6 }), affine, (places, affine) => {
        const top = Math.min(...places.map(({ row }) => row));
        const left = Math.min(...places.map(({ col }) => col));
        const grid = joinGrids(places.map((one) => gridAt(one, affine)));
        assert.deepEqual(
          grid.places,
          places.map((one) => ({ ...one, row: one.row - top, col: one.col - left })),
        );
        assert.equal(grid.rows, Math.max(...places.map(({ row, rows }) => row + rows)) - top);
        assert.equal(grid.cols, Math.max(...places.map(({ col, cols }) => col + cols)) - left);
        const [x, y] = [2, 5].map((i) => gridAt({ row: top, col: left }, affine).georeference.affine[i]!);
        const pixel = Math.abs(affine[0]);
        assert.ok(Math.abs(grid.georeference.affine[2] - x!) < 1e-6 * pixel);
        assert.ok(Math.abs(grid.georeference.affine[5] - y!) < 1e-6 * pixel);
        assert.equal(grid.georeference.epsg, 32633);
      }),
    );
  });

  it('of one scene is that scene’s own, to the bit', () => {
    const { rows, cols, georeference, places } = joinGrids([first]);
    assert.deepEqual({ rows, cols, georeference }, { rows: 20, cols: 10, georeference: first.georeference });
    assert.deepEqual(places, [{ row: 0, col: 0, rows: 20, cols: 10 }]);
  });

  it('takes places within a thousandth of a pixel as whole', () => {
    assert.deepEqual(joinGrids([first, gridAt({ row: 7.0009, col: -2.9992 })]).places[1], { row: 7, col: 0, rows: 20, cols: 10 }); // biome-ignore format: one line
    assert.throws(() => joinGrids([first, gridAt({ row: 7.002, col: 0 })]), /0 columns and 0\.002 rows off/);
  });

  it('compares systems without a code by their numbers, not by what they are called', () => {
    const own = (name: string, meridian: number, row: number) => {
      const { georeference, ...rest } = gridAt({ row, col: 0 });
      return { ...rest, name, georeference: { affine: georeference.affine, geoKeys: ownKeys(name, meridian) } };
    };
    assert.equal(joinGrids([own('one|', 9, 0), own('another|', 9, 5)]).rows, 25);
    assert.throws(
      () => joinGrids([own('one|', 9, 0), own('another|', 10, 5)]),
      /another\|: lies in a reference system/,
    );
    const none = { ...first, georeference: { affine: UTM } };
    assert.equal(joinGrids([none, none]).rows, 20);
    assert.throws(() => joinGrids([none, own('one|', 9, 0)]), /one\|: lies in a .* without an EPSG code, expected no/);
  });

  it('reaches as far as a map can, and no further', () => {
    const grid = joinGrids([first, gridAt({ row: 2 ** 31 - 20, col: -(2 ** 31) + 10 })]);
    assert.deepEqual([grid.rows, grid.cols, grid.places[0]!.col], [2 ** 31, 2 ** 31, 2 ** 31 - 10]);
    for (const far of [2 ** 31, 1e300])
      assert.throws(() => joinGrids([first, gridAt({ row: 0, col: far }, UTM, 'far.tif')]), {
        _tag: 'RasterError',
        message:
          /^far\.tif: lies .* from first\.tif: a map of all would have 20 rows x .* columns, more than 2147483648; unmix it by itself$|^far\.tif: has pixels of/,
      });
  });

  describe('refuses, and says how to mend it,', () => {
    const refused = (scene: Parameters<typeof joinGrids>[0][number], message: RegExp, reference = first) =>
      assert.throws(() => joinGrids([reference, { ...scene, name: 'second.tif' }]), {
        _tag: 'RasterError',
        path: 'second.tif',
        message,
      });

    it('scenes without a georeference', () => {
      refused({ name: '', rows: 1, cols: 1 }, /^second\.tif: has no georeference, .*gdal_edit\.py -a_ullr$/);
    });

    it('another reference system', () => {
      const other = { ...first, georeference: { affine: UTM, epsg: 32632 } };
      refused(
        other,
        /^second\.tif: lies in EPSG:32632, expected EPSG:32633 as first\.tif; bring it there with gdalwarp -t_srs EPSG:32633 -tr 30 30 -tap IN OUT$/,
      );
      refused(
        { ...first, georeference: { affine: UTM } },
        /lies in no reference system without an EPSG code, expected EPSG:32633/,
      );
      const askew = gridAt({ row: 0.5, col: 0.5 }, UTM, 'first.tif');
      refused(
        other,
        /-tr 30 30 -te XMIN YMIN XMAX YMAX IN OUT, bounds a whole number of pixels from 360015, 5819985$/,
        askew,
      );
    });

    it('another pixel size, or other axes', () => {
      refused(
        gridAt({ row: 0, col: 0 }, [10, 0, 360000, 0, -10, 5820000]),
        /has pixels of 10 x 10, expected 30 x 30 as first\.tif; .* -tr 30 30 -tap IN OUT$/,
      );
      refused(gridAt({ row: 0, col: 0 }, [30, 0, 360000, 0, 30, 5820000]), /has pixels of the matrix \[30, 0, 0, 30\]/);
      refused(
        gridAt({ row: 0, col: 0 }, [29, 5, 360000, 5, -29, 5820000]),
        /has pixels of the matrix \[29, 5, 5, -29\], expected 30 x 30/,
      );
      const rotated = gridAt({ row: 0, col: 0 }, [29, 5, 360000, 5, -29, 5820000], 'first.tif');
      refused(
        gridAt({ row: 0, col: 0 }),
        /expected the matrix .*; bring all scenes to one upright grid with gdalwarp -tr W H -tap IN OUT$/,
        rotated,
      );
    });

    it('a pixel size that adds up to more than a thousandth of a pixel', () => {
      const long = { row: 0, col: 0, rows: 1, cols: 10_000 };
      const wider = (by: number): Affine => [30 * (1 + by), 0, 360000, 0, -30, 5820000];
      assert.equal(joinGrids([first, gridAt(long, wider(9e-8))]).cols, 10_000);
      refused(gridAt(long, wider(1.1e-7)), /has pixels of 30\.0000033 x 30, expected 30 x 30/);
    });

    it('pixels between those of the first, with bounds for gdalwarp where -tap would miss them', () => {
      refused(
        gridAt({ row: 0.25, col: 3.5 }),
        /lies 0\.5 columns and 0\.25 rows off the pixels of first\.tif, expected whole pixels; bring it there with gdalwarp -t_srs EPSG:32633 -tr 30 30 -tap IN OUT$/,
      );
      const askew = gridAt({ row: 0.5, col: 0.5 }, UTM, 'first.tif');
      // Rows 1 to 21 and columns 2 to 12 of 30 m from 360000, 5820000: from 360045 to 360375 and from 5819355 to 5819985.
      refused(gridAt({ row: 1, col: 2 }), /-tr 30 30 -te 360045 5819355 360375 5819985 IN OUT$/, askew);
    });
  });
});
