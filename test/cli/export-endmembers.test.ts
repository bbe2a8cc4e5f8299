// Exact least squares with given endmembers as a model file, without a run. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene, readSpectralLibrary, spectralLibraryFiles, writeFiles } from '@egunet/raster/node';
import { requireSwiftShader, root, temporaryFolder } from '../support/index.js';
import { ask, serving } from './serving.js';
import { assertFails, egunet, succeed, writeEnvi } from './support.js';

/** Four endmembers in 12 bands, pixels, and what scipy.optimize.nnls or trying every support in numpy makes of them. */
const goldenOf = (method: string) => {
  const text = readFileSync(join(root, `fixtures/golden/train/${method}.json`), 'utf8');
  return JSON.parse(text).find(({ count }: { count: number }) => count === 4);
};

const C = 4;
const B = 12;
const NAMES = ['lawn', 'sand', 'lake', 'roof'];
const wavelengths = Array.from({ length: B }, (_, b) => 450 + 50 * b);

/** A column a spectrum. */
const csvOf = (names: readonly string[], value: (c: number, b: number) => number | string): string =>
  [['wavelength', ...names], ...wavelengths.map((nm, b) => [nm, ...names.map((_, c) => value(c, b))])]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');

/** All values of a map [N, C]. */
async function mapOf(path: string): Promise<number[]> {
  const map = await openScene(path);
  const bands = map.bands.map((_, band) => band);
  const { spectra } = await map.readSpectra({ row: 0, col: 0, rows: map.rows, cols: map.cols }, bands);
  await map.close();
  return [...spectra];
}

describe('export of given endmembers', () => {
  const folder = temporaryFolder();
  const { endmembers } = goldenOf('nnls');
  before(() => {
    writeFileSync(
      join(folder, 'four.csv'),
      csvOf(NAMES, (c, b) => endmembers[c * B + b]),
    );
    for (const method of ['nnls', 'fcls']) {
      const { pixels } = goldenOf(method);
      const scene = { rows: 1, cols: pixels.length / B, wavelengths };
      writeEnvi(folder, method, { ...scene, value: (n, b) => pixels[n * B + b] });
      succeed(['export', '--endmembers', 'four.csv', '--head', method, '-o', `${method}.onnx`], folder);
      succeed(['infer', `${method}.img`, '-m', `${method}.onnx`, '-o', `${method}.tif`], folder);
    }
  });
  const viewer = serving(() => ({ scenes: [join(folder, 'nnls.img')], models: [join(folder, 'nnls.onnx')] }));

  it('maps pixels as scipy and numpy solve them', async () => {
    const { solutions } = goldenOf('nnls');
    const nnls = await mapOf(join(folder, 'nnls.tif'));
    for (const [i, value] of nnls.entries()) {
      const start = i - (i % C);
      const sum = solutions.slice(start, start + C).reduce((a: number, b: number) => a + b);
      const expected = sum === 0 ? 1 / C : solutions[i] / sum;
      assert.ok(Math.abs(value - expected) <= 2e-4, `${i}: ${value}, expected ${expected}`);
    }
    const { abundances } = goldenOf('fcls');
    const fcls = await mapOf(join(folder, 'fcls.tif'));
    assert.equal(fcls.length, abundances.length);
    for (const [i, value] of fcls.entries()) assert.ok(Math.abs(value - abundances[i]) <= 2e-4, `${i}: ${value}`);
  });

  it('names the map and the card after the spectra, and is evaluated and served as any model', async () => {
    const map = await openScene(join(folder, 'nnls.tif'));
    assert.deepEqual(
      map.bands.map(({ name }) => name),
      NAMES,
    );
    await map.close();
    const card = succeed(['info', 'nnls.onnx'], folder).stdout;
    assert.match(card, /^endmembers +4: lawn, sand, lake, roof$/m);
    assert.match(card, /^found by +given by four\.csv$/m);
    assert.match(card, /^solved by +non-negative least squares/m);
    const args = ['evaluate', 'nnls.tif', '-r', 'nnls.tif', '--scene', 'nnls.img', '-m', 'nnls.onnx', '--json'];
    const { baseline } = JSON.parse(succeed(args, folder).stdout);
    const rmse = baseline.figures.find(({ name }: { name: string }) => name === 'RMSE').value;
    assert.ok(rmse <= 1e-4, `${rmse}`); // NNLS in double precision is what the map holds
    const listed = JSON.parse(String((await ask(viewer, '/api/list.json')).body));
    assert.equal(listed.models.length, 1);
    const item = JSON.parse(readFileSync(join(folder, 'nnls.json'), 'utf8'));
    assert.equal(item.properties['mlm:architecture'], 'NNLS');
  });

  it('runs on a GPU as on the processor', async function () {
    const gpu = requireSwiftShader(this);
    for (const method of ['nnls', 'fcls']) {
      const output = `${method}-gpu.tif`;
      const args = ['infer', `${method}.img`, '-m', `${method}.onnx`, '-o', output, '--device', 'webgpu'];
      assert.match(succeed(args, folder, gpu).stdout, /^model .*, on webgpu$/m);
      const [onGpu, expected] = await Promise.all([output, `${method}.tif`].map((map) => mapOf(join(folder, map))));
      for (const [i, value] of onGpu!.entries()) assert.ok(Math.abs(value - expected![i]!) <= 1e-4, `${i}: ${value}`);
    }
  });

  it('takes an ENVI library as well, with the same model', async () => {
    const library = await readSpectralLibrary(join(folder, 'four.csv'));
    await writeFiles(spectralLibraryFiles(join(folder, 'four.sli'), library), { overwrite: false });
    const cards = ['four.csv', 'four.sli'].map((file, i) => {
      const args = ['export', '--endmembers', file, '--head', 'fcls', '-o', `library-${i}.onnx`, '--json'];
      return JSON.parse(succeed(args, folder).stdout).card;
    });
    assert.deepEqual(cards[1].endmembers, cards[0].endmembers);
    assert.equal(cards[1].data.sha256, cards[0].data.sha256); // of what was read
    assert.equal(cards[1].data.scene, 'four.sli');
  });

  it('takes some of the spectra, in the order asked for, in some of the bands', () => {
    const args = ['--names', 'roof,sand', '--bands', '450-900', '--exclude', '600-650', '--head', 'fcls', '--json'];
    const { stdout } = succeed(['export', '--endmembers', 'four.csv', ...args, '-o', 'two.onnx'], folder);
    const { card, maxDifference, probePixels } = JSON.parse(stdout);
    assert.equal(probePixels, 1024);
    assert.ok(maxDifference > 0 && maxDifference < 1e-4, `${maxDifference}`);
    const kept = wavelengths.filter((nm) => nm <= 900 && nm !== 600 && nm !== 650);
    assert.deepEqual(
      card.bands.map(({ wavelength }: { wavelength: number }) => wavelength),
      kept,
    );
    for (const [c, name] of ['roof', 'sand'].entries()) {
      assert.equal(card.endmembers[c].name, name);
      const row = NAMES.indexOf(name) * B;
      const values = kept.map((nm) => Math.fround(endmembers[row + wavelengths.indexOf(nm)]));
      assert.deepEqual(card.endmembers[c].spectrum, values);
    }
    assert.deepEqual(card.data, { ...card.data, scene: 'four.csv', rows: 0, cols: 0, bands: B });
    assert.deepEqual([card.training.epochs, card.training.schedule, card.training.learningRate], [0, 'none', 0]);
  });

  it('resamples to the bands of a sensor that the spectra cover, and says which they do not', () => {
    const args = ['export', '--endmembers', 'four.csv', '--sensor', 'enmap', '--head', 'nnls', '-o', 'enmap.onnx'];
    const { stdout, stderr } = succeed([...args, '--json'], folder);
    assert.match(stderr, /^left out, outside of its range \(four\.csv\): \d+ bands/m);
    const { card } = JSON.parse(stdout);
    assert.equal(card.sensor, 'EnMAP');
    for (const { wavelength, fwhm } of card.bands)
      assert.ok(wavelength >= 450 && wavelength <= 1000 && fwhm > 4, `${wavelength}`);
    // Interpolated: between the two values beside each band.
    const { wavelength } = card.bands[0];
    const at = (wavelength - 450) / 50;
    const [left, right] = [endmembers[Math.floor(at)], endmembers[Math.floor(at) + 1]];
    const expected = left + (at % 1) * (right - left);
    assert.ok(Math.abs(card.endmembers[0].spectrum[0] - expected) < 1e-6);
  });

  it('leaves out bands in which a spectrum has no value, and says so; values in percent take their scale', () => {
    writeFileSync(
      join(folder, 'percent.csv'),
      csvOf(NAMES, (c, b) => (c === 1 && b === 4 ? 'NaN' : 100 * (0.05 + endmembers[c * B + b]))),
    );
    const args = ['export', '--endmembers', 'percent.csv', '--head', 'nnls', '-o', 'percent.onnx'];
    assertFails(args, folder, /percent\.csv: most of its 4 spectra of 12 bands exceed 2, .*give their scale/);
    const { stdout, stderr } = succeed([...args, '--library-scale', '0.01', '--json'], folder);
    assert.match(stderr, /^left out, without a value of every endmember: 1 of 12 bands, 5$/m);
    const { card } = JSON.parse(stdout);
    assert.equal(card.bands.length, B - 1);
    assert.ok(Math.abs(card.endmembers[0].spectrum[0] - 0.05 - endmembers[0]) < 1e-6);
  });

  it('takes a library without wavelengths for scenes without them, and no sensor for it', () => {
    const rows = wavelengths.map((_, b) => [b + 1, ...NAMES.map((_, c) => endmembers[c * B + b])].join(','));
    writeFileSync(join(folder, 'bare.csv'), `${[['band', ...NAMES].join(','), ...rows].join('\n')}\n`);
    const args = ['export', '--endmembers', 'bare.csv', '--head', 'nnls', '-o', 'bare.onnx'];
    const { card } = JSON.parse(succeed([...args, '--json'], folder).stdout);
    assert.deepEqual(card.bands[3], { wavelength: null, fwhm: null, index: 3 });
    const more = ['--overwrite'];
    assertFails([...args, ...more, '--sensor', 'enmap'], folder, /bare\.csv: has no wavelengths; add a column/);
    assertFails([...args, ...more, '--exclude', '400-500'], folder, /bare\.csv: has no wavelengths, by which bands/);
  });

  it('says what is wrong with spectra that it cannot take, and writes nothing', () => {
    const nine = Array.from({ length: 9 }, (_, i) => `m${i}`);
    writeFileSync(
      join(folder, 'nine.csv'),
      csvOf(nine, (c, b) => 0.2 + 0.1 * Math.sin(c + b * (c + 1))),
    );
    writeFileSync(
      join(folder, 'alike.csv'),
      csvOf(['a', 'b'], (_, b) => 0.2 + b / 100),
    );
    writeFileSync(
      join(folder, 'near.csv'),
      csvOf(['a', 'b', 'c'], (c, b) => 0.2 + b / 100 + 3e-6 * Math.sin(c + b * c)),
    );
    writeFileSync(
      join(folder, 'torn.csv'),
      csvOf(['a', 'b'], (c, b) => ((b + c) % 2 ? 'NaN' : 0.1 * b)),
    );
    const of = (file: string, ...more: string[]) => ['export', '--endmembers', file, '--head', 'fcls', '-o', 'no.onnx', ...more]; // biome-ignore format: one line says more
    assertFails(
      of('nine.csv'),
      folder,
      /nine\.csv: .* exactly with 2 to 8 endmembers, got 9; choose spectra by --names/,
    );
    assertFails(of('four.csv', '--names', 'sand'), folder, /exactly with 2 to 8 endmembers, got 1/);
    assertFails(of('four.csv', '--names', 'sand,pond'), folder, /four\.csv: no spectrum is called 'pond'; egunet info/);
    assertFails(of('alike.csv'), folder, /the endmembers are all alike/);
    assertFails(of('near.csv'), folder, /fcls in float32 differs from float64 by .* too much alike; take fewer/);
    assertFails(of('torn.csv'), folder, /torn\.csv: no band is left in which every endmember has a value/);
    assertFails(of('four.csv', '--exclude', '1-3000'), folder, /four\.csv: no band is left/);
    assertFails(of('four.csv', '--sensor', 'spot'), folder, /--sensor: spot is none of enmap, emit/);
    assertFails(of('missing.csv'), folder, /missing\.csv/);
    assertFails(
      ['export', '--endmembers', 'four.csv', '--head', 'fcls', '-o', 'nnls.onnx'],
      folder,
      /nnls\.onnx: .*exists/,
    );
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('no.')));
  });

  it('needs a method, and a run or spectra, not both', () => {
    const cases: [args: string[], says: RegExp][] = [
      [
        ['--endmembers', 'four.csv'],
        /--endmembers: without a run there is no network; give --head nnls or --head fcls/,
      ],
      [['run', '--endmembers', 'four.csv', '--head', 'nnls'], /--endmembers: a run has endmembers of its own/],
      [['run', '--sensor', 'enmap'], /--sensor is about given endmembers; give --endmembers with it/],
      [['run', '--names', 'a,b'], /--names is about given endmembers/],
      [['--endmembers', 'four.csv', '--head', 'nnls', '--names', 'a,a'], /--names: expected different names/],
      [['--endmembers', 'four.csv', '--head', 'nnls', '--precision', 'int8'], /--precision int8 is of the network/],
    ];
    for (const [args, says] of cases) {
      const { code, stderr } = egunet(['export', ...args, '-o', 'none.onnx'], folder);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
  });
});
