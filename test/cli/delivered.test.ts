// Scenes as they come: in archives, and on web servers. What is made of them is what is made of the unpacked files on disk.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { serveFiles } from '../support/http-server.js';
import { requireGdal, requireProgram, run, temporaryFolder } from '../support/index.js';
import { aTileIn, binary, egunet, interrupted, makeLargeScene, succeed } from './support.js';

const [ROWS, COLS] = [1100, 512]; // three tiles of the map

describe('a delivered scene', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const cache = join(folder, 'cache');
  const aTile = aTileIn(join(folder, 'map.tif.part'));
  const files: Record<string, Uint8Array> = {};
  const server = serveFiles(files);
  const outside = process.env.EGUNET_CACHE;
  let product: string;

  before(async function () {
    requireGdal(this);
    requireProgram(this, 'zip', 'apt-get install zip');
    process.env.EGUNET_CACHE = cache;
    mkdirSync(cache);
    makeLargeScene(folder, { rows: ROWS, cols: COLS });
    const options = ['-co', 'TILED=YES', '-co', 'COMPRESS=DEFLATE', '-co', 'INTERLEAVE=PIXEL', '-co', 'BLOCKXSIZE=512'];
    run('gdal_translate', [
      '-q',
      ...options,
      '-co',
      'BLOCKYSIZE=512',
      join(folder, 'large.img'),
      join(folder, 'large.tif'),
    ]);
    files['large.tif'] = readFileSync(join(folder, 'large.tif'));
    run('sh', ['-c', `cd '${folder}' && zip -q -1 large.zip large.img large.hdr && zip -q -0 stored.zip large.tif`]);
    product = (await makeEnmapProduct(folder, { rows: 64, cols: 64, seed: 3 })).folder;
    const name = basename(product);
    run('sh', ['-c', `cd '${folder}' && zip -q -r inner.ZIP '${name}' && tar -czf delivery.tar.gz inner.ZIP`]);
  });
  after(() => {
    if (outside === undefined) delete process.env.EGUNET_CACHE;
    else process.env.EGUNET_CACHE = outside;
  });

  /** Runs it beside this process, whose server it may ask. */
  const beside = (args: readonly string[]) => interrupted([binary, ...args], { cwd: folder });
  const infer = (scene: string, output: string, ...more: string[]) => {
    const settings = ['-m', 'model.onnx', '--workers', '2', '--verbose'];
    return ['infer', scene, '-o', output, ...settings, ...more];
  };
  const assertNothingUnpacked = () => assert.deepEqual(readdirSync(cache), []);

  /** A map as GDAL reads it, but for the command that made it. */
  function contentOf(map: string): unknown {
    const path = join(folder, map);
    const {
      description: _path,
      files: _files,
      metadata,
      ...rest
    } = JSON.parse(run('gdalinfo', ['-json', '-checksum', path]).replaceAll(': nan', ': "NaN"'));
    delete metadata[''].EGUNET_COMMAND;
    run('gdal_translate', ['-q', '-of', 'ENVI', path, `${path}.raw`]);
    return { ...rest, metadata, samples: readFileSync(`${path}.raw`) };
  }

  /** The map of a scene on disk, made undisturbed. */
  function mapOf(local: string): unknown {
    const map = `map-of-${local}.tif`;
    if (!existsSync(join(folder, map))) succeed(infer(local, map), folder);
    return contentOf(map);
  }

  /** The map of `scene`, which must be that of `local`, though its making was interrupted once. */
  async function assertSameMap(scene: string, local: string): Promise<void> {
    const whole = mapOf(local);
    const stopped = await interrupted([binary, ...infer(scene, 'map.tif')], { cwd: folder, when: aTile });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(stopped.stderr, /interrupted: finished tiles are kept in map\.tif\.part; the same command goes on/);
    assertNothingUnpacked();
    const finished = await beside(infer(scene, 'map.tif', '--json'));
    assert.equal(finished.code, 0, finished.stderr);
    assert.ok(JSON.parse(finished.stdout).keptPixels > 0);
    assert.deepEqual(contentOf('map.tif'), whole);
    rmSync(join(folder, 'map.tif'));
    assertNothingUnpacked();
  }

  it('in an archive gives the map of the unpacked one, also interrupted', () =>
    assertSameMap('large.zip', 'large.img'));

  it('stored in an archive too', () => assertSameMap('stored.zip', 'large.tif'));

  it('on a web server gives the map of its copy, also interrupted', async () => {
    server.etag = '"1"';
    await assertSameMap(`${server.url}large.tif?token=secret`, 'large.tif');
  });

  it('on a server that stumbles gives the same map', async () => {
    server.instead = (_, response, number) => {
      if (number % 7 === 3) return !!response.writeHead(503).end();
      if (number % 7 === 5) return !!response.destroy();
      return false;
    };
    const { code, stderr } = await beside(infer(`${server.url}large.tif`, 'map.tif'));
    assert.equal(code, 0, stderr);
    assert.deepEqual(contentOf('map.tif'), mapOf('large.tif'));
    rmSync(join(folder, 'map.tif'));
  });

  it('on a server that stumbles often is waited for as patiently as asked', async () => {
    server.instead = (_, response, number) => number > 12 && number % 3 === 0 && !!response.writeHead(503).end();
    const impatient = await beside(infer(`${server.url}large.tif`, 'map.tif', '--http-retries', '0'));
    assert.equal(impatient.code, 1);
    assert.match(
      impatient.stderr,
      /large\.\w+: the server answered 503, 1 time; try again later, or download the file/,
    );
    assert.ok(!existsSync(join(folder, 'map.tif')));
    server.asked.length = 0;
    const { code, stderr } = await beside(infer(`${server.url}large.tif`, 'map.tif', '--http-retries', '60'));
    assert.equal(code, 0, stderr);
    assert.deepEqual(contentOf('map.tif'), mapOf('large.tif'));
    rmSync(join(folder, 'map.tif'));
  });

  for (const [command, ...more] of [
    ['info'],
    ['endmembers', '-n', '3', '-o', 'far'],
    ['train', '-n', '3', '--epochs', '1', '--max-pixels', '1000', '-o', 'far-run'],
  ] as const)
    it(`is asked for by ${command} as often and as long as it is told`, async () => {
      const line = (retries: number) => [command, `${server.url}large.tif`, ...more, '--http-retries', String(retries)];
      server.instead = (_, response, number) => number <= 2 && !!response.writeHead(503).end();
      const refused = await beside(line(1));
      assert.match(refused.stderr, /large\.tif: the server answered 503, 2 times in a row; /);
      assert.deepEqual([refused.code, server.asked.length], [1, 2]);
      server.asked.length = 0;
      const { code, stderr } = await beside(line(2));
      assert.equal(code, 0, stderr);
      server.asked.length = 0;
      server.instead = () => true; // and no answer
      const silent = await beside([
        ...line(1).slice(0, -1),
        '1',
        '--http-timeout',
        '0.2',
        ...(command === 'info' ? [] : ['--overwrite']),
      ]);
      assert.match(silent.stderr, /large\.tif: no whole answer within 0\.2 s, 2 times in a row; /);
      assert.equal(silent.code, 1);
    });

  it('that changes on its server while it is unmixed is refused', async () => {
    server.instead = (_, response, number) => {
      response.setHeader('etag', number > 20 ? '"2"' : '"1"');
      return false;
    };
    const { code, stderr } = await beside(infer(`${server.url}large.tif`, 'map.tif'));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /large\.tif: changed (on the server while it was read|while it was being unmixed); start again$/m,
    );
    assert.ok(!existsSync(join(folder, 'map.tif')));
    rmSync(join(folder, 'map.tif.part'), { recursive: true, force: true });
  });

  it('that has changed on its server is not gone on with', async () => {
    server.etag = '"1"';
    await interrupted([binary, ...infer(`${server.url}large.tif`, 'map.tif')], { cwd: folder, when: aTile });
    server.etag = '"2"';
    const { code, stderr } = await beside(infer(`${server.url}large.tif`, 'map.tif'));
    assert.equal(code, 1);
    assert.match(stderr, /map\.tif\.part: holds finished tiles of other work: scene was .*"1.*is .*"2/);
    rmSync(join(folder, 'map.tif.part'), { recursive: true });
  });

  it('on a server that falls silent lets itself be interrupted', async () => {
    server.instead = (_, __, number) => number > 45; // opening, in three threads, takes some 30
    const line = [binary, ...infer(`${server.url}large.tif`, 'map.tif')];
    const running = interrupted(line, { cwd: folder, when: /unmixing \d/ });
    const { code, stderr } = await running;
    assert.equal(code, 130, stderr);
    rmSync(join(folder, 'map.tif.part'), { recursive: true, force: true });
  });

  it('is told of, and trained on, like any other', async () => {
    const { stdout, stderr } = succeed(['info', 'delivery.tar.gz'], folder);
    assert.match(
      stderr,
      /^unpacking inner\.ZIP of delivery\.tar\.gz, [\d.]+ MB\nunpacking \d+ files of inner\.ZIP, [\d.]+ MB\n$/,
    );
    assert.equal(
      stdout.replace(/^scene .*\n/, ''),
      succeed(['info', product], folder).stdout.replace(/^scene .*\n/, ''),
    );
    const train = (scene: string, o: string) => [
      'train',
      scene,
      '-n',
      '3',
      '--epochs',
      '1',
      '--max-pixels',
      '1000',
      '-o',
      o,
    ];
    succeed(train('delivery.tar.gz', 'archived'), folder);
    succeed(train(product, 'unpacked'), folder);
    const weights = (run_: string) =>
      readdirSync(join(folder, run_))
        .filter((name) => /\.(safetensors|bin|f32)$/.test(name))
        .map((name) => readFileSync(join(folder, run_, name)));
    assert.deepEqual(weights('archived'), weights('unpacked'));
    assertNothingUnpacked();
  });

  it('on a web server is told of, and trained on, without its secrets', async () => {
    const url = `${server.url.replace('//', '//me:pass@')}large.tif?token=abc`;
    const told = await beside(['info', url]);
    assert.match(told.stdout, new RegExp(`^scene +${server.url}large\\.tif\nformat +GeoTIFF\n`));
    const json = await beside(['info', url, '--json']);
    const trained = await beside(['train', url, '-n', '3', '--epochs', '1', '--max-pixels', '1000', '-o', 'remote']);
    assert.equal(trained.code, 0, trained.stderr);
    assert.match(
      trained.stderr,
      /note: remote\/manifest\.json keeps the whole URL, with what is secret in it, for --resume/,
    );
    const exported = succeed(['export', 'remote', '-o', 'remote.onnx'], folder);
    const card = succeed(['info', 'remote.onnx', '--json'], folder).stdout;
    assert.equal(JSON.parse(card)[0].card.data.scene, 'large.tif');
    for (const { stdout, stderr } of [told, json, trained, exported, { stdout: card, stderr: '' }])
      assert.ok(!/pass|abc/.test(stdout + stderr), stdout + stderr);
    const missing = await beside(['infer', url.replace('large', 'missing'), '-m', 'model.onnx', '-o', 'map.tif']);
    assert.equal(
      missing.stderr,
      `egunet: ${server.url}missing.tif: there is no such file on the server (404); check the URL\n`,
    );
  });

  it('that cannot be unpacked is refused in one line', () => {
    writeFileSync(join(folder, 'cut.zip'), readFileSync(join(folder, 'large.zip')).subarray(0, 1e6));
    const { code, stderr } = egunet(['info', 'cut.zip'], folder);
    assert.equal(code, 1);
    assert.match(stderr, /^egunet: cut\.zip: cannot be unpacked: .*; it is damaged or cut off, get it again\n$/);
  });
});
