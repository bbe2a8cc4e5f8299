// A map that several processes make, each a part of it, and that is merged from these.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { snapshot } from '../support/maps.js';
import { assertFails, aTileIn, binary, egunet, interrupted, journalBytes, makeLargeScene, succeed } from './support.js';

const [ROWS, COLS] = [1100, 1300]; // nine tiles of the map
const SHARDS = 4;
/** Metres: the upper left corner. */
const [WEST, NORTH] = [400000, 5800000];

async function valuesOf(path: string) {
  const map = await openScene(path);
  const { rows, cols } = map;
  const { data } = await map.readWindow({ row: 0, col: 0, rows, cols });
  await map.close();
  return data;
}

describe('a map made in parts', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const numbers = Array.from({ length: SHARDS }, (_, s) => s + 1);
  const shardOf = (name: string, number: number, of = SHARDS) => `${name}.shard-${number}-of-${of}`;
  const infer = (name: string, ...more: string[]) => [
    ...['infer', 'large.img', '-m', 'model.onnx', '-o', name, '--workers', '1', '--tile', '200'],
    ...more,
  ];
  const shard = (name: string, number: number, ...more: string[]) =>
    infer(name, '--shard', `${number}/${SHARDS}`, ...more);

  before(function () {
    requireGdal(this);
    makeLargeScene(folder, { rows: ROWS, cols: COLS });
    appendFileSync(at('large.hdr'), `map info = {UTM, 1, 1, ${WEST}, ${NORTH}, 30, 30, 32, North, WGS-84}\n`);
  });

  afterEach(() => {
    for (const name of readdirSync(folder))
      if (/^(map|other)\./.test(name)) rmSync(at(name), { recursive: true, force: true });
  });

  /** All processes at once. */
  const together = (name: string, ...more: string[]) =>
    Promise.all(
      numbers.map(async (number) => {
        const { code, stderr } = await interrupted([binary, ...shard(name, number, ...more)], { cwd: folder });
        assert.equal(code, 0, stderr);
      }),
    );

  /** The undisturbed map, which goes away. */
  function whole(name: string, ...more: string[]): Map<string, Buffer> {
    succeed(infer(name, ...more), folder);
    return take(name);
  }

  function take(name: string): Map<string, Buffer> {
    const stem = name.replace(/\.\w+$/, '.');
    const tops = readdirSync(folder).filter((top) => top.startsWith(stem));
    const found = new Map(
      tops.flatMap((top) => [...snapshot(at(top))].map(([file, bytes]): [string, Buffer] => [join(top, file), bytes])),
    );
    for (const top of tops) rmSync(at(top), { recursive: true });
    return found;
  }

  for (const [name, ...more] of [
    ['map.tif'],
    ['map.zarr', '--dtype', 'uint16'],
    ['map.img', '--quality'],
    ['map.tif', '--bbox', `${WEST + 3000},${NORTH - 27_000},${WEST + 36_000},${NORTH - 1500}`, '--dtype', 'uint8'],
  ] as const)
    it(`is the map of one process, byte for byte: ${[name, ...more].join(' ')}`, async () => {
      const expected = whole(name, ...more);
      await together(name, ...more);
      assert.deepEqual(
        readdirSync(folder).filter((one) => one.startsWith('map.')),
        numbers.map((number) => shardOf(name, number)),
      );
      const { stdout } = succeed(['merge', name, '--json'], folder);
      const { pixels, validPixels, output } = JSON.parse(stdout);
      assert.deepEqual([validPixels, output], [pixels, name]);
      assert.equal(pixels, (more as readonly string[]).includes('--bbox') ? 1100 * 850 : ROWS * COLS);
      assert.deepEqual(take(name), expected);
    });

  it('is so of a scene with gaps and a mask, whose parts have about as many pixels with data each', async () => {
    // The left half has no data, but for a strip at the top.
    const value = (row: number, col: number) => (row < 100 || col >= COLS / 2 ? 1 : 0);
    const bytes = readFileSync(at('large.img'));
    for (let row = 0; row < ROWS; row++)
      for (let col = 0; col < COLS; col++)
        if (!value(row, col)) for (let b = 0; b < 8; b++) bytes.writeFloatLE(-1, ((row * COLS + col) * 8 + b) * 4);
    writeFileSync(at('gaps.img'), bytes);
    writeFileSync(at('gaps.hdr'), `${readFileSync(at('large.hdr'), 'utf8')}data ignore value = -1\n`);
    writeFileSync(
      at('mask.raw'),
      Uint8Array.from({ length: ROWS * COLS }, (_, i) => Number(i % COLS > 1250)),
    );
    writeFileSync(
      at('mask.hdr'),
      `ENVI\nsamples = ${COLS}\nlines = ${ROWS}\nbands = 1\nheader offset = 0\nfile type = ENVI Standard\ndata type = 1\ninterleave = bsq\nbyte order = 0\n`,
    );
    const gaps = (name: string, ...more: string[]) =>
      infer(name, '--mask', 'mask.raw', ...more).map((word) => (word === 'large.img' ? 'gaps.img' : word));
    succeed(gaps('map.tif'), folder);
    const expected = take('map.tif');
    const valid = numbers.map((number) => {
      const { stdout } = succeed(gaps('map.tif', '--shard', `${number}/${SHARDS}`, '--json'), folder);
      const result = JSON.parse(stdout);
      assert.deepEqual(result.shard, { number, of: SHARDS });
      return result.validPixels as number;
    });
    const all = valid.reduce((sum, one) => sum + one);
    assert.ok(Math.max(...valid) < all / 2, `${valid}`); // shared by area, one had two thirds of them
    const { stdout } = succeed(['merge', 'map.tif'], folder);
    assert.match(stdout, new RegExp(`^pixels +${all} of ${ROWS * COLS} with data`, 'm'));
    assert.match(stdout, /^masked +\d+ pixels: mask\.raw/m);
    assert.deepEqual(take('map.tif'), expected);
  });

  it('ends the same when parts are killed, done twice, and asked for by two at once', async () => {
    const expected = whole('map.tif');
    const journal = (number: number) => at(shardOf('map.tif', number));
    let killed = 0;
    for (let round = 0; round < 10; round++) {
      const number = 1 + (round % SHARDS);
      const bytes = journalBytes(journal(number)) + 1000 + 150_000 * (round % 3);
      const { code, signal } = await interrupted([binary, ...shard('map.tif', number)], {
        ...{ cwd: folder, by: 'SIGKILL' },
        when: () => journalBytes(journal(number)) > bytes,
      });
      if (signal === 'SIGKILL') killed++;
      else assert.equal(code, 0);
    }
    assert.ok(killed >= 4, `${killed}`);
    const twice = [1, 1, 2, 2].map((number) => interrupted([binary, ...shard('map.tif', number)], { cwd: folder }));
    for (const { code, stderr } of await Promise.all(twice))
      assert.ok(code === 0 || /is writing here; wait for it/.test(stderr), stderr);
    for (const number of numbers) succeed(shard('map.tif', number), folder);
    const { keptPixels, pixels } = JSON.parse(succeed(shard('map.tif', 2, '--json'), folder).stdout);
    assert.ok(pixels > 0 && keptPixels === pixels);
    succeed(['merge', 'map.tif'], folder);
    assert.deepEqual(take('map.tif'), expected);
  });

  it('is merged from wherever one stands, again after Ctrl-C or a kill, and part after part may go on another day', async () => {
    const expected = whole('map.tif');
    const first = await interrupted([binary, ...shard('map.tif', 1)], {
      cwd: folder,
      when: () => journalBytes(at(shardOf('map.tif', 1))) > 200,
    });
    assert.deepEqual([first.code, /map\.tif\.shard-1-of-4; the same command goes on/.test(first.stderr)], [130, true]);
    for (const number of numbers) succeed(shard('map.tif', number), folder);
    for (const by of ['SIGKILL', 'SIGINT'] as const)
      await interrupted([binary, 'merge', 'map.tif'], { cwd: folder, by, when: aTileIn(at('map.tif.part')) });
    if (!existsSync(at('map.tif'))) {
      const elsewhere = join(folder, 'run');
      succeed(['merge', relative(elsewhere, at('map.tif'))], elsewhere);
    }
    assert.deepEqual(take('map.tif'), expected);
  });

  it('is refused while parts are missing or unfinished, damaged, or of other work, and nothing is lost', async () => {
    assertFails(['merge', 'map.tif'], folder, /map\.tif: has no parts beside it \(map\.tif\.shard-1-of-16 and so on\)/);
    assertFails(['merge', 'nowhere/map.tif'], folder, /nowhere: cannot look for shards in it: there is no such/);
    for (const number of [1, 2, 4]) succeed(shard('map.tif', number), folder);
    const refused = (says: RegExp) => {
      const { code, stderr } = egunet(['merge', 'map.tif'], folder);
      assert.equal(code, 1);
      assert.match(stderr.trimEnd().split('\n').at(-1)!, says);
      assert.ok(!existsSync(at('map.tif')));
    };
    refused(/map\.tif: of 4 shards 1 is not finished: 3\/4; unmix it \(again\), then merge$/);
    succeed(shard('map.tif', 3), folder);
    // One byte of a tile.
    rmSync(at('map.tif.part'), { recursive: true });
    const journal = join(at(shardOf('map.tif', 2)), 'journal');
    const bytes = readFileSync(journal);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(journal, bytes);
    refused(/of 4 shards 1 is not finished: 2\/4;/);
    succeed(shard('map.tif', 2), folder);
    // Of another model.
    renameSync(at(shardOf('map.tif', 4)), at('kept'));
    succeed(['export', 'run', '-o', 'other-model.onnx', '--precision', 'float16', '--overwrite'], folder);
    succeed(
      [...shard('map.tif', 4), '-m', 'other-model.onnx'].filter(
        (word, i, all) => word !== 'model.onnx' && !(word === '-m' && all[i + 1] === 'model.onnx'),
      ),
      folder,
    );
    refused(/shard-4-of-4: holds finished tiles of other work: model was .*, is .*; finish that, or remove the folder/);
    rmSync(at(shardOf('map.tif', 4)), { recursive: true });
    renameSync(at('kept'), at(shardOf('map.tif', 4)));
    // Of another number of parts.
    succeed(infer('map.tif', '--shard', '1/2'), folder);
    refused(/map\.tif: has shards of 2 and of 4; delete the folders of those that are not meant$/);
    rmSync(at(shardOf('map.tif', 1, 2)), { recursive: true });
    const request = join(at(shardOf('map.tif', 1)), 'request.json');
    const text = readFileSync(request, 'utf8');
    for (const [broken, says] of [
      ['{"version": 1', /request\.json: does not say what the shard was asked for; unmix that shard again$/],
      [
        '{"version": 7, "options": {}}',
        /shard-1-of-4: request\.version should be 1, got 7: the shard was made by another version/,
      ],
    ] as const) {
      writeFileSync(request, broken);
      refused(says);
    }
    writeFileSync(request, text);
    succeed(['merge', 'map.tif'], folder);
    assertFails(['merge', 'map.tif'], folder, /has no parts beside it/);
    assertFails(shard('map.tif', 1), folder, /map\.tif: exists already; choose another name; --overwrite replaces it/);
    for (const number of numbers) succeed(shard('map.tif', number, '--overwrite'), folder);
    assertFails(['merge', 'map.tif'], folder, /map\.tif: exists already; .*--overwrite replaces it/);
    succeed(['merge', 'map.tif', '--overwrite'], folder);
  });

  it('leaves out what no part has: more parts than tiles are fine, too', () => {
    const box = ['--bbox', `${WEST},${NORTH - 3000},${WEST + 3000},${NORTH}`];
    const expected = whole('map.tif', ...box);
    const one = succeed(infer('map.tif', ...box, '--shard', '1/3'), folder).stdout;
    assert.match(one, /^shard +1 of 3 of map\.tif: 10000 of 10000 pixels with data$/m);
    assert.match(one, /^next +egunet merge map\.tif, when all 3 are finished$/m);
    assert.match(succeed(infer('map.tif', ...box, '--shard', '3/3'), folder).stdout, /: 0 of 0 pixels with data$/m);
    succeed(['merge', 'map.tif'], folder);
    assert.deepEqual(take('map.tif'), expected);
  });

  it('of several scenes, with a damaged block, is that of one process, too', () => {
    const half = COLS / 2;
    const part = (name: string, from: number) => {
      const window = ['-srcwin', `${from}`, '0', `${half}`, `${ROWS}`];
      run('gdal_translate', [
        '-q',
        '-co',
        'COMPRESS=DEFLATE',
        '-co',
        'TILED=YES',
        ...window,
        at('large.img'),
        at(name),
      ]);
      return name;
    };
    const scenes = [part('west.tif', 0), part('east.tif', half)];
    const bytes = readFileSync(at('east.tif'));
    bytes.fill(0xff, bytes.length - 20_000, bytes.length - 10_000);
    writeFileSync(at('east.tif'), bytes);
    const args = ['infer', ...scenes, '-m', 'model.onnx', '-o', 'map.tif', '--workers', '1', '--on-error', 'nodata'];
    const one = JSON.parse(succeed([...args, '--json'], folder).stdout);
    const expected = take('map.tif');
    assert.equal(one.damage.blocks, 1);
    for (const number of numbers) succeed([...args, '--shard', `${number}/${SHARDS}`], folder);
    const { damage, scenes: count, validPixels } = JSON.parse(succeed(['merge', 'map.tif', '--json'], folder).stdout);
    assert.deepEqual([damage.blocks, damage.pixels, count, validPixels], [1, one.damage.pixels, 2, one.validPixels]);
    assert.deepEqual(take('map.tif'), expected);
  });

  it('by a model that looks at neighbours has the values of one process within 1e-5', async () => {
    succeed(['train', 'scene.img', '-n', '3', '--epochs', '2', '--model', 'ss', '-o', 'smooth'], folder);
    succeed(['export', 'smooth', '-o', 'smooth.onnx'], folder);
    const smooth = (...more: string[]) =>
      infer('map.tif', ...more).map((word) => (word === 'model.onnx' ? 'smooth.onnx' : word));
    succeed(smooth(), folder);
    renameSync(at('map.tif'), at('other.tif'));
    for (const number of numbers) succeed(smooth('--shard', `${number}/${SHARDS}`), folder);
    succeed(['merge', 'map.tif'], folder);
    const [one, merged] = await Promise.all(['other.tif', 'map.tif'].map(async (name) => valuesOf(at(name))));
    assert.equal(one!.length, ROWS * COLS * 3);
    let most = 0;
    for (const [i, value] of one!.entries()) most = Math.max(most, Math.abs(value - merged![i]!));
    assert.ok(most <= 1e-5, `${most}`);
  });

  it('of a scene with a damaged block, and with a part that is too bright, is that of one process', () => {
    const packed = [
      '-q',
      '-co',
      'COMPRESS=DEFLATE',
      '-co',
      'TILED=YES',
      '-co',
      'BLOCKXSIZE=128',
      '-co',
      'BLOCKYSIZE=128',
    ];
    run('gdal_translate', [...packed, at('large.img'), at('packed.tif')]);
    const bytes = readFileSync(at('packed.tif'));
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 60_000);
    writeFileSync(at('packed.tif'), bytes);
    const bright = readFileSync(at('large.img'));
    for (let i = 0; i < 400 * COLS * 8; i++) bright.writeFloatLE(7, 4 * i);
    writeFileSync(at('bright.img'), bright);
    writeFileSync(at('bright.hdr'), readFileSync(at('large.hdr')));
    for (const [scene, ...more] of [['packed.tif', '--on-error', 'nodata'], ['bright.img']] as const) {
      const of = (...others: string[]) =>
        infer('map.tif', ...more, ...others).map((word) => (word === 'large.img' ? scene : word));
      succeed(of(), folder);
      const expected = take('map.tif');
      for (const number of numbers) succeed(of('--shard', `${number}/${SHARDS}`), folder);
      succeed(['merge', 'map.tif'], folder);
      assert.deepEqual(take('map.tif'), expected, scene);
    }
  });

  it('was complete where merging was killed as it removed the parts: the same command does that', () => {
    for (const number of numbers) succeed(shard('map.tif', number), folder);
    const kept = snapshot(at(shardOf('map.tif', 2)));
    succeed(['merge', 'map.tif'], folder);
    const map = readFileSync(at('map.tif'));
    mkdirSync(at(shardOf('map.tif', 2)));
    for (const [file, content] of kept) writeFileSync(join(at(shardOf('map.tif', 2)), file), content);
    assertFails(['merge', 'map.tif'], folder, /not finished|exists already/); // a part of another day
    writeFileSync(join(at(shardOf('map.tif', 2)), 'gathered'), '');
    rmSync(join(at(shardOf('map.tif', 2)), 'request.json'));
    assert.match(
      succeed(['merge', 'map.tif'], folder).stdout,
      /^map +map\.tif: was complete; what was left of its parts is removed$/m,
    );
    assert.ok(!existsSync(at(shardOf('map.tif', 2))));
    assert.ok(readFileSync(at('map.tif')).equals(map));
  });

  it('by a GPU is merged where there is none', () => {
    for (const number of numbers) succeed(shard('map.tif', number), folder);
    for (const number of numbers) {
      const work = join(at(shardOf('map.tif', number)), 'work.json');
      writeFileSync(work, JSON.stringify({ ...JSON.parse(readFileSync(work, 'utf8')), device: 'cuda', batch: 8192 }));
      const request = join(at(shardOf('map.tif', number)), 'request.json');
      const { options, ...rest } = JSON.parse(readFileSync(request, 'utf8'));
      writeFileSync(request, JSON.stringify({ ...rest, options: { ...options, device: 'cuda', deviceIds: [0, 1] } }));
    }
    succeed(['merge', 'map.tif'], folder);
    assert.ok(existsSync(at('map.tif')));
  });

  it('is asked for as K/N', () => {
    for (const wrong of ['0/4', '5/4', '1', '1/0', 'a/b', '1/99999', '-1/4'])
      assert.equal(egunet(infer('map.tif', `--shard=${wrong}`), folder).code, 2, wrong);
    assert.match(egunet(infer('map.tif', '--shard', '5/4'), folder).stderr, /such as 3\/16, got '5\/4'/);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('map.')));
    assert.ok(statSync(at('large.img')).size > 0);
  });
});
