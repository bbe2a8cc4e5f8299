// A part of a product on the command line: boxes, polygons, quality layers and masks, judged by GDAL.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { createMap, openScene } from '@egunet/raster/node';
import { requireGdal, run as runProgram, temporaryFolder } from '../support/index.js';
import { assertFails, egunet, succeed } from './support.js';

const [ROWS, COLS] = [48, 40];
/** Upper left corner and pixel size of the product. */
const [LEFT, TOP, SIZE] = [360000, 5820000, 30];

describe('a part of a scene, on the command line', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const inFolder = (name: string) => join(folder, name);
  let product: string;
  let whole: Float32Array;
  before(async function () {
    requireGdal(this);
    product = (await makeEnmapProduct(folder, { seed: 3, rows: ROWS, cols: COLS, sky: 'changing' })).folder;
    succeed(['train', product, '-n', '3', '--epochs', '1', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    succeed(['infer', product, '-m', 'model.onnx', '-o', 'whole.tif'], folder);
    whole = firstBand('whole.tif');
  });

  /** A map's first band as GDAL reads it. */
  function firstBand(map: string): Float32Array {
    const raw = inFolder('raw.img');
    runProgram('gdal_translate', ['-q', '-b', '1', '-of', 'ENVI', inFolder(map), raw]);
    const bytes = readFileSync(raw);
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  }

  /** Stored values of a quality layer. */
  async function layer(name: string): Promise<number[]> {
    const scene = await openScene(product);
    const found = await scene.qualityLayers!.find((one) => one.name === name)!.open();
    const { data } = await found.readWindow({ row: 0, col: 0, rows: ROWS, cols: COLS });
    await Promise.all([scene.close(), found.close()]);
    return [...data];
  }

  const infer = (map: string, ...options: string[]) =>
    JSON.parse(
      succeed(['infer', product, '-m', 'model.onnx', '-o', map, '--overwrite', '--json', ...options], folder).stdout,
    );
  const gdalInfo = (map: string) =>
    JSON.parse(runProgram('gdalinfo', ['-json', inFolder(map)]).replaceAll(': nan', ': "NaN"'));

  /** Throws unless the map shows the part of the whole map from `row`, `col` on, NaN where `out` says. */
  function assertPart(
    map: string,
    at: { row: number; col: number; rows: number; cols: number },
    out: (pixel: number) => boolean,
  ): void {
    const info = gdalInfo(map);
    assert.deepEqual(info.size, [at.cols, at.rows]);
    assert.deepEqual(info.geoTransform, [LEFT + SIZE * at.col, SIZE, 0, TOP - SIZE * at.row, 0, -SIZE]);
    const expected = Float32Array.from({ length: at.rows * at.cols }, (_, i) => {
      const pixel = (at.row + Math.floor(i / at.cols)) * COLS + at.col + (i % at.cols);
      return out(pixel) ? Number.NaN : whole[pixel]!;
    });
    assert.deepEqual(firstBand(map), expected);
  }

  it('is a box in the scene’s reference system, or in one that is named', () => {
    // Centres at halves: columns 10 to 19, rows 5 to 24.
    const bounds = [LEFT + 300, TOP - 750, LEFT + 600, TOP - 150];
    const window = { row: 5, col: 10, rows: 20, cols: 10 };
    infer('box.tif', '--bbox', bounds.join(','));
    assertPart('box.tif', window, () => false);
    const corners = runProgram('bash', [
      '-c',
      `printf '%s\\n' '${bounds[0]} ${bounds[1]}' '${bounds[2]} ${bounds[3]}' | gdaltransform -s_srs EPSG:32633 -t_srs EPSG:3857`,
    ])
      .trim()
      .split('\n')
      .flatMap((line) => line.split(' ').slice(0, 2));
    infer('box-3857.tif', '--bbox', corners.join(','), '--bbox-crs', 'EPSG:3857');
    const [cols, rows] = gdalInfo('box-3857.tif').size;
    assert.ok(Math.abs(cols - 10) <= 1 && Math.abs(rows - 20) <= 1, `${rows} x ${cols}`);
  });

  it('is what polygons in longitude and latitude cover, as GDAL burns them', () => {
    const aoi = inFolder('area.geojson');
    const ring = [
      [LEFT + 100, TOP - 130],
      [LEFT + 1090, TOP - 330],
      [LEFT + 610, TOP - 1310],
      [LEFT + 100, TOP - 130],
    ];
    const hole = ring.map(([x, y]) => [LEFT + 400 + 0.2 * (x! - LEFT), TOP - 400 + 0.2 * (y! - TOP)]);
    const crs = { type: 'name', properties: { name: 'EPSG:32633' } };
    writeFileSync(inFolder('utm.geojson'), JSON.stringify({ type: 'Polygon', crs, coordinates: [ring, hole] }));
    runProgram('ogr2ogr', [
      '-f',
      'GeoJSON',
      '-t_srs',
      'EPSG:4326',
      '-lco',
      'RFC7946=YES',
      '-lco',
      'COORDINATE_PRECISION=9',
      aoi,
      inFolder('utm.geojson'),
    ]);
    const extent = [LEFT, TOP - SIZE * ROWS, LEFT + SIZE * COLS, TOP].map(String);
    runProgram('gdal_rasterize', [
      '-q',
      '-burn',
      '1',
      '-of',
      'ENVI',
      '-ot',
      'Byte',
      '-te',
      ...extent,
      '-ts',
      String(COLS),
      String(ROWS),
      inFolder('utm.geojson'),
      inFolder('burnt.img'),
    ]);
    const inside = [...readFileSync(inFolder('burnt.img'))];
    // Columns whose centres lie between 100 m and 1090 m, rows between 130 m and 1310 m, of pixels of 30 m.
    const window = { row: 4, col: 3, rows: 40, cols: 33 };
    const result = infer('area.tif', '--aoi', 'area.geojson');
    assertPart('area.tif', window, (pixel) => inside[pixel] === 0);
    const covered = inside.filter((one) => one === 1).length;
    assert.equal(result.outsidePixels, window.rows * window.cols - covered);
    assert.equal(result.validPixels + result.noDataPixels, covered);
    const { metadata } = gdalInfo('area.tif');
    assert.equal(metadata[''].EGUNET_AREA, 'area.geojson');
    assert.equal(metadata[''].EGUNET_OUTSIDE_PIXELS, String(result.outsidePixels));
  });

  it('is what the quality layers leave, each counted', async () => {
    const rules: [string, string, (value: number) => boolean][] = [
      ['cloud', 'CLOUD', (value) => value !== 0],
      ['shadow', 'CLOUDSHADOW', (value) => value !== 0],
      ['cirrus>=2', 'CIRRUS', (value) => value >= 2],
      ['snow', 'SNOW', (value) => value !== 0],
      ['water', 'CLASSES', (value) => value === 2],
    ];
    const layers = await Promise.all(rules.map(async ([, name, test]) => (await layer(name)).map(test)));
    const result = infer('clear.tif', '--mask', rules.map(([rule]) => rule).join(','), '--tile', '16');
    const masked = Array.from({ length: ROWS * COLS }, (_, i) => layers.some((one) => one[i]));
    assertPart('clear.tif', { row: 0, col: 0, rows: ROWS, cols: COLS }, (pixel) => masked[pixel]!);
    assert.deepEqual(
      result.masks,
      rules.map(([name], r) => ({ name, pixels: layers[r]!.filter(Boolean).length })),
    );
    assert.equal(result.maskedPixels, masked.filter(Boolean).length);
    assert.equal(result.validPixels, whole.filter((value, i) => !masked[i] && !Number.isNaN(value)).length);
    assert.equal(result.pixels, result.validPixels + result.noDataPixels + result.maskedPixels);
    const { metadata } = gdalInfo('clear.tif');
    assert.equal(metadata[''].EGUNET_MASKS, 'cloud, shadow, cirrus>=2, snow, water');
    assert.equal(metadata[''].EGUNET_MASKED_PIXELS, String(result.maskedPixels));

    const { stdout } = succeed(
      ['infer', product, '-m', 'model.onnx', '-o', 'said.tif', '--mask', 'cloud,snow'],
      folder,
    );
    const percent = (r: number) => ((100 * result.masks[r].pixels) / (ROWS * COLS)).toFixed(1);
    assert.match(stdout, new RegExp(`^masked +\\d+ pixels: cloud ${percent(0)} %, snow ${percent(3)} %$`, 'm'));
    assert.match(stdout, /^pixels +\d+ of 1920 with data, \d+ without$/m);
  });

  it('is what a mask raster leaves, inside a box and an area', async () => {
    const georeference = { affine: [SIZE, 0, LEFT, 0, -SIZE, TOP], epsg: 32633 } as const;
    const map = await createMap(inFolder('mask.tif'), {
      rows: ROWS,
      cols: COLS,
      sampleType: 'uint8',
      bands: [{}],
      georeference,
    });
    const values = Uint8Array.from({ length: ROWS * COLS }, (_, i) => i % 4);
    await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, values);
    await map.close();
    const box = ['--bbox', [LEFT + 300, TOP - 750, LEFT + 600, TOP - 150].join(',')];
    const window = { row: 5, col: 10, rows: 20, cols: 10 };
    const result = infer('masked.tif', ...box, '--mask', 'mask.tif==2');
    assertPart('masked.tif', window, (pixel) => values[pixel] === 2);
    assert.equal(result.maskedPixels, 60); // columns 10, 14 and 18
    infer('masked.tif', ...box, '--mask', 'mask.tif');
    assertPart('masked.tif', window, (pixel) => values[pixel] !== 0);
  });

  it('has bands of quality, which an evaluation leaves aside', () => {
    const { quality } = infer('quality.tif', '--quality', '--mask', 'cloud');
    assert.deepEqual(
      quality.map(({ name, unit }: { name: string; unit: string }) => [name, unit]),
      [
        ['reconstruction RMSE', 'reflectance'],
        ['spectral angle', 'rad'],
      ],
    );
    const bands: { description: string; unit?: string; noDataValue: unknown }[] = gdalInfo('quality.tif').bands;
    assert.equal(bands.length, 5);
    assert.deepEqual([bands[3]!.description, bands[3]!.unit], ['reconstruction RMSE', 'reflectance']);
    const { stdout } = succeed(
      ['infer', product, '-m', 'model.onnx', '-o', 'quality.tif', '--overwrite', '--quality'],
      folder,
    );
    assert.match(stdout, /^reconstruction RMSE +0\.\d+ reflectance on average$/m);
    const { figures } = JSON.parse(succeed(['evaluate', 'quality.tif', '-r', 'whole.tif', '--json'], folder).stdout);
    assert.equal(figures[0].value, 0);
    assert.equal(egunet(['evaluate', 'whole.tif', '-r', 'quality.tif'], folder).code, 0);
  });

  it('is refused in one line where it makes no sense', () => {
    const args = ['infer', product, '-m', 'model.onnx', '-o', 'none.tif'];
    writeFileSync(inFolder('far.geojson'), '{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,2],[1,2]]]}');
    for (const [options, says] of [
      [['--bbox', '-10,50,-9,51', '--bbox-crs', '4326'], /covers no pixel centre/],
      [['--aoi', 'far.geojson'], /far\.geojson: covers no pixel centre/],
      [['--aoi', 'none.geojson'], /none\.geojson: .*no such file/],
      [
        ['--mask', 'clouds'],
        /no mask 'clouds': a mask is cloud, shadow, .*quality layers found: CIRRUS, CLASSES, CLOUD/,
      ],
      [['--mask', 'land,water,classes==3'], /all of its 1920 pixels are masked/],
      [['--quality', '--dtype', 'uint8'], /too coarse for bands of quality/],
    ] as const)
      assertFails([...args, ...options], folder, says);
    for (const [options, says] of [
      [['--bbox', '1,2,3'], /--bbox: expected four numbers XMIN,YMIN,XMAX,YMAX, got '1,2,3'/],
      [['--bbox', '1,2,3,x'], /--bbox: expected four numbers/],
      [['--bbox-crs', '4326'], /--bbox-crs says what --bbox is given in/],
      [['--bbox', '1,2,3,4', '--bbox-crs', 'WGS84'], /--bbox-crs: expected a code such as EPSG:4326, got 'WGS84'/],
      [['--mask', 'cloud,,snow'], /--mask: expected masks parted by commas/],
    ] as const) {
      const { code, stderr } = egunet([...args, ...options], folder);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
  });
});
