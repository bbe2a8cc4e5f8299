import assert from 'node:assert/strict';
import { type Georeference, pixelArea } from '@egunet/raster';

const near = (got: number, expected: number, relative: number) =>
  assert.ok(Math.abs(got / expected - 1) <= relative, `${got} beside ${expected}`);

/** The whole earth in pixels of so many degrees. */
const degrees = (step: number, epsg = 4326): Georeference => ({ affine: [step, 0, -180, 0, -step, 90], epsg });

describe('the area of a pixel', () => {
  it('is that of the map where the system has metres', () => {
    const { on, of } = pixelArea({ affine: [30, 0, 366000, 0, -20, 5807000], epsg: 32633 })!;
    assert.equal(on, 'map');
    assert.equal(of(0), 600);
    assert.equal(of(9999), 600);
    // A rotated square keeps its area: 30 m times (cos, sin) of 30 degrees.
    const [c, s] = [30 * Math.cos(Math.PI / 6), 30 * Math.sin(Math.PI / 6)];
    near(pixelArea({ affine: [c, s, 0, s, -c, 0], epsg: 3035 })!.of(5), 900, 1e-12);
  });

  it('adds up to the surface of the ellipsoid where the system has degrees', () => {
    for (const epsg of [4326, 4258, 4269]) {
      const { on, of } = pixelArea(degrees(0.5, epsg))!;
      assert.equal(on, 'ellipsoid');
      let sum = 0;
      for (let row = 0; row < 360; row++) sum += 720 * of(row);
      near(sum, 510_065_621.724e6, 1e-9); // m², the surface of WGS 84 as geodesy's tables have it
    }
  });

  it("is the integral of the ellipsoid's radii of curvature", () => {
    // dA = M N cos(phi) dphi dlambda, by the midpoint rule in a thousand steps.
    const [a, e2] = [6378137, 0.0066943799901413165];
    const row = 74; // from 53 to 52.5 degrees north
    const [from, step] = [(52.5 * Math.PI) / 180, (0.5 * Math.PI) / 180 / 1000];
    let sum = 0;
    for (let i = 0; i < 1000; i++) {
      const phi = from + (i + 0.5) * step;
      const w = 1 - e2 * Math.sin(phi) ** 2;
      sum += ((a * (1 - e2)) / w ** 1.5) * (a / Math.sqrt(w)) * Math.cos(phi) * step;
    }
    near(pixelArea(degrees(0.5))!.of(row), (sum * 0.5 * Math.PI) / 180, 1e-8);
  });

  it('of the Mercator map is that on the ground', () => {
    // At 60 degrees north the sphere's map shows lengths twice as long: the area is a fourth, but for the ellipsoid's flattening.
    const y = 6378137 * Math.log(Math.tan(Math.PI / 4 + Math.PI / 6));
    const { on, of } = pixelArea({ affine: [100, 0, 0, 0, -100, y], epsg: 3857 })!;
    assert.equal(on, 'ellipsoid');
    near(of(0), 2500, 0.004);
    assert.notEqual(of(0), 2500);
  });

  it('takes units from GeoTIFF keys where the code is not known', () => {
    const keys = (...directory: number[]) => ({
      affine: [10, 0, 0, 0, -10, 0] as const,
      geoKeys: { directory: [1, 1, 0, directory.length / 4, ...directory] },
    });
    const projected = [1024, 0, 1, 1];
    assert.equal(pixelArea({ ...keys(...projected, 3076, 0, 1, 9001), epsg: 2154 })!.of(0), 100);
    near(pixelArea(keys(...projected, 3076, 0, 1, 9003))!.of(0), 100 * (1200 / 3937) ** 2, 1e-12);
    assert.equal(pixelArea(keys(1024, 0, 1, 2))!.on, 'ellipsoid');
    assert.equal(pixelArea(keys(...projected)), undefined);
    assert.equal(pixelArea({ ...keys(...projected), epsg: 2263 }), undefined);
  });

  it('is unknown without a system, and where rows cross parallels', () => {
    assert.equal(pixelArea({ affine: [30, 0, 0, 0, -30, 0] }), undefined);
    for (const epsg of [4326, 3857]) assert.equal(pixelArea({ affine: [1, 0.1, 0, 0.1, -1, 0], epsg }), undefined);
  });
});
