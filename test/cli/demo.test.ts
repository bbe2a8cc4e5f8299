import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { succeed } from './support.js';

describe('the demo, small', () => {
  const folder = temporaryFolder();
  const demo = join(folder, 'demo');
  let said: { stdout: string; stderr: string };
  before(() => {
    said = succeed(['demo', '--size', '40', '--epochs', '30', '--seed', '7'], folder);
  });

  it('leaves the model, the map, a quicklook and a report', () => {
    assert.deepEqual(readdirSync(demo).sort(), [
      'abundances.tif',
      'egunet-demo.json',
      'model.json',
      'model.onnx',
      'quicklook.png',
      'report.html',
      'run',
      'scene',
    ]);
    const { width, height, channels } = decode(readFileSync(join(demo, 'quicklook.png')));
    assert.deepEqual([width, height, channels], [40, 40, 4]);
  });

  it('says where things are and what to type next', () => {
    assert.match(said.stdout, /^report +demo\/report\.html/m);
    assert.match(said.stdout, /^model +demo\/model\.onnx$/m);
    assert.match(
      said.stdout,
      /egunet train SCENE -o run\n.*egunet export run -o model\.onnx\n.*egunet infer SCENE --model model\.onnx -o abundances\.tif/,
    );
    assert.match(said.stderr, /\[1\/6\] make a scene[\s\S]*\[6\/6\] write the report/);
  });

  it('reports maps, spectra, losses, figures with definitions, timings and the command, on one page', () => {
    const page = readFileSync(join(demo, 'report.html'), 'utf8');
    for (const name of ['green grass', 'dry grass', 'illite', 'goethite', 'olivine'])
      assert.ok(page.includes(`<h3>${name}</h3>`), name);
    assert.equal(page.match(/data:image\/png;base64,/g)?.length, 11); // quicklook, 5 maps, 5 references
    assert.equal(page.match(/<svg /g)?.length, 2);
    assert.match(page, /egunet demo -o demo --seed 7 --size 40 --epochs 30/);
    assert.match(page, /<dt>aRMSE<\/dt><dd>mean over pixels of sqrt/);
    assert.match(page, /NNLS, same endmembers/);
    assert.match(page, /find endmembers and train/);
    assert.match(page, /<span>\d+ m<\/span>/); // the scale bar
    assert.ok(!/(src|href)="(?!data:)/.test(page));
    const text = page.replaceAll(/data:[^"')]+/g, ''); // pictures, whose letters are any
    assert.ok(!text.includes('NaN'));
  });

  it('unmixes far better than chance', () => {
    const { stdout } = succeed(
      ['evaluate', 'demo/abundances.tif', '-r', 'demo/scene/truth-abundances.tif', '--json'],
      folder,
    );
    const { figures } = JSON.parse(stdout);
    // Chance: calling every pixel an even mixture misses by 0.31. Few candidates and epochs: 0.08; the full size gets 0.02.
    assert.ok(figures[0].value < 0.12, `${figures[0].value}`);
  });

  it('leaves a map that GDAL reads', function () {
    requireGdal(this);
    const { bands, size } = JSON.parse(run('gdalinfo', ['-json', '-stats', join(demo, 'abundances.tif')]));
    assert.deepEqual(size, [40, 40]);
    assert.equal(bands.length, 5);
    for (const { minimum, maximum } of bands) assert.ok(minimum >= 0 && maximum <= 1);
  });

  it('replaces a former demo of its own, but nothing else in the folder', () => {
    writeFileSync(join(demo, 'notes.txt'), 'mine');
    const { stdout } = succeed(['demo', '--size', '32', '--epochs', '2', '--json'], folder);
    const { files, timings, evaluation } = JSON.parse(stdout);
    assert.ok(Object.values(files as Record<string, string>).every((file) => existsSync(join(folder, file))));
    assert.equal(Object.keys(timings).length, 6);
    assert.equal(evaluation.materials.length, 5);
    assert.equal(readFileSync(join(demo, 'notes.txt'), 'utf8'), 'mine');
    assert.equal(readdirSync(join(demo, 'scene')).filter((name) => name.startsWith('ENMAP')).length, 1);
  });
});
