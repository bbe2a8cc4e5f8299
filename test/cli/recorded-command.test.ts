// The command that a map says it was made by.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as infer from 'egunet/dist/commands/infer.js';
import { type Command, outlineOf } from 'egunet/dist/support/outline.js';
import { recordedCommand } from 'egunet/dist/support/recorded-command.js';
import { serveFiles } from '../support/http-server.js';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { openStore } from '../support/maps.js';
import { aTileIn, binary, interrupted, makeLargeScene, succeed } from './support.js';

const recorded = (args: Readonly<Record<string, unknown>>) =>
  recordedCommand(outlineOf(infer as unknown as Command), { scene: 's.tif', model: 'm.onnx', o: 'a.tif', ...args });

describe('the command in a map', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  const server = serveFiles(files);
  const at = (name: string) => join(folder, name);

  before(function () {
    requireGdal(this);
    makeLargeScene(folder, { rows: 1100, cols: 600 });
    const placed = ['-a_srs', 'EPSG:32632', '-a_ullr', '500000', '4100000', '518000', '4067000'];
    run('gdal_translate', ['-q', ...placed, '-co', 'TILED=YES', at('large.img'), at('scene.tif')]);
    run('gdal_translate', [
      '-q',
      '-b',
      '1',
      '-ot',
      'Byte',
      '-scale',
      '0',
      '1',
      '0',
      '9',
      at('scene.tif'),
      at('mask.tif'),
    ]);
    for (const name of ['scene.tif', 'mask.tif']) files[name] = readFileSync(at(name));
    mkdirSync(at('my maps'));
  });

  const commandIn = (path: string): string =>
    JSON.parse(run('gdalinfo', ['-json', at(path)])).metadata[''].EGUNET_COMMAND;
  const inferring = (o: string, ...more: string[]) => ['infer', 'scene.tif', '-m', 'model.onnx', '-o', o, ...more];

  it('is in every format, without what is as by default or changes nothing, and without folders', async () => {
    const expected = (o: string) =>
      `egunet infer scene.tif --model model.onnx -o ${o} --dtype uint16 --quality --bbox 501000,4068000,509000,4099000 --mask 'mask.tif>=9'`;
    const made = (o: string) => {
      const part = [
        '--bbox',
        ' 501000.0, 4068e3,509000,4099000 ',
        '--mask',
        `${folder}/mask.tif>=9`,
        '--on-error=fail',
      ];
      const aside = ['--workers', '1', '--tile', '0200', '--json', '--verbose', '--overwrite'];
      succeed(
        [
          'infer',
          at('scene.tif'),
          '--quality',
          ...aside,
          ...part,
          '--dtype',
          'uint16',
          `-o${o}`,
          '-m',
          at('model.onnx'),
        ],
        folder,
      );
    };
    for (const o of ['my maps/map.tif', 'map.zarr', 'map.img']) made(o);
    assert.equal(commandIn('my maps/map.tif'), expected('map.tif'));
    assert.equal((await openStore(at('map.zarr'))).attrs.EGUNET_COMMAND, expected('map.zarr'));
    assert.ok(readFileSync(at('map.hdr'), 'utf8').includes(`EGUNET_COMMAND=${expected('map.img')}}`));
  });

  it('is quoted for a shell, so that it does the same again', () => {
    succeed(inferring("it's $HOME.tif", '--mask', 'mask.tif==3,mask.tif<1'), folder);
    const map = readFileSync(at("it's $HOME.tif"));
    const command = commandIn("it's $HOME.tif");
    assert.equal(
      command,
      `egunet infer scene.tif --model model.onnx -o 'it'\\''s $HOME.tif' --mask 'mask.tif==3,mask.tif<1'`,
    );
    rmSync(at("it's $HOME.tif"));
    run('sh', ['-c', `cd '${folder}' && egunet() { '${process.execPath}' '${binary}' "$@"; } && ${command}`]);
    assert.ok(readFileSync(at("it's $HOME.tif")).equals(map));
  });

  it('is the same where work goes on with other threads, tiles and words, from another folder', async () => {
    succeed(inferring('map.tif', '--workers', '2', '--tile', '128'), folder);
    const whole = readFileSync(at('map.tif'));
    rmSync(at('map.tif'));
    const args = [binary, ...inferring('map.tif', '--workers', '1', '--tile', '128', '--verbose')];
    const { code, stderr } = await interrupted(args, { cwd: folder, when: aTileIn(at('map.tif.part')) });
    assert.equal(code, 130, stderr);
    const elsewhere = ['infer', '../scene.tif', '-m', '../model.onnx', '-o', '../map.tif', '--tile', '256', '--json'];
    elsewhere.push('--device', 'cpu', '--overlap', 'last'); // as they are where they are not given
    const { keptPixels } = JSON.parse(succeed(elsewhere, at('my maps')).stdout);
    assert.ok(keptPixels > 0);
    assert.ok(readFileSync(at('map.tif')).equals(whole));
  });

  it('holds nothing secret of URLs, nor does anything else in the map or beside it', async () => {
    const secret = (name: string) => `${server.url.replace('//', '//me:pass@')}${name}?signature=topsecret`;
    const args = [
      'infer',
      secret('scene.tif'),
      '-m',
      'model.onnx',
      '-o',
      'far.tif',
      '--mask',
      `${secret('mask.tif')}>=9`,
    ];
    const cut = [binary, ...args, '--verbose', '--tile', '128', '--workers', '1'];
    const { code, stderr } = await interrupted(cut, { cwd: folder, when: aTileIn(at('far.tif.part')) });
    assert.equal(code, 130, stderr);
    const work = readFileSync(at('far.tif.part/work.json'), 'latin1');
    const whole = await interrupted([binary, ...args], { cwd: folder });
    assert.equal(whole.code, 0, whole.stderr);
    assert.equal(
      commandIn('far.tif'),
      `egunet infer ${server.url}scene.tif --model model.onnx -o far.tif --mask '${server.url}mask.tif>=9'`,
    );
    assert.match(whole.stdout, /mask\.tif>=9/);
    for (const text of [work, readFileSync(at('far.tif'), 'latin1'), whole.stdout, whole.stderr, stderr])
      assert.ok(!/pass|topsecret/.test(text));
  });

  it('cannot be mistaken for options or other lines, whatever a file is called', () => {
    assert.equal(
      recorded({ scene: '/data/-x.tif', o: 'a\nb\u0007.tif' }),
      "egunet infer ./-x.tif --model m.onnx -o 'a\\nb\\u0007.tif'",
    );
  });

  it('is of bounded length', () => {
    const masks = Array.from({ length: 100 }, (_, i) => `${'cloud'.repeat(10)}-${i}.tif`);
    const command = recorded({ mask: masks });
    assert.equal(command.length, 2000);
    assert.ok(
      command.startsWith('egunet infer s.tif --model m.onnx -o a.tif --mask cloudcloud') && command.endsWith(' ...'),
    );
  });
});
