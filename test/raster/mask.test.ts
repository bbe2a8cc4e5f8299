// Masks on a scene's grid.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { type Georeference, openMask, parseMaskRule, type Scene } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import { temporaryFolder } from '../support/index.js';

const [ROWS, COLS] = [20, 30];
const WHOLE = { row: 0, col: 0, rows: ROWS, cols: COLS };
const PLACE: Georeference = { affine: [30, 0, 360000, 0, -30, 5820000], epsg: 32633 };

describe('a mask', () => {
  const folder = temporaryFolder();
  let product: Scene;
  before(async () => {
    product = await openScene(
      (await makeEnmapProduct(folder, { seed: 5, rows: ROWS, cols: COLS, sky: 'changing' })).folder,
    );
  });
  after(() => product.close());

  const open = (rule: string, scene = product) =>
    openMask(scene, parseMaskRule(rule), (path) => openScene(join(folder, path)));
  const marked = async (rule: string) => {
    const mask = await open(rule);
    try {
      return await mask.leavesOut(WHOLE);
    } finally {
      await mask.close();
    }
  };
  const layer = async (name: string) => {
    const scene = await product.qualityLayers!.find((one) => one.name === name)!.open();
    const { data } = await scene.readWindow(WHOLE);
    await scene.close();
    return [...data];
  };
  const write = async (
    name: string,
    {
      georeference,
      rows = ROWS,
      cols = COLS,
      bands = 1,
    }: { georeference?: Georeference; rows?: number; cols?: number; bands?: number } = {},
  ) => {
    const map = await createMap(join(folder, name), {
      rows,
      cols,
      sampleType: 'int16',
      bands: Array.from({ length: bands }, () => ({})),
      overwrite: true,
      ...(georeference && { georeference }),
    });
    const values = Int16Array.from({ length: rows * cols * bands }, (_, i) => (i % 5) - 1); // -1 .. 3
    await map.writeWindow({ row: 0, col: 0, rows, cols }, values);
    await map.close();
  };

  it('is told by a word, a path and a comparison', () => {
    assert.deepEqual(parseMaskRule(' cloud '), { name: 'cloud', source: 'cloud' });
    assert.deepEqual(parseMaskRule('cirrus>=2'), { name: 'cirrus>=2', source: 'cirrus', operator: '>=', limit: 2 });
    assert.deepEqual(parseMaskRule('a/b=c.tif'), { name: 'a/b=c.tif', source: 'a/b=c.tif' });
    for (const operator of ['>=', '<=', '==', '!=', '>', '<'])
      assert.deepEqual(parseMaskRule(`m.tif ${operator} -1.5`), {
        name: `m.tif ${operator} -1.5`,
        source: 'm.tif',
        operator,
        limit: -1.5,
      });
    assert.deepEqual(parseMaskRule('https://me:pass@host/m.tif?key=abc >= 2'), {
      name: 'https://host/m.tif >= 2',
      source: 'https://me:pass@host/m.tif?key=abc',
      operator: '>=',
      limit: 2,
    });
  });

  for (const [word, name, test] of [
    ['cloud', 'CLOUD', (value: number) => value !== 0],
    ['Shadow', 'CLOUDSHADOW', (value: number) => value !== 0],
    ['cloudshadow', 'CLOUDSHADOW', (value: number) => value !== 0],
    ['haze', 'HAZE', (value: number) => value !== 0],
    ['snow', 'SNOW', (value: number) => value !== 0],
    ['cirrus', 'CIRRUS', (value: number) => value !== 0],
    ['cirrus>=2', 'CIRRUS', (value: number) => value >= 2],
    ['water', 'CLASSES', (value: number) => value === 2],
    ['land', 'CLASSES', (value: number) => value === 1],
    ['classes==3', 'CLASSES', (value: number) => value === 3],
  ] as const)
    it(`'${word}' is what the layer ${name} says`, async () => {
      const [got, values] = [await marked(word), await layer(name)];
      assert.deepEqual(
        [...got],
        values.map((value) => Number(test(value))),
      );
      assert.ok(got.includes(1) && got.includes(0));
    });

  it('of a raster leaves out every value but 0, or what a comparison says', async () => {
    await write('mask.tif', { georeference: PLACE });
    const expected = (test: (value: number) => boolean) =>
      Array.from({ length: ROWS * COLS }, (_, i) => Number(test((i % 5) - 1)));
    for (const [rule, test] of [
      ['mask.tif', (value: number) => value !== 0],
      ['mask.tif>=2', (value: number) => value >= 2],
      ['mask.tif>2', (value: number) => value > 2],
      ['mask.tif<=0', (value: number) => value <= 0],
      ['mask.tif<0', (value: number) => value < 0],
      ['mask.tif==3', (value: number) => value === 3],
      ['mask.tif!=3', (value: number) => value !== 3],
    ] as const)
      assert.deepEqual([...(await marked(rule))], expected(test), rule);
  });

  it('need not be georeferenced where its size is the scene’s, nor name its system', async () => {
    await write('plain.tif');
    await (await open('plain.tif')).close();
    await write('nameless.tif', { georeference: { affine: PLACE.affine } });
    await (await open('nameless.tif')).close();
  });

  const moved = (affine: Georeference['affine']) => ({ georeference: { ...PLACE, affine } });
  for (const [what, options, message] of [
    [
      'another size',
      { rows: 21, georeference: PLACE },
      /odd\.tif: a mask should lie on the grid of .* \(20 rows x 30 columns, EPSG:32633, affine \[30, 0, 360000, 0, -30, 5820000\]\), got 21 rows x 30 columns.*gdalwarp -r near -t_srs EPSG:32633 -te 360000 5819400 360900 5820000 -ts 30 20 IN OUT/,
    ],
    ['another place', moved([30, 0, 360030, 0, -30, 5820000]), /a mask should lie on the grid/],
    ['other pixels', moved([30.1, 0, 360000, 0, -30, 5820000]), /a mask should lie on the grid/],
    ['another turn', moved([30, 1, 360000, 0, -30, 5820000]), /a mask should lie on the grid/],
    ['another system', { georeference: { ...PLACE, epsg: 32632 } }, /EPSG:32632/],
    [
      'two bands',
      { bands: 2, georeference: PLACE },
      /should have one band, got 2; take one out with gdal_translate -b 1/,
    ],
  ] as const)
    it(`of ${what} is refused`, async () => {
      await write('odd.tif', options);
      await assert.rejects(open('odd.tif'), { _tag: 'RasterError', message });
    });

  it('that the scene does not have is refused with those that it has', async () => {
    await write('bare.tif', { georeference: PLACE });
    const bare = await openScene(join(folder, 'bare.tif'));
    await assert.rejects(open('cloud', bare), {
      message: /no quality layer CLOUD for the mask 'cloud', nor any other: GeoTIFF/,
    });
    const fewer = { ...product, qualityLayers: product.qualityLayers!.filter(({ name }) => name === 'SNOW') };
    await assert.rejects(open('cloud', fewer), {
      message: /no quality layer CLOUD for the mask 'cloud', only SNOW; leave/,
    });
    await assert.rejects(open('clouds'), {
      message: /no mask 'clouds': a mask is cloud, shadow, .*quality layers found: CIRRUS, CLASSES, CLOUD/,
    });
    await assert.rejects(open('none.tif'), { _tag: 'RasterError', message: /none\.tif: .*no such file/ });
    await assert.rejects(open('water>=1'), {
      message: /'water>=1' compares what is a class already \(CLASSES == 2\); write 'classes>=1', or 'water' alone/,
    });
    await bare.close();
  });
});
