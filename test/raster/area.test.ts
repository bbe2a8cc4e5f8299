// Areas of interest on a scene's grid, against GDAL's own rasterising.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { boxArea, type Georeference, type Grid, parseArea, placeArea, type Window } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';

const ROWS = 60;
const COLS = 80;
const UTM: Georeference = { affine: [30, 0, 360000, 0, -30, 5820000], epsg: 32633 };
/** Turned by some 20 degrees, with pixels that are not square. */
const TURNED: Georeference = { affine: [28, 9, 360000, 10, -27, 5820000], epsg: 32633 };
const gridOf = (georeference: Georeference): Grid => ({ name: 'scene', rows: ROWS, cols: COLS, georeference });
const WHOLE: Window = { row: 0, col: 0, rows: ROWS, cols: COLS };

type Position = [x: number, y: number];

/** A closed star around a pixel: corners at changing distances. */
function star(
  { affine: [a, b, c, d, e, f] }: Georeference,
  { col, row, sizes }: { col: number; row: number; sizes: readonly number[] },
): Position[] {
  const corners = sizes.map((size, i): Position => {
    const angle = (2 * Math.PI * i) / sizes.length;
    const [x, y] = [col + size * Math.cos(angle), row + size * Math.sin(angle)];
    return [a * x + b * y + c, d * x + e * y + f];
  });
  return [...corners, corners[0]!];
}

const geoJson = (geometry: object, crs?: string) =>
  JSON.stringify({
    type: 'FeatureCollection',
    ...(crs && { crs: { type: 'name', properties: { name: crs } } }),
    features: [{ type: 'Feature', properties: {}, geometry }],
  });

const coordinates = fc
  .array(
    fc.record({
      col: fc.double({ min: -5, max: COLS + 5, noNaN: true }),
      row: fc.double({ min: -5, max: ROWS + 5, noNaN: true }),
      sizes: fc.array(fc.double({ min: 4, max: 30, noNaN: true }), { minLength: 3, maxLength: 9 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((stars) => stars.map((one) => [one, { ...one, sizes: one.sizes.map((size) => size / 3) }])); // with a hole each

describe('an area of interest', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  before(function () {
    requireGdal(this);
  });

  /** What GDAL burns of a GeoJSON file into the grid [rows * cols]. */
  async function burnt(json: string, georeference: Georeference): Promise<Uint8Array> {
    const [source, target] = [join(folder, 'area.geojson'), join(folder, 'burnt.tif')];
    writeFileSync(source, json);
    const bands = [{ name: 'inside' }];
    const map = await createMap(target, {
      rows: ROWS,
      cols: COLS,
      sampleType: 'uint8',
      bands,
      georeference,
      overwrite: true,
    });
    await map.writeWindow(WHOLE, new Uint8Array(ROWS * COLS));
    await map.close();
    run('gdal_rasterize', ['-q', '-burn', '1', source, target]);
    const scene = await openScene(target);
    const { data } = await scene.readWindow(WHOLE);
    await scene.close();
    return data as Uint8Array;
  }

  for (const [what, georeference] of [
    ['an upright grid', UTM],
    ['a turned grid', TURNED],
  ] as const)
    it(`covers on ${what} the pixels that GDAL burns: polygons, holes, several of them, beyond the edges too`, async () => {
      await fc.assert(
        fc.asyncProperty(coordinates, async (stars) => {
          const json = JSON.stringify({
            type: 'FeatureCollection',
            crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32633' } },
            features: stars.map((rings) => ({
              type: 'Feature',
              properties: {},
              geometry: { type: 'Polygon', coordinates: rings.map((ring) => star(georeference, ring)) },
            })),
          });
          const expected = await burnt(json, georeference);
          fc.pre(expected.includes(1));
          const { window, outside } = await placeArea(parseArea(json, 'area'), gridOf(georeference));
          assert.deepEqual(
            outside(WHOLE).map((one) => 1 - one),
            expected,
          );
          for (const [i, inside] of expected.entries()) {
            const [row, col] = [Math.floor(i / COLS), i % COLS];
            const within =
              row >= window.row &&
              row < window.row + window.rows &&
              col >= window.col &&
              col < window.col + window.cols;
            assert.ok(within || !inside, `pixel ${row}, ${col} is covered, but not in the window`);
          }
        }),
        { numRuns: 12, seed: 11 },
      );
    });

  it('is the same for windows as for the whole', async () => {
    const area = parseArea(
      geoJson(
        { type: 'Polygon', coordinates: [star(TURNED, { col: 40, row: 30, sizes: [30, 8, 25, 12, 28] })] },
        'EPSG:32633',
      ),
      'area',
    );
    const { outside } = await placeArea(area, gridOf(TURNED));
    const whole = outside(WHOLE);
    const window = fc
      .tuple(fc.nat(ROWS - 1), fc.nat(COLS - 1), fc.integer({ min: 1, max: ROWS }), fc.integer({ min: 1, max: COLS }))
      .map(([row, col, rows, cols]) => ({
        row,
        col,
        rows: Math.min(rows, ROWS - row),
        cols: Math.min(cols, COLS - col),
      }));
    fc.assert(
      fc.property(window, (at) => {
        const part = outside(at);
        for (const [i, one] of part.entries())
          assert.equal(one, whole[(at.row + Math.floor(i / at.cols)) * COLS + at.col + (i % at.cols)]);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('in longitude and latitude has straight edges there, which are curves on the grid', async () => {
    // 41 km along a parallel: the straight line on the grid is off by 42 m in the middle, 21 rows of 2 m.
    const fine: Georeference = { affine: [510, 0, 479600, 0, -2, 5816720], epsg: 32633 };
    const corners: Position[] = [
      [14.7, 52.5],
      [15.3, 52.5],
      [15.3, 52.49],
      [14.7, 52.49],
      [14.7, 52.5],
    ];
    const json = geoJson({ type: 'Polygon', coordinates: [corners] });
    const dense = corners.slice(1).flatMap((to, i) => {
      const from = corners[i]!;
      return Array.from({ length: 400 }, (_, k): Position => {
        const t = (k + 1) / 400;
        return [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
      });
    });
    const expected = await burnt(geoJson({ type: 'Polygon', coordinates: [[corners[0], ...dense]] }), fine);
    const plain = await burnt(json, fine);
    const { outside } = await placeArea(parseArea(json, 'area'), gridOf(fine));
    const differing = (other: Uint8Array) => outside(WHOLE).filter((one, i) => one === other[i]).length;
    // A tolerance of 0.05 pixels moves few of the 80 x 60 centres across an edge.
    assert.ok(differing(expected) <= 4, `${differing(expected)}`);
    assert.ok(differing(plain) > 100, `${differing(plain)}`);
  });

  it('is placed by the reference system that the file names, as GDAL places it', async () => {
    const corner: Record<number, Position> = {};
    for (const epsg of [4326, 4258, 32633, 32632, 32733, 25833, 3857, 3035, 3034, 3413]) {
      const [x, y] = run('bash', [
        '-c',
        `echo '361234.5 5818765.4' | gdaltransform -s_srs EPSG:32633 -t_srs '${epsg === 4326 || epsg === 4258 ? `+proj=longlat ${epsg === 4326 ? '+datum=WGS84' : '+ellps=GRS80 +towgs84=0,0,0'}` : `EPSG:${epsg}`}'`,
      ])
        .trim()
        .split(' ')
        .map(Number);
      corner[epsg] = [x!, y!];
    }
    for (const [epsg, [x, y]] of Object.entries(corner)) {
      // A triangle so small that its first corner decides about one pixel's centre alone.
      const size = Math.abs(x) <= 180 && Math.abs(y) <= 90 ? 1e-4 : 8;
      const ring = [
        [x - size, y - size],
        [x + size, y - size],
        [x, y + size],
        [x - size, y - size],
      ];
      const json = geoJson({ type: 'Polygon', coordinates: [ring] }, `urn:ogc:def:crs:EPSG::${epsg}`);
      // Pixels of 5 mm about the triangle's middle would show a centimetre; of 1 m they show that it lies there.
      const near: Georeference = { affine: [1, 0, 361194.5, 0, -1, 5818795.4], epsg: 32633 };
      const { outside } = await placeArea(parseArea(json, 'area'), gridOf(near));
      const inside = [...outside(WHOLE).entries()].filter(([, one]) => one === 0).map(([i]) => i);
      const mean = (of: (i: number) => number) => inside.reduce((sum, i) => sum + of(i), 0) / inside.length;
      assert.ok(inside.length > 20, `EPSG:${epsg} covers ${inside.length} pixels`);
      // Centroid of the triangle: a third of its height below the middle.
      assert.ok(Math.abs(mean((i) => i % COLS) + 0.5 - 40) < 4, `EPSG:${epsg}`);
      assert.ok(Math.abs(mean((i) => Math.floor(i / COLS)) + 0.5 - 30) < 5, `EPSG:${epsg}`);
    }
  });

  it('is read of any wrapping, with or without a byte order mark, height and closing position', () => {
    const ring = [
      [13, 52, 100],
      [14, 52, 100],
      [14, 53, 100],
    ];
    const polygon = { type: 'Polygon', coordinates: [ring] };
    const expected = { name: 'area', epsg: 4326, polygons: [[Float64Array.of(13, 52, 14, 52, 14, 53)]] };
    for (const json of [
      polygon,
      { type: 'MultiPolygon', coordinates: [[ring]] },
      { type: 'GeometryCollection', geometries: [polygon] },
      { type: 'Feature', geometry: polygon, crs: null },
      {
        type: 'FeatureCollection',
        features: [
          { type: 'Feature', geometry: null },
          { type: 'Feature', geometry: polygon },
        ],
      },
    ])
      assert.deepEqual(parseArea(`\uFEFF${JSON.stringify(json)}`, 'area'), expected);
    const named = (name: string) => parseArea(geoJson(polygon, name), 'area').epsg;
    assert.deepEqual(
      ['urn:ogc:def:crs:OGC:1.3:CRS84', 'urn:ogc:def:crs:EPSG::4258', 'urn:ogc:def:crs:EPSG:6.9:4326', 'EPSG:4269'].map(
        named,
      ),
      [4326, 4258, 4326, 4269],
    );
  });

  it('is a bounding box in the scene’s own system where no other is named', async () => {
    const box = boxArea([360000 + 30 * 10.4, 5820000 - 30 * 20.4, 360000 + 30 * 15.6, 5820000 - 30 * 5.6], undefined);
    const { window } = await placeArea(box, gridOf(UTM));
    // Centres at halves: columns 10.5 .. 15.5, rows 6.5 .. 19.5.
    assert.deepEqual(window, { row: 6, col: 10, rows: 14, cols: 6 });
    assert.throws(() => boxArea([2, 0, 1, 1], undefined), { _tag: 'RasterError', message: /expected XMIN < XMAX/ });
  });

  describe('is refused, with what to do, where', () => {
    const square = (x: number, y: number) => [
      [
        [x, y],
        [x + 0.1, y],
        [x + 0.1, y + 0.1],
        [x, y],
      ],
    ];
    const polygon = { type: 'Polygon', coordinates: square(13, 52.5) };
    for (const [what, text, message] of [
      ['it is no JSON', 'hello', /area: is not GeoJSON: .*; convert it with ogr2ogr/],
      ['it is another JSON', '{"a": 1}', /an object without a 'type'; give a GeoJSON file/],
      [
        'it is a line',
        JSON.stringify({ type: 'LineString', coordinates: [] }),
        /holds a LineString, which has no area/,
      ],
      ['it is empty', '{"type":"FeatureCollection","features":[]}', /holds no polygon/],
      ['its features have no geometry', '{"type":"Feature","geometry":null}', /holds no polygon/],
      ['its features are missing', '{"type":"FeatureCollection"}', /a FeatureCollection has no list of members/],
      ['a ring has two positions', '{"type":"Polygon","coordinates":[[[1,2],[3,4]]]}', /less than 3 positions/],
      [
        'a position is text',
        '{"type":"Polygon","coordinates":[[["1",2],[3,4],[5,6]]]}',
        /a position is \["1",2\], expected/,
      ],
      ['coordinates are missing', '{"type":"Polygon"}', /no 'coordinates'/],
      [
        'coordinates are metres',
        JSON.stringify({ type: 'Polygon', coordinates: square(361000, 5819000) }),
        /is no longitude and latitude; .*'crs'/,
      ],
      ['its system has no code', geoJson(polygon, 'urn:mine'), /its 'crs' is urn:mine, expected EPSG:N/],
      [
        'collections nest without end',
        `${'{"type":"GeometryCollection","geometries":['.repeat(40)}${']}'.repeat(40)}`,
        /more than 16 deep/,
      ],
    ] as const)
      it(what, () => assert.throws(() => parseArea(text, 'area'), { _tag: 'RasterError', message }));

    for (const [what, json, grid, message] of [
      ['its system is unknown', geoJson(polygon, 'EPSG:2056'), gridOf(UTM), /area: EPSG:2056 is not among .*ogr2ogr/],
      ['a zone does not exist', geoJson(polygon, 'EPSG:32661'), gridOf(UTM), /EPSG:32661 is not among/],
      [
        "the scene's system is unknown",
        geoJson(polygon),
        gridOf({ ...UTM, epsg: 2056 }),
        /scene: EPSG:2056 is not among/,
      ],
      ['the scene has no code', geoJson(polygon), gridOf({ affine: UTM.affine }), /scene: names no reference system/],
      [
        'the scene has no georeference',
        geoJson(polygon),
        { name: 'scene', rows: 1, cols: 1 },
        /scene: has no georeference/,
      ],
      [
        'it lies elsewhere',
        geoJson({ type: 'Polygon', coordinates: square(14, 52.5) }),
        gridOf(UTM),
        /area: covers no pixel centre of scene: it spans rows .*60 rows x 80 columns/,
      ],
      [
        'it reaches a pole of Mercator',
        geoJson({ type: 'Polygon', coordinates: square(13, 89.9) }),
        gridOf({ ...UTM, epsg: 3857 }),
        /the corner .* has no place in EPSG:3857/,
      ],
    ] as const)
      it(what, () =>
        assert.rejects(async () => placeArea(parseArea(json, 'area'), grid), { _tag: 'RasterError', message }),
      );
  });
});
