// One model of many scenes, on the command line: which scenes are meant, what is read of them, and what is kept of it.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { createMap, openScene } from '@egunet/raster/node';
import { requireData, temporaryFolder } from '../support/index.js';
import { assertFails, binary, type EnviScene, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

/** A part of the mixed scene: rows of it, each pixel a little different. */
function part(from: number, rows: number, more: Partial<EnviScene> = {}): EnviScene {
  const { cols, value, ...rest } = mixedScene();
  return { ...rest, rows, cols, value: (pixel, band) => value(pixel + from * cols, band), ...more };
}

const manifestOf = (run: string) => JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8'));

describe('many scenes, on the command line', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const ARCHIVE = ['archive/a.img', 'archive/b.img', 'archive/more/c.img'];
  before(() => {
    mkdirSync(at('archive/more'), { recursive: true });
    writeEnvi(folder, 'archive/a', part(0, 7));
    writeEnvi(folder, 'archive/b', part(7, 6));
    writeEnvi(folder, 'archive/more/c', part(13, 7));
  });

  /** Trains a little and says what was told; the run goes to `run`. */
  const train = (args: readonly string[], run: string): string =>
    succeed(['train', ...args, '-n', '3', '--epochs', '2', '-o', run], folder).stderr;

  /** Wrong usage of `train`. */
  const misused = (args: readonly string[], says: RegExp, run = 'none'): void => {
    const { code, stderr } = egunet(['train', ...args, '-o', run], folder);
    assert.match(stderr, says);
    assert.equal(code, 2);
  };

  /** What a run's weights and data are. */
  const fingerprint = (run: string) => {
    const { state, dataDigest } = manifestOf(at(run));
    return [state.sha256, dataDigest];
  };

  it('may be named, matched by a pattern, listed in a file, or searched for in a folder, and give the same', () => {
    train(ARCHIVE, 'named');
    writeFileSync(at('list.txt'), '# all\narchive/a.hdr\narchive/b.hdr\n\narchive/more/c.hdr\n');
    const headers = ARCHIVE.map((name) => name.replace('img', 'hdr'));
    train(headers, 'headers');
    train(['--list', 'list.txt'], 'listed');
    train(['archive'], 'searched');
    train(['archive/**/*.hdr'], 'matched');
    train([headers[0]!, 'archive'], 'twice');
    for (const run of ['listed', 'searched', 'matched', 'twice'])
      assert.deepEqual(fingerprint(run), fingerprint('headers'), run);
    const { facts, request } = manifestOf(at('searched'));
    assert.deepEqual(request.scenes, headers.map(at));
    assert.deepEqual(
      facts.scenes.map((scene: { name: string; rows: number; pixels: number }) => [
        scene.name,
        scene.rows,
        scene.pixels,
      ]),
      [['a.hdr', 7, 140], ['b.hdr', 6, 120], ['c.hdr', 7, 140]], // biome-ignore format: a table
    );
    assert.ok(facts.scenes.every((scene: { files: string[] }) => scene.files.length === 2));
    assert.deepEqual(facts.scene, { name: '3 scenes', rows: 20, cols: 20, bands: 8, pixelSize: null });
    assert.equal(request.seed, 1);
  });

  it('unmix as well as the scene that they are parts of, and the model names them', async () => {
    writeEnvi(folder, 'whole', mixedScene());
    const errors = [];
    for (const [i, scenes] of ['whole.img', 'archive'].entries()) {
      succeed(['train', scenes, '-n', '3', '--brightness', 'absolute', '--epochs', '200', '-o', `parts ${i}`], folder);
      succeed(['export', `parts ${i}`, '-o', `parts-${i}.onnx`], folder);
      succeed(['infer', 'whole.img', '-m', `parts-${i}.onnx`, '-o', `parts-${i}.tif`], folder);
      errors.push(await errorOf(at(`parts-${i}.tif`)));
    }
    assert.ok(errors[1]! < 0.1 && errors[1]! < 1.3 * errors[0]! + 0.01, `${errors}`);
    const { stdout } = succeed(['info', 'parts-1.onnx'], folder);
    assert.match(stdout, /400 pixels and \d+ pseudo-endmembers of 3 scenes \(a\.hdr, b\.hdr, c\.hdr\)/);
  });

  /** RMSE of the abundances of the mixed scene, endmembers matched by the least one. */
  async function errorOf(map: string): Promise<number> {
    const scene = await openScene(map);
    const { data } = await scene.readWindow({ row: 0, col: 0, rows: 20, cols: 20 });
    await scene.close();
    const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]; // biome-ignore format: a table
    const truth = (pixel: number) => {
      const [x, y] = [(pixel % 20) / 19, Math.floor(pixel / 20) / 19];
      return [x * y, x * (1 - y), 1 - x];
    };
    const squares = orders.map((order) => {
      let sum = 0;
      for (let pixel = 0; pixel < 400; pixel++)
        for (let c = 0; c < 3; c++) sum += (data[3 * pixel + order[c]!]! - truth(pixel)[c]!) ** 2;
      return sum / 1200;
    });
    return Math.sqrt(Math.min(...squares));
  }

  it('are read once: what was read is kept beside the run, and only what changed is read again', () => {
    const scenes = ['archive/a.hdr', 'archive/b.hdr'];
    const steps = ['--verbose', '--overwrite'];
    const read = (told: string) =>
      [...told.matchAll(/reading the scenes \d+% .*? (\w+\.hdr)$/gm)].map(([, name]) => name);
    assert.deepEqual(read(train([...scenes, '--verbose'], 'kept')), ['a.hdr', 'b.hdr']);
    const before = fingerprint('kept');
    assert.deepEqual(read(train([...scenes, ...steps], 'kept')), []);
    assert.deepEqual(fingerprint('kept'), before);
    const other = train([...scenes, ...steps, '--model', 'ss'], 'kept'); // patches were not kept
    assert.deepEqual(read(other), ['a.hdr', 'b.hdr']);
    utimesSync(at('archive/b.img'), new Date(), new Date());
    assert.deepEqual(read(train([...scenes, ...steps, '--model', 'ss'], 'kept')), ['b.hdr']);
    const samples = () => readdirSync(at('kept/scenes')).filter((name) => name.startsWith('sample'));
    assert.equal(samples().length, 2);
    const damaged = join(at('kept/scenes'), samples()[0]!);
    writeFileSync(damaged, readFileSync(damaged).subarray(0, 1000));
    assert.equal(read(train([...scenes, ...steps, '--model', 'ss'], 'kept')).length, 1);
    for (const name of readdirSync(at('kept/scenes')).filter((one) => one.startsWith('facts')))
      writeFileSync(join(at('kept/scenes'), name), '{"rows": "many"}');
    assert.deepEqual(read(train([...scenes, ...steps, '--model', 'ss'], 'kept')), []);
  });

  it('stopped while they are read, go on with those that are left, and end with the same weights', async () => {
    for (const name of ['x', 'y']) writeEnvi(folder, name, { ...part(0, 600), cols: 600 });
    const args = ['train', 'x.hdr', 'y.hdr', '-n', '3', '--epochs', '2', '--max-pixels', '2000'];
    const whole = succeed([...args, '-o', 'unstopped'], folder);
    assert.equal(whole.code, 0);
    const stopped = await interrupted([binary, ...args, '-o', 'stopped'], {
      cwd: folder,
      when: () =>
        existsSync(at('stopped/scenes')) &&
        readdirSync(at('stopped/scenes')).some((name) => /^sample-[0-9a-f]{16}$/.test(name)),
    });
    assert.equal(stopped.code, 130);
    assert.match(stopped.stderr, /scenes that are read and epochs that are done are kept/);
    assert.ok(!readdirSync(at('stopped')).includes('manifest.json'));
    assertFails(
      ['train', '-o', 'stopped', '--resume'],
      folder,
      /stopped: was stopped before its training began; give the command that began it again/,
    );
    const { stderr } = succeed([...args, '-o', 'stopped', '--verbose'], folder);
    assert.ok(!/reading the scenes .* x\.hdr/.test(stderr), stderr);
    assert.deepEqual(fingerprint('stopped'), fingerprint('unstopped'));
  });

  it('are trained on again by --resume, without being read', () => {
    succeed(['train', 'archive', '-n', '3', '--epochs', '4', '-o', 'four'], folder);
    succeed(['train', 'archive', '-n', '3', '--epochs', '2', '-o', 'two'], folder);
    const path = at('two/manifest.json');
    const { settings, ...manifest } = manifestOf(at('two'));
    writeFileSync(path, JSON.stringify({ ...manifest, settings: { ...settings, epochs: 4 } }));
    const { stderr } = succeed(['train', '-o', 'two', '--resume', '--verbose'], folder);
    assert.ok(!stderr.includes('reading the scenes'), stderr);
    assert.equal(manifestOf(at('two')).epoch, 4);
    misused(['archive', '--resume'], /a resumed run knows its scenes/, 'two');
    misused(['--list', 'list.txt', '--resume'], /a resumed run knows its scenes/, 'two');
    misused(['--resume', '--mask', 'cloud'], /--mask: a resumed run keeps its settings/, 'two');
  });

  it('of different sensors are refused, as are other bands, and scenes without wavelengths among others', () => {
    const wavelengths = mixedScene().wavelengths;
    writeEnvi(folder, 'enmap', part(0, 7, { sensor: 'EnMAP' }));
    writeEnvi(folder, 'prisma', part(7, 6, { sensor: 'PRISMA' }));
    writeEnvi(folder, 'shifted', part(7, 6, { wavelengths: wavelengths.map((nm) => nm + 20) }));
    writeEnvi(folder, 'nearly', part(7, 6, { wavelengths: wavelengths.map((nm) => nm + 3), sensor: 'enmap ' }));
    const fails = (scenes: string[], says: RegExp) =>
      assertFails(['train', ...scenes, '-n', '3', '-o', 'none'], folder, says);
    fails(
      ['enmap.img', 'prisma.img'],
      /prisma\.img \(PRISMA\) and enmap\.img \(EnMAP\) do not go together: they are of different sensors; a network is trained for one sensor: name scenes of one/,
    );
    fails(['enmap.img', 'shifted.img'], /8 of 8 bands of the latter have none within half a FWHM in the former/);
    const few = wavelengths.slice(0, 4);
    writeEnvi(folder, 'few', part(7, 6, { wavelengths: few }));
    fails(['few.img', 'enmap.img'], /4 of 8 bands of the latter have none within half a FWHM in the former/);
    fails(['enmap.img', 'few.img'], /4 of 8 bands of the latter have none within half a FWHM in the former/);
    for (const [name, width] of [
      ['broad', 90],
      ['narrow', 8],
    ] as const) {
      writeEnvi(folder, name, part(0, 7));
      writeFileSync(
        at(`${name}.hdr`),
        `${readFileSync(at(`${name}.hdr`), 'utf8')}fwhm = {${wavelengths.map(() => width).join(', ')}}\n`,
      );
    }
    fails(
      ['broad.img', 'narrow.img'],
      /their bands at 450 nm are 90 and 8 nm wide; a network is trained for one sensor/,
    );
    train(['enmap.img', 'nearly.img'], 'nearly');
    assert.equal(manifestOf(at('nearly')).facts.sensor, 'EnMAP');
    copyFileSync(at('shifted.img'), at('bare.img'));
    const header = readFileSync(at('shifted.hdr'), 'utf8').replace(/^wavelength.*\n/gm, '');
    writeFileSync(at('bare.hdr'), header);
    fails(['enmap.img', 'bare.img'], /the bands of bare\.img have no wavelengths/);
    copyFileSync(at('bare.img'), at('bare2.img'));
    writeFileSync(at('bare2.hdr'), header);
    train(['bare.img', 'bare2.img'], 'bare');
    assert.equal(manifestOf(at('bare')).facts.bands.length, 8);
    writeEnvi(folder, 'seven', { ...part(0, 7), wavelengths: wavelengths.slice(1) });
    writeFileSync(at('seven.hdr'), readFileSync(at('seven.hdr'), 'utf8').replace(/^wavelength.*\n/gm, ''));
    fails(['bare.img', 'seven.img'], /they have 7 and 8 bands, without wavelengths/);
  });

  it('lose a band that one of them cannot use, and what is no scene is passed over', () => {
    const value = part(7, 6).value;
    mkdirSync(at('odd'), { recursive: true });
    writeEnvi(folder, 'odd/a', part(0, 7));
    writeEnvi(folder, 'odd/b', part(7, 6, { value: (pixel, band) => (band === 2 ? 0.25 : value(pixel, band)) }));
    writeEnvi(folder, 'odd/mask', { rows: 7, cols: 20, wavelengths: [500], value: () => 1 });
    writeFileSync(at('odd/notes.txt'), 'no scene');
    symlinkSync(at('odd'), at('odd/again'));
    symlinkSync(at('nowhere'), at('odd/nothing.tif'));
    const told = train(['odd'], 'odd-run');
    assert.match(told, /left out, of no use in b\.hdr: band 3/);
    assert.match(told, /left out: .*mask\.img: one band, a mask or a label, no scene/);
    const { facts } = manifestOf(at('odd-run'));
    assert.deepEqual([facts.bands.length, facts.scenes.length], [7, 2]);
  });

  it('are each counted once, by whatever file or link they are named, and left out where they hold nothing', () => {
    symlinkSync(at('archive/b.hdr'), at('linked.hdr'));
    writeEnvi(folder, 'gone', part(0, 7, { noData: -1, value: () => -1 }));
    const told = train(['archive/a.img', 'archive/a.hdr', 'archive/b.img', 'linked.hdr', 'gone.img'], 'once');
    assert.deepEqual(
      manifestOf(at('once')).facts.scenes.map(({ name }: { name: string }) => name),
      ['a.img', 'b.img'],
    );
    assert.match(told, /left out: gone\.img: no pixel has data in any band/);
  });

  it('are read anew where the definition of their sensor has changed', () => {
    const { wavelengths } = mixedScene();
    const define = (shift: number) =>
      writeFileSync(
        at('def.json'),
        JSON.stringify({ name: 'Def', bands: wavelengths.map((nm) => ({ wavelength: nm + shift, fwhm: 20 })) }),
      );
    for (const name of ['plain-a', 'plain-b']) {
      writeEnvi(folder, name, part(name === 'plain-a' ? 0 : 7, 7));
      const header = readFileSync(at(`${name}.hdr`), 'utf8').replace(/^wavelength.*\n/gm, '');
      writeFileSync(at(`${name}.hdr`), header);
    }
    for (const shift of [0, 30]) {
      define(shift);
      train(['plain-a.img', 'plain-b.img', '--sensor', 'def.json', '--overwrite'], 'defined');
      assert.equal(manifestOf(at('defined')).facts.bands[0].wavelength, wavelengths[0]! + shift);
    }
  });

  it('on a web server that differ in their query alone are two', async () => {
    const files = Object.fromEntries(
      await Promise.all(
        ['a', 'b'].map(async (name, i) => {
          const size = { rows: 20, cols: 20 };
          const map = await createMap(at(`web-${name}.tif`), {
            ...size,
            sampleType: 'float32',
            bands: mixedScene().wavelengths.map((wavelength) => ({ wavelength })),
          });
          const { value } = mixedScene();
          const data = Float32Array.from(
            { length: 400 * 8 },
            (_, k) => (1 - 0.3 * i) * value(Math.floor(k / 8), k % 8),
          );
          await map.writeWindow({ row: 0, col: 0, ...size }, data);
          await map.close();
          return [name, readFileSync(at(`web-${name}.tif`))] as const;
        }),
      ),
    );
    const server = createServer((request, response) => {
      const bytes = files[new URL(request.url!, 'http://x').searchParams.get('id')!]!;
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      if (from === undefined)
        response.writeHead(200, { 'content-length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes);
      else {
        const end = Math.min(to ? Number(to) : bytes.length - 1, bytes.length - 1);
        response
          .writeHead(206, { 'content-range': `bytes ${from}-${end}/${bytes.length}` })
          .end(bytes.subarray(Number(from), end + 1));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const url = (id: string) => `http://127.0.0.1:${port}/scene.tif?id=${id}`;
      const args = [binary, 'train', url('a'), url('b'), '-n', '3', '--epochs', '1', '-o', 'web'];
      const { code, stderr } = await interrupted(args, { cwd: folder });
      assert.equal(code, 0, stderr);
      assert.equal(readdirSync(at('web/scenes')).filter((name) => name.startsWith('sample')).length, 2);
    } finally {
      server.close();
    }
  });

  it('are told of where one is likely in another unit', () => {
    const value = part(7, 6).value;
    writeEnvi(folder, 'counts', part(7, 6, { value: (pixel, band) => 10_000 * value(pixel, band) }));
    const told = train(['archive/a.hdr', 'archive/b.hdr', 'counts.img'], 'counts');
    assert.match(told, /warning: counts\.img: its mean of \S+ is far from that of the others, about 0\.\d+/);
    assert.ok(!/warning: [ab]\.hdr/.test(told), told);
  });

  it('that are not there, or hold nothing, are named, and nothing is left behind', () => {
    mkdirSync(at('empty'), { recursive: true });
    const fails = (scenes: string[], says: RegExp) => assertFails(['train', ...scenes, '-o', 'none'], folder, says);
    fails(['empty'], /empty: holds no scene, nor do its folders; name scenes, or a folder with products/);
    fails(['nothing-*.tif'], /nothing-\*\.tif: no file or folder matches; check the pattern/);
    fails(['archive/a.hdr', 'gone.tif'], /gone\.tif: there is no such file or folder; check the path/);
    writeFileSync(at('torn.tif'), 'II*');
    writeFileSync(at('torn.mat'), 'MATLAB 5.0');
    fails(
      ['archive', 'torn.tif', 'torn.mat'],
      /2 of 5 scenes cannot be read: torn\.tif, torn\.mat; leave them out, or mend them, the first one: .*torn\.tif/,
    );
    writeEnvi(folder, 'flat', part(0, 7, { value: () => 0.2 }));
    fails(['archive/a.hdr', 'flat.img'], /^egunet: flat\.img: bands: none of 8 can be used \(8 constant\)/);
    fails(['archive', '--model', 'ss-paper'], /--model ss-paper is trained on the image of one scene/);
    misused(['archive', '--list', 'list.txt'], /scenes are named by --list or as arguments: give one of the two/);
    const library = ['--library', 'l.csv', '--classes', 'c.csv'];
    misused([...ARCHIVE, ...library], /a library is seen by the bands of one scene, or of a --sensor/);
    misused(['archive/a.img', '--mask', 'cloud', ...library], /--mask is about pixels of a scene that is trained on/);
  });

  describe('of EnMAP products', () => {
    const SIZE = { rows: 48, cols: 40 };
    let products: string[];
    before(async () => {
      products = [];
      mkdirSync(at('products'));
      for (const seed of [3, 4]) {
        const made = await makeEnmapProduct(at(`made ${seed}`), { seed, ...SIZE, sky: 'changing' });
        products.push(join(at('products'), made.name));
        renameSync(made.folder, products.at(-1)!); // without the true fractions, which lie beside them
      }
    });

    /** Pixels that `infer` unmixes. */
    const unmixed = (scene: string, ...options: string[]): number =>
      JSON.parse(succeed(['infer', scene, '-m', 'clear.onnx', '-o', 'clear.tif', '--overwrite', '--json', ...options], folder).stdout).validPixels; // biome-ignore format: one call

    it('are found by their metadata, and masked as infer masks them', () => {
      const told = train(['products', '--mask', 'cloud,shadow', '--bbox', '360150,5818860,361050,5819760'], 'clear');
      assert.ok(!told.includes('one band'), told); // quality layers are no scenes
      succeed(['export', 'clear', '-o', 'clear.onnx'], folder);
      const { facts, request } = manifestOf(at('clear'));
      assert.deepEqual([...request.scenes].sort(), [...products].sort());
      assert.equal(facts.sensor, 'EnMAP');
      const options = ['--mask', 'cloud,shadow', '--bbox', '360150,5818860,361050,5819760'];
      for (const [s, scene] of request.scenes.entries())
        assert.equal(facts.scenes[s].pixels, unmixed(scene, ...options), scene);
    });

    it('of which one lies beside the area, or is masked, are trained on the other', async () => {
      const [first] = products as [string];
      const beside = await makeEnmapProduct(at('beside'), { seed: 5, ...SIZE, corner: { row: 500, col: 500 } });
      const box = ['--bbox', '360150,5818860,361050,5819760'];
      const told = train([first, beside.folder, ...box], 'one-of-two');
      assert.match(told, /left out: bounding box .* covers no pixel centre of/);
      assert.equal(manifestOf(at('one-of-two')).facts.scenes.length, 1);
      const nothing = ['train', first, beside.folder, '--bbox', '0,0,10,10', '-o', 'none'];
      assertFails(nothing, folder, /none of 2 scenes has a pixel that is asked for: bounding box 0,0,10,10/);
    });

    it('of which one is trained on alone, are masked, too', async () => {
      const [first] = products as [string];
      const mask = new Uint8Array(SIZE.rows * SIZE.cols).map((_, i) => (i % SIZE.cols < 20 ? 1 : 0));
      const scene = await openScene(first);
      await scene.close();
      await writeMask(at('half.tif'), mask, scene.georeference!);
      writeFileSync(
        at('area.geojson'),
        JSON.stringify(triangle([360030, 5819970], [361170, 5819970], [361170, 5818600])),
      );
      const options = ['--mask', 'half.tif', '--aoi', 'area.geojson'];
      const told = train([first, ...options], 'half');
      assert.match(told, /left out: \d+ pixels outside the area of interest/);
      assert.match(told, /left out: \d+ masked pixels \(half\.tif \d+\)/);
      assert.equal(manifestOf(at('half')).facts.pixels, unmixed(first, ...options));
      succeed(['endmembers', first, '-n', '3', '--mask', 'cloud', '-o', 'clear-endmembers'], folder);
      const all = succeed(['endmembers', first, '-n', '3', '-o', 'all-endmembers'], folder);
      assert.equal(all.code, 0);
      assert.notEqual(readFileSync(at('clear-endmembers.csv'), 'utf8'), readFileSync(at('all-endmembers.csv'), 'utf8'));
      const cutOff = [
        'train',
        first,
        '--model',
        'ss-paper',
        '-n',
        '3',
        '--epochs',
        '1',
        '--mask',
        'half.tif',
        '-o',
        'paper',
      ];
      succeed(cutOff, folder);
    });

    /** A triangle in the products' system. */
    const triangle = (...corners: number[][]) => ({
      type: 'Polygon',
      crs: { type: 'name', properties: { name: 'EPSG:32633' } },
      coordinates: [[...corners, corners[0]]],
    });

    async function writeMask(
      path: string,
      mask: Uint8Array,
      georeference: { affine: readonly number[] },
    ): Promise<void> {
      const map = await createMap(path, {
        ...{ rows: SIZE.rows, cols: SIZE.cols, georeference: georeference as never },
        bands: [{}],
        sampleType: 'uint8',
      });
      await map.writeWindow({ row: 0, col: 0, ...SIZE }, mask);
      await map.close();
    }
  });

  it('are real tiles of EnMAP, of one sensor', function () {
    train([requireData(this, 'enmap-potsdam/images')], 'potsdam');
    const { facts } = manifestOf(at('potsdam'));
    assert.deepEqual([facts.scenes.length, facts.pixels, facts.bands.length], [12, 12_288, 218]);
  });
});
