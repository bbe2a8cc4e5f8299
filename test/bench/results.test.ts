// docs/results.md: what it is made of, and that scenes can be scored one at a time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import type { Scored } from '../../bench/src/score-search.js';
import { temporaryFolder } from '../support/index.js';
import { load } from './support.js';

describe('results of the benchmarks', () => {
  it('keep the sections of scenes that are not scored now, and replace those that are', async () => {
    const { writeResults } = await load<typeof import('../../bench/src/results-page.js')>('results-page');
    const page = join(temporaryFolder(), 'results.md');
    writeResults(page, ['## A\n\nold\n', '## B\n\nkept\n']);
    writeResults(page, ['## A\n\nnew\n']);
    const text = readFileSync(page, 'utf8');
    assert.equal(text.split('# Results\n').length, 2, 'one introduction');
    assert.ok(text.endsWith('\n\n## A\n\nnew\n\n## B\n\nkept\n'), text.slice(-80));
  });

  it('draw each material in a column, the reference above, and repeat pixels', async () => {
    const { abundancePicture } = await load<typeof import('../../bench/src/abundance-picture.js')>('abundance-picture');
    // 1 x 2 pixels, 3 materials: enlarged 100 times, maps are 100 high and 200 wide, with 4 white pixels between them.
    const reference = Float32Array.of(0, 0.2, 0.8, 1, 0, 0);
    const ours = Float32Array.of(0.4, 0.6, 0, -0.1, 1.2, 0);
    const { width, height, data } = decode(abundancePicture({ rows: 1, cols: 2 }, [reference, ours]));
    assert.deepEqual([width, height], [3 * 200 + 2 * 4, 2 * 100 + 4]);
    const at = (x: number, y: number) => data[y * width + x];
    assert.deepEqual(
      [at(0, 0), at(99, 99), at(100, 0), at(199, 99)],
      [0, 0, 255, 255],
      'first material of the reference',
    );
    assert.deepEqual([at(200, 0), at(203, 50), at(0, 100)], [255, 255, 255], 'gaps');
    assert.deepEqual([at(204, 0), at(408, 0), at(304, 0)], [51, 204, 0], 'second and third material');
    assert.deepEqual(
      [at(0, 104), at(204, 203), at(100, 104), at(304, 104)],
      [102, 153, 0, 255],
      'ours, clipped to 0 and 1',
    );
  });

  it('average the pixels of large maps', async () => {
    const { abundancePicture } = await load<typeof import('../../bench/src/abundance-picture.js')>('abundance-picture');
    // 3 x 307 pixels of two materials: the means of 2 x 2, of what there is of them at the edges. The first is its column by 306, the second 1 in row 2.
    const maps = Float32Array.from({ length: 3 * 307 * 2 }, (_, i) => {
      const pixel = Math.floor(i / 2);
      return i % 2 === 0 ? (pixel % 307) / 306 : Number(Math.floor(pixel / 307) === 2);
    });
    const { width, height, data } = decode(abundancePicture({ rows: 3, cols: 307 }, [maps]));
    assert.deepEqual([width, height], [2 * 154 + 4, 2]);
    assert.deepEqual(
      [data[0], data[1], data[153]],
      [Math.round((255 * 0.5) / 306), Math.round((255 * 2.5) / 306), 255],
    );
    assert.deepEqual([data[154 + 4], data[width + 154 + 4], data[2 * width - 1]], [0, 255, 255]);
  });

  it('say mean, deviation and worst of the seeds, what is blind, and what each material scores', async () => {
    const { definitions, rowsOf, sectionBody } =
      await load<typeof import('../../bench/src/scene-section.js')>('scene-section');
    const scored = (name: string, value: number): Scored => {
      const figure = { name: 'aRMSE', definition: 'how far off', value, unit: 'abundance' as const };
      const materials = ['tree', 'road'].map((material, endmember) => ({
        name: material,
        endmember,
        figures: [{ ...figure, name: 'RMSE', definition: 'of one', value: value + endmember }],
      }));
      return {
        name,
        blind: name !== 'truth',
        evaluation: { figures: [figure], materials },
        seconds: 2,
        megabytes: value * 1000,
      };
    };
    const rows = [
      ...rowsOf([[scored('truth', 0.5)]]),
      ...rowsOf([0.1, 0.3].map((value) => [scored('M, FCLSU', 1), scored('M, EGU-Net-pw', value)])),
    ];
    const body = sectionBody('jasper', rows, { own: 'M', picture: 'images/a.png' });
    const lines = body.split('\n');
    assert.ok(lines.includes('| truth | no | 1 | 0.5000 | 2.0 | 500 |'));
    assert.ok(lines.includes('| M, EGU-Net-pw | yes | 2 | 0.2000 ± 0.1000 (worst 0.3000) | 2.0 | 300 |'));
    assert.ok(lines.includes('| road | M, EGU-Net-pw | 1.2000 ± 0.1000 |'), 'materials of what is ours');
    assert.ok(!lines.some((line) => line.startsWith('| road | M, FCLSU') || line.startsWith('| road | truth')));
    assert.match(body, /EGU-Net-pw \| 0\.0896 ± 0\.0226 \| 0\.1141/, 'the published figure');
    assert.match(body, /!\[Abundance maps: reference, EGU-Net-pw\]\(images\/a\.png\)/);
    assert.match(body, /From left to right: tree, road\. From top to bottom: the reference, EGU-Net-pw\./);
    assert.match(sectionBody('sim1', rows, { own: 'M' }), /^Published figures of this scene: none/);
    assert.equal(definitions(rows), '- aRMSE: how far off\n- RMSE of a material: of one');
  });
});
