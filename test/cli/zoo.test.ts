// The models that come with the program.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { requireData, root, run, temporaryFolder } from '../support/index.js';
import { egunet, succeed } from './support.js';

const COVER = ['green vegetation', 'dry vegetation', 'soil', 'built', 'water'];
const BASES = ['emit-cover', 'enmap-cover', 'landsat8-cover', 'prisma-cover', 'sentinel2-cover'];

describe('the zoo', () => {
  const folder = temporaryFolder();

  it('has a float and an int8 model of each sensor, below 1 MB, with its sources on the card', () => {
    const listed = JSON.parse(succeed(['models', '--json'], folder).stdout);
    const names = BASES.flatMap((name) => [`zoo:${name}`, `zoo:${name}-int8`]);
    assert.deepEqual(
      listed.map(({ name }: { name: string }) => name),
      names.sort(),
    );
    for (const { name, bytes, endmembers } of listed) {
      assert.ok(bytes < 1e6, name);
      assert.deepEqual(endmembers, COVER);
    }
    assert.match(succeed(['models'], folder).stdout, /zoo:enmap-cover, \d+ kB\ntakes +EnMAP: 198, 463\.6-2392\.6 nm/);
    assert.match(
      succeed(['models'], folder).stdout,
      /^scores +RMSE 0\.1\d*, RMSE of green vegetation 0\.0\d*, .*RMSE of water/m,
    );
    assert.equal(listed[0].metrics.length, 6);
    const card = succeed(['info', 'zoo:enmap-cover'], folder).stdout;
    assert.match(card, /earthlib\.sli \(SHA-256 of its spectra [0-9a-f]{16}/);
    assert.match(card, /built: 888 spectra, 2 sources \(ground, roofs\)/);
    assert.match(
      card,
      /^command +egunet train --library earthlib\.sli,water\.csv --classes .* --bands 460-2400 --sensor enmap -o enmap-cover$/m,
    );
    assert.match(card, /^licence +earthlib 1\.1\.0: MIT, Copyright/m);
    assert.match(card, /^limits +surface reflectance by day/m);
    assert.match(card, /^mixtures +classShares 0\.1\/0\.4\/0\.35\/0\.15, .*, noise 0$/m);
    assert.match(card, /^class tables +earthlib-classes\.csv \(SHA-256 [0-9a-f]{16}\.\.\.\)$/m);
    assert.match(card, /^RMSE of soil +0\.\d+: root mean square error of the fraction, over 4096 mixtures/m);
    assert.match(readFileSync(join(root, 'models/zoo/LICENSE-earthlib'), 'utf8'), /^MIT License/);
  });

  it('lists models of your own beside it, and refuses names that it does not have', () => {
    const own = join(root, 'models/zoo/enmap-cover.onnx');
    assert.equal(JSON.parse(succeed(['models', own, '--json'], folder).stdout).at(-1).name, own);
    for (const args of [
      ['infer', 'x.tif', '-m', 'zoo:nothing', '-o', 'x.tif'],
      ['info', 'zoo:nothing'],
    ]) {
      const { code, stderr } = egunet(args, folder);
      assert.equal(code, 2);
      assert.match(stderr, /zoo:nothing: the zoo has emit-cover/);
    }
    assert.match(succeed(['info', 'zoo:EnMAP-Cover'], folder).stdout, /sensor +EnMAP/);
    writeFileSync(join(folder, 'broken.onnx'), 'no model');
    assert.match(egunet(['models', 'broken.onnx'], folder).stderr, /broken\.onnx: /);
    assert.match(egunet(['models', 'missing.onnx'], folder).stderr, /missing\.onnx: /);
  });

  it('refuses to take one narrow band for a broad one of the model', function () {
    const images = requireData(this, 'enmap-potsdam/images');
    const tile = join(images, readdirSync(images).find((name) => name.endsWith('.tif'))!);
    for (const more of [[], ['--resample']]) {
      const args = ['infer', tile, '--model', 'zoo:sentinel2-cover', '-o', 'none.tif', ...more];
      assert.match(
        egunet(args, folder).stderr,
        /5 of the model's 10 bands \(Sentinel-2A MSI\) are more than 4 times as wide as the scene's, the first at 492\.7 nm with 65 nm/,
      );
    }
  });

  it('gives fractions on real EnMAP pixels, in float32 and in int8 alike', async function () {
    const images = requireData(this, 'enmap-potsdam/images');
    const tile = join(images, readdirSync(images).find((name) => name.endsWith('.tif'))!);
    const maps = [];
    for (const name of ['enmap-cover', 'enmap-cover-int8']) {
      succeed(['infer', tile, '--model', `zoo:${name}`, '-o', `${name}.tif`], folder);
      const map = await openScene(join(folder, `${name}.tif`));
      maps.push((await map.readWindow({ row: 0, col: 0, rows: 32, cols: 32 }, [0, 1, 2, 3, 4])).data);
      await map.close();
    }
    const [float, int8] = maps as [Float32Array, Float32Array];
    let difference = 0;
    for (let i = 0; i < 1024; i++) {
      const row = float.subarray(5 * i, 5 * i + 5);
      assert.ok(row.every((value) => value >= 0) && Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
    }
    for (let i = 0; i < float.length; i++) difference += Math.abs(float[i]! - int8[i]!) / float.length;
    assert.ok(difference > 0 && difference < 0.02, `${difference}`);
  });

  it('is made by one command: the same bytes each time, and the models that are there', async function () {
    requireData(this, 'earthlib');
    const made = ['a', 'b'].map((name) => {
      const place = join(folder, name);
      run('env', [`EGUNET_ZOO=${place}`, process.execPath, join(root, 'scripts/zoo.mjs'), 'landsat8-cover']);
      return place;
    });
    for (const file of ['landsat8-cover.onnx', 'landsat8-cover-int8.onnx', 'landsat8-cover.json']) {
      const [a, b] = made.map((place) => readFileSync(join(place, file)));
      assert.ok(a!.equals(b!), file);
    }
    // Other processors round otherwise: their models are alike, not the same.
    assert.equal(statSync(join(made[0]!, 'landsat8-cover.onnx')).size, statSync(join(root, 'models/zoo/landsat8-cover.onnx')).size); // biome-ignore format: one line says more
    const digests = [join(made[0]!, 'landsat8-cover.onnx'), 'zoo:landsat8-cover'].map((name) => {
      const [{ card }] = JSON.parse(succeed(['info', name, '--json'], folder).stdout);
      return [card.data.sha256, card.library.files, card.training];
    });
    assert.deepEqual(digests[0], digests[1]);
  });
});
