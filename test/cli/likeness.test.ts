// Scenes that a model was not trained for are told: real EnMAP pixels as they are, and misused. Legend: B bands of the scene.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clouded, type Misuse, night, radiance, scaled, topOfAtmosphere } from '@egunet/fixtures';
import type { Likeness } from '@egunet/infer-node';
import { openScene } from '@egunet/raster/node';
import { SENSORS } from '@egunet/raster/sensors';
import { writeEnviImage } from '../support/envi.js';
import { requireData, temporaryFolder } from '../support/index.js';
import { assertFails, aTileIn, binary, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

describe('likeness of a scene to the training', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  /** What `infer` finds, and the warning where there is one. */
  function compare(scene: string, model: string, ...options: string[]): Likeness & { warning: string | undefined } {
    const args = ['infer', scene, '-m', model, '-o', 'map.tif', '--overwrite', '--json', ...options];
    const { stdout, stderr } = succeed(args, folder);
    const warning = /^egunet: warning: (.*)$/m.exec(stderr)?.[1];
    return { ...JSON.parse(stdout).likeness, warning };
  }

  describe('of land cover, on real pixels', () => {
    const MODEL = 'zoo:enmap-cover';
    let tiles: string[];
    let wavelengths: number[];
    let pixels: Float32Array;
    before(async function () {
      const images = requireData(this, 'enmap-potsdam/images');
      tiles = readdirSync(images)
        .filter((name) => name.endsWith('.tif'))
        .map((name) => join(images, name));
      const scene = await openScene(tiles[0]!);
      const used = scene.bands.flatMap(({ bad, wavelength }, b) => (bad || wavelength === undefined ? [] : [b]));
      wavelengths = used.map((b) => scene.bands[b]!.wavelength!);
      pixels = (await scene.readSpectra({ row: 0, col: 0, rows: 32, cols: 32 }, used)).spectra;
      await scene.close();
    });

    /** The tile with every value changed, as a scene of its own. */
    function changed(name: string, change: Misuse): string {
      const B = wavelengths.length;
      const data = pixels.map((value, i) => change(value, wavelengths[i % B]!, Math.floor(i / B)));
      writeEnviImage(join(folder, `${name}.hdr`), { rows: 32, cols: 32, wavelengths, data });
      return `${name}.hdr`;
    }

    /** A pixel's value in the band nearest to `nm`. */
    function seen(pixel: number, nm: number): number {
      const distance = (b: number) => Math.abs(wavelengths[b]! - nm);
      const nearest = wavelengths.reduce((best, _, b) => (distance(b) < distance(best) ? b : best), 0);
      return pixels[pixel * wavelengths.length + nearest]!;
    }

    /** nm, rising: the bands of a sensor's model. */
    const centresOf = (sensor: string) =>
      SENSORS.find(({ id }) => id === sensor)!
        .bands.filter(({ wavelength }) => wavelength > 460)
        .map(({ wavelength }) => wavelength)
        .sort((a, b) => a - b);

    /** The tile in these bands alone, changed. */
    function fewBands(name: string, centres: readonly number[], change: Misuse): string {
      const B = centres.length;
      const data = Float32Array.from({ length: 1024 * B }, (_, i) => {
        const [pixel, nm] = [Math.floor(i / B), centres[i % B]!];
        return change(seen(pixel, nm), nm, pixel);
      });
      writeEnviImage(join(folder, `${name}.hdr`), { rows: 32, cols: 32, wavelengths: [...centres], data });
      return `${name}.hdr`;
    }

    it('is found in every tile of a scene, with water or without', () => {
      for (const tile of tiles) {
        const found = compare(tile, MODEL);
        assert.equal(found.warning, undefined, tile);
        assert.ok(found.unlikeShare < 0.2 && !found.isUnlike && !found.isDark, `${tile}: ${found.unlikeShare}`);
        assert.ok(found.trainingShare > 0.01 && found.trainingShare < 0.03);
        assert.ok(found.comparedPixels > 1000);
      }
    });

    it('is missed in radiance, and in reflectance at the top of the atmosphere', () => {
      for (const [name, change] of [
        ['radiance', radiance],
        ['top', topOfAtmosphere],
      ] as const) {
        const { isUnlike, unlikeShare, warning } = compare(changed(name, change), MODEL);
        assert.ok(isUnlike && unlikeShare > 0.8, `${name}: ${unlikeShare}`);
        assert.match(
          warning!,
          /pixels compared look unlike what the model was trained on.*surface reflectance.* of EnMAP/,
        );
      }
    });

    it('is missed under clouds', () => {
      const covered = changed('cloudy', (value, nm, pixel) =>
        pixel % 32 < 24 ? clouded(0.9)(value, nm, pixel) : value,
      ); // three quarters of the tile
      const { isUnlike, unlikeShare, warning } = compare(covered, MODEL);
      assert.ok(isUnlike && unlikeShare > 0.3, `${unlikeShare}`);
      assert.match(warning!, /without clouds \(--mask cloud\)/);
    });

    it('is told of multispectral sensors, too', () => {
      for (const sensor of ['sentinel-2', 'landsat-8']) {
        const centres = centresOf(sensor);
        const model = `zoo:${sensor.replace('-', '')}-cover`;
        const found = compare(
          fewBands(sensor, centres, (value) => value),
          model,
        );
        assert.ok(!found.isUnlike && found.unlikeShare < 0.05, `${sensor}: ${found.unlikeShare}`);
        const wrong = compare(fewBands(`${sensor}-radiance`, centres, radiance), model);
        assert.ok(wrong.isUnlike && wrong.unlikeShare > 0.8, `${sensor}: ${wrong.unlikeShare}`);
        const covered = compare(fewBands(`${sensor}-cloudy`, centres, clouded(0.9)), model);
        assert.ok(covered.isUnlike, `${sensor}: ${covered.unlikeShare}`);
      }
    });

    it('is missed in a scene of few bands that was interpolated; infer itself interpolates over no gaps', () => {
      const centres = centresOf('landsat-8');
      const interpolated = changed('interpolated', (_, nm, pixel) => {
        const after = centres.findIndex((centre) => centre > nm);
        const k = Math.max(0, (after < 0 ? centres.length : after) - 1);
        const next = Math.min(centres.length - 1, k + 1);
        const t = next === k ? 0 : Math.min(1, Math.max(0, (nm - centres[k]!) / (centres[next]! - centres[k]!)));
        return (1 - t) * seen(pixel, centres[k]!) + t * seen(pixel, centres[next]!);
      });
      const { isUnlike, unlikeShare } = compare(interpolated, MODEL);
      assert.ok(isUnlike, `${unlikeShare}`);
      const ten = fewBands('ten', centresOf('sentinel-2'), (value) => value);
      const args = ['infer', ten, '-m', MODEL, '-o', 'none.tif', '--resample'];
      assertFails(args, folder, /bands lie where the scene has none to interpolate from/);
    });

    it('is found in another spectrometer’s scene that is resampled', function () {
      const emit = requireData(this, 'emit-sample/emit20250324t221005_jpl_unmix_ex.hdr');
      const { unlikeShare, isUnlike } = compare(emit, MODEL, '--resample');
      assert.ok(!isUnlike && unlikeShare < 0.05, `${unlikeShare}`);
    });

    it('is judged for each of several scenes in one map', () => {
      const place = (col: number) =>
        `map info = {UTM, 1, 1, ${300000 + 960 * col}, 5800000, 30, 30, 33, North, WGS-84}`;
      const scenes = [0, 1, 2, 3, 4].map((col) => {
        const scene = changed(`tile-${col}`, (value, nm, pixel) =>
          col < 4 ? value : 0.2 + 0.15 * Math.sin(nm * (pixel + 1)),
        );
        writeFileSync(join(folder, scene), `${readFileSync(join(folder, scene), 'utf8')}${place(col)}\n`);
        return scene;
      });
      const args = ['infer', ...scenes, '-m', MODEL, '-o', 'five.tif', '--overwrite', '--json'];
      const { stdout, stderr } = succeed(args, folder);
      const { unlikeShare, isUnlike, scenes: odd } = JSON.parse(stdout).likeness as Likeness;
      assert.ok(isUnlike && unlikeShare < 0.25, `${unlikeShare}`); // a fifth of all
      assert.deepEqual(
        odd!.map(({ name }) => name),
        ['tile-4.hdr'],
      );
      assert.ok(odd![0]!.unlikeShare > 0.95);
      assert.match(stderr, /pixels compared \(tile-4\.hdr \d+\.\d %\) look unlike/);
    });

    it('is refused, or missed, where the scale is wrong', () => {
      for (const factor of [10_000, 100]) {
        const scene = changed(`times-${factor}`, scaled(factor));
        assertFails(['infer', scene, '-m', MODEL, '-o', 'none.tif'], folder, /units that the model was trained on/);
      }
      const { isUnlike, warning } = compare(changed('triple', scaled(3)), MODEL);
      assert.ok(isUnlike, warning);
    });

    it('is missed by night', () => {
      const { isDark, isUnlike, darkShare, warning } = compare(changed('night', night), MODEL);
      assert.ok(isDark && !isUnlike && darkShare > 0.95, `${darkShare}`);
      assert.match(
        warning!,
        /darker than what the model was trained on; is the scene of the night, or of deep water alone/,
      );
    });
  });

  describe('of a model of a scene', () => {
    before(() => {
      writeEnvi(folder, 'scene', mixedScene());
      succeed(['train', 'scene.img', '-n', '3', '--epochs', '2', '-o', 'run'], folder);
      succeed(['export', 'run', '-o', 'model.onnx'], folder);
    });

    it('is found in that scene, by as many workers as there may be, in one go or two', async () => {
      const found = compare('scene.img', 'model.onnx');
      assert.deepEqual([found.comparedPixels, found.warning], [400, undefined]);
      assert.ok(Math.abs(found.unlikeShare + found.darkShare - found.trainingShare) < 1e-4, JSON.stringify(found)); // five digits
      const { value, ...small } = mixedScene();
      writeEnvi(folder, 'large', { ...small, rows: 700, cols: 400, value: (pixel, band) => value(pixel % 400, band) });
      const one = compare('large.img', 'model.onnx', '--tile', '64', '--workers', '1');
      assert.deepEqual(compare('large.img', 'model.onnx', '--tile', '64', '--workers', '2'), one);
      assert.ok(one.comparedPixels >= 10_000 && one.comparedPixels < 12_000, `${one.comparedPixels}`);
      const args = [
        'infer',
        'large.img',
        '-m',
        'model.onnx',
        '-o',
        'again.tif',
        '--tile',
        '64',
        '--workers',
        '1',
        '--json',
      ];
      const stopped = await interrupted([binary, ...args], {
        cwd: folder,
        when: aTileIn(join(folder, 'again.tif.part')),
      });
      assert.equal(stopped.code, 130);
      const { likeness } = JSON.parse(succeed(args, folder).stdout);
      assert.deepEqual({ ...likeness, warning: undefined }, one);
    });

    it('is said in words, too, and counts pixels with data alone, also where a layer smooths', () => {
      succeed(['train', 'scene.img', '-n', '3', '--epochs', '2', '--model', 'ss', '-o', 'smooth'], folder);
      succeed(['export', 'smooth', '-o', 'smooth.onnx'], folder);
      const scene = mixedScene();
      writeEnvi(folder, 'gaps', {
        ...scene,
        noData: -1,
        value: (pixel, b) => (pixel % 2 ? -1 : scene.value(pixel, b)),
      });
      const { comparedPixels } = compare('gaps.img', 'smooth.onnx');
      assert.equal(comparedPixels, 200);
      const { stdout } = succeed(['infer', 'gaps.img', '-m', 'smooth.onnx', '-o', 'map.tif', '--overwrite'], folder);
      assert.match(
        stdout,
        /^unlike training +\d+\.\d % of 200 pixels compared, and \d+\.\d % darker; of its own \d+\.\d % are either$/m,
      );
    });

    it('is missing where a model is solved exactly, or its card says nothing', () => {
      succeed(['export', 'run', '--head', 'nnls', '-o', 'exact.onnx'], folder);
      const { comparedPixels } = compare('scene.img', 'exact.onnx');
      assert.equal(comparedPixels, undefined);
    });

    it('is refused before any work where the card is damaged', () => {
      const bytes = readFileSync(join(folder, 'model.onnx'));
      bytes.write('remaindex', bytes.indexOf('remainder'));
      writeFileSync(join(folder, 'damaged.onnx'), bytes);
      const args = ['infer', 'scene.img', '-m', 'damaged.onnx', '-o', 'none.tif'];
      assertFails(
        args,
        folder,
        /model card: distribution\.remainder should be a finite number, got nothing; export the model again/,
      );
    });
  });
});
