// Several scenes as one map on the command line, judged by what GDAL makes of their own maps.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMap, openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertFails, binary, egunet, interrupted, journalBytes, mixedScene, succeed, writeEnvi } from './support.js';

const NO_DATA = -1;
const SIZE = 30; // metres
const [LEFT, TOP] = [360000, 5820000];

describe('several scenes, on the command line', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const small = mixedScene();

  /** Writes a GeoTIFF of mixed spectra; every seventh pixel or so has no data. */
  async function write(
    name: string,
    place: { row: number; col: number; rows: number; cols: number },
    { size = SIZE, noise = 0 } = {},
  ): Promise<string> {
    const { row, col, rows, cols } = place;
    const B = small.wavelengths.length;
    const map = await createMap(at(name), {
      rows,
      cols,
      sampleType: 'float32',
      bands: small.wavelengths.map((wavelength) => ({ wavelength, fwhm: 20 })),
      noData: NO_DATA,
      georeference: { affine: [size, 0, LEFT + SIZE * col, 0, -size, TOP - SIZE * row], epsg: 32633 },
      tile: 64,
      interleave: 'pixel',
    });
    const seed = row * 31 + col * 17;
    const value = (pixel: number, band: number) =>
      pixel % 7 === seed % 5 ? NO_DATA : small.value(pixel % 400, band) + (1e-3 + noise) * Math.sin((pixel + seed) * (band + 1)); // biome-ignore format: one choice
    const data = Float32Array.from({ length: rows * cols * B }, (_, i) => value(Math.floor(i / B), i % B));
    await map.writeWindow({ row: 0, col: 0, rows, cols }, data);
    await map.close();
    return name;
  }

  const scenes = ['a.tif', 'b.tif', 'c.tif'];
  const places = [
    { row: 0, col: 10, rows: 70, cols: 90 },
    { row: 45, col: 60, rows: 80, cols: 100 },
    { row: 60, col: 0, rows: 75, cols: 80 },
  ];
  const model = ['-m', 'model.onnx'];

  before(async function () {
    requireGdal(this);
    writeEnvi(folder, 'scene', small);
    succeed(['train', 'scene.img', '-n', '3', '--epochs', '1', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    for (const [i, name] of scenes.entries()) {
      await write(name, places[i]!, { noise: 0.01 * i });
      succeed(['infer', name, ...model, '-o', `map-${name}`, '--quality'], folder);
    }
  });

  /** Size, place and checksum of each band, as GDAL has them. */
  function gdalInfo(map: string) {
    const { size, geoTransform, bands } = JSON.parse(
      run('gdalinfo', ['-json', '-checksum', at(map)]).replaceAll(/: nan/g, ': "NaN"'),
    );
    return { size, geoTransform, checksums: bands.map(({ checksum }: { checksum: number }) => checksum) };
  }

  /** The scenes' own maps, joined by GDAL, the last one on top. */
  function joined(names: readonly string[]) {
    run('gdalbuildvrt', ['-q', '-overwrite', at('joined.vrt'), ...names.map((name) => at(`map-${name}`))]);
    run('gdal_translate', ['-q', at('joined.vrt'), at('joined.tif')]);
    return gdalInfo('joined.tif');
  }

  it('become what gdalbuildvrt makes of their maps, named one by one, by a list or by a virtual mosaic', () => {
    const expected = joined(scenes);
    assert.deepEqual(expected.geoTransform, [LEFT, SIZE, 0, TOP, 0, -SIZE]);
    const { stdout } = succeed(['infer', ...scenes, ...model, '-o', 'map.tif', '--quality'], folder);
    assert.match(stdout, /^map +map\.tif \(cog\), 135 rows x 160 columns, 3 endmembers\nscenes +3 on one grid, the last one on top\n/); // biome-ignore format: one call
    assert.deepEqual(gdalInfo('map.tif'), expected);
    mkdirSync(at('lists'));
    writeFileSync(at('lists/scenes.txt'), scenes.map((name) => `../${name}\n`).join(''));
    run('gdalbuildvrt', ['-q', at('lists/scenes.vrt'), ...scenes.map(at)]);
    for (const named of [
      ['--list', 'lists/scenes.txt'],
      ['lists/scenes.vrt', '--overlap', 'last'],
    ]) {
      succeed(['infer', ...named, ...model, '-o', 'map.tif', '--overwrite', '--tile', '33', '--workers', '2'], folder);
      assert.deepEqual(gdalInfo('map.tif'), { ...expected, checksums: expected.checksums.slice(0, 3) });
    }
    const backwards = [...scenes].reverse();
    const other = joined(backwards);
    assert.notDeepEqual(other.checksums, expected.checksums);
    succeed(['infer', ...backwards, ...model, '-o', 'map.tif', '--overwrite', '--quality'], folder);
    assert.deepEqual(gdalInfo('map.tif'), other);
  });

  it('take by quality each pixel from the scene of the least RMSE', async () => {
    succeed(['infer', ...scenes, ...model, '-o', 'best.tif', '--overlap', 'quality', '--quality'], folder);
    const read = async (name: string) => {
      const scene = await openScene(at(name));
      const { rows, cols, georeference } = scene;
      const { data } = await scene.readWindow({ row: 0, col: 0, rows, cols });
      await scene.close();
      const [, , x, , , y] = georeference!.affine;
      return { data, rows, cols, row: Math.round((TOP - y) / SIZE), col: Math.round((x - LEFT) / SIZE) };
    };
    const maps = await Promise.all(scenes.map((name) => read(`map-${name}`)));
    const best = await read('best.tif');
    const won = scenes.map(() => 0);
    for (let i = 0; i < best.rows * best.cols; i++) {
      const [r, c] = [Math.floor(i / best.cols), i % best.cols];
      let [from, least] = [-1, Number.POSITIVE_INFINITY];
      for (const [m, map] of maps.entries()) {
        const inside = r >= map.row && r < map.row + map.rows && c >= map.col && c < map.col + map.cols;
        const rmse = inside ? map.data[((r - map.row) * map.cols + c - map.col) * 5 + 3]! : Number.NaN;
        if (rmse <= least) [from, least] = [m, rmse];
      }
      if (from >= 0) won[from]!++;
      assert.ok(Object.is(best.data[i * 5 + 3], from < 0 ? Number.NaN : least), `pixel ${i}`);
    }
    assert.ok(
      won.every((pixels) => pixels > 100),
      `${won}`,
    );
  });

  it('end with the same bytes when they are killed and asked for again', async () => {
    const large = ['l1.tif', 'l2.tif'];
    await write('l1.tif', { row: 0, col: 0, rows: 500, cols: 700 });
    await write('l2.tif', { row: 350, col: 250, rows: 500, cols: 700 });
    const args = ['infer', ...large, ...model, '-o', 'killed.tif', '--tile', '100', '--workers', '2'];
    succeed(args, folder);
    const whole = readFileSync(at('killed.tif'));
    rmSync(at('killed.tif'));
    const part = at('killed.tif.part');
    let wentOn = 0;
    for (const share of [0.1, 0.4, 0.8]) {
      const when = () => journalBytes(part) >= share * whole.length;
      await interrupted([binary, ...args], { cwd: folder, when, by: 'SIGKILL' });
      if (existsSync(at('killed.tif'))) break;
      if (journalBytes(part) > 0) wentOn++;
    }
    assert.ok(wentOn >= 2, `${wentOn}`);
    if (!existsSync(at('killed.tif'))) {
      const { code, stderr } = egunet(args.map((word) => (word === 'l1.tif' ? 'l2.tif' : word === 'l2.tif' ? 'l1.tif' : word)), folder); // biome-ignore format: one call
      assert.equal(code, 1);
      assert.match(
        stderr,
        /killed\.tif\.part: holds finished tiles of other work: scene 1 was \["l1\.tif .* is \["l2\.tif/,
      );
      assert.ok(JSON.parse(succeed([...args, '--json'], folder).stdout).keptPixels > 0);
    }
    assert.ok(readFileSync(at('killed.tif')).equals(whole));
    assert.ok(!existsSync(part));
  });

  it('may be three hundred, with few file handles', async () => {
    mkdirSync(at('many'));
    const names: string[] = [];
    for (let i = 0; i < 300; i++)
      names.push(
        await write(`many/${i}.tif`, { row: 15 * Math.floor(i / 20), col: 15 * (i % 20), rows: 18, cols: 18 }),
      );
    writeFileSync(at('many.txt'), names.join('\n'));
    const args = ['infer', '--list', 'many.txt', ...model, '-o', 'many.tif', '--workers', '2'];
    const free = succeed(args, folder);
    assert.match(free.stderr, /^looking at 300 scenes$/m);
    assert.match(free.stdout, /^scenes +300 on one grid/m);
    const whole = readFileSync(at('many.tif'));
    const { EGUNET_SCENE, EGUNET_SCENES } = JSON.parse(run('gdalinfo', ['-json', at('many.tif')]).replaceAll(/: nan/g, ': "NaN"')).metadata['']; // biome-ignore format: one line
    assert.match(EGUNET_SCENE, /^0\.tif, 1\.tif, .* and \d+ more$/);
    assert.ok(EGUNET_SCENE.length < 2100 && EGUNET_SCENES === '300');
    let ended = 0;
    for (const most of [20, 44, 64]) {
      rmSync(at('many.tif'), { force: true });
      const limited = ['-c', `ulimit -n ${most}; exec "$0" "$@"`, process.execPath, binary, ...args];
      const { status, stderr, signal } = spawnSync('bash', limited, {
        cwd: folder,
        encoding: 'utf8',
        timeout: 120_000,
      });
      assert.equal(signal, null, `${most} handles: ${stderr}`);
      if (status === 0) {
        assert.ok(readFileSync(at('many.tif')).equals(whole));
        ended++;
      } else assert.ok(!existsSync(at('many.tif')), `${most} handles: ${stderr}`);
    }
    assert.ok(ended > 0);
  });

  it('that do not fit are refused in a line, with a command that makes them fit', async () => {
    await write('coarse.tif', { row: 0, col: 0, rows: 40, cols: 40 }, { size: 60 });
    assertFails(['infer', 'a.tif', 'coarse.tif', ...model, '-o', 'no.tif'], folder, /coarse\.tif: has pixels of 60 x 60, expected 30 x 30 as a\.tif; bring it there with gdalwarp /); // biome-ignore format: one call
    // Half a pixel off, first as the scene to be moved, then as the one that the others must follow.
    await write('half.tif', { row: 0.5, col: 20.5, rows: 40, cols: 40 });
    for (const [i, [first, second]] of [
      ['a.tif', 'half.tif'],
      ['half.tif', 'a.tif'],
    ].entries()) {
      const { code, stderr } = egunet(['infer', first!, second!, ...model, '-o', 'none.tif'], folder);
      assert.equal(code, 1);
      const [, options] = /bring it there with gdalwarp (.*) IN OUT$/m.exec(stderr)!;
      assert.equal(options!.includes('-tap'), i === 0);
      run('gdalwarp', ['-q', '-overwrite', ...options!.split(' '), at(second!), at('warped.tif')]);
      succeed(['infer', first!, 'warped.tif', ...model, '-o', 'fits.tif', '--resample', '--overwrite'], folder);
    }
    assertFails(['infer', 'a.tif', 'scene.img', ...model, '-o', 'no.tif'], folder, /scene\.(img|hdr): has no georeference, so it has no place beside other scenes; /); // biome-ignore format: one call
    assertFails(['infer', 'a.tif', 'none.tif', ...model, '-o', 'no.tif'], folder, /none\.tif: cannot open it: there is no such file/); // biome-ignore format: one call
    assertFails(['infer', '--list', 'none.txt', ...model, '-o', 'no.tif'], folder, /none\.txt: cannot read the list: there is no such file/); // biome-ignore format: one call
  });

  it('may have damaged blocks: what another scene has is taken from that, and it is said', () => {
    const bytes = readFileSync(at('c.tif'));
    writeFileSync(at('damaged.tif'), bytes.fill(0xff, bytes.length - 3000, bytes.length - 500));
    const given = ['infer', 'a.tif', 'damaged.tif', ...model, '-o', 'damaged-map.tif'];
    assert.match(egunet(given, folder).stderr, /damaged\.tif: tile \d+ \(deflate\) cannot be decoded/);
    const { stderr, stdout } = succeed([...given, '--on-error', 'nodata'], folder);
    assert.match(stderr, /^egunet: warning: 1 damaged block of the scenes, \d+ pixels, taken from other scenes or NoData: damaged\.tif: tile \d+ \(deflate\) at rows \d+/m); // biome-ignore format: one call
    assert.match(stdout, /^damaged +\d+ pixels in 1 block$/m);
  });

  it('are wrong usage where they are named twice, or not at all, or by another rule', () => {
    for (const [args, says] of [
      [['a.tif', '--list', 'x.txt'], /scenes are named by --list or as arguments: give one of the two/],
      [[], /infer needs SCENE \(.*\), or --list/],
      [['a.tif', 'b.tif', '--overlap', 'first'], /--overlap: expected last or quality, got 'first'/],
    ] as const) {
      const { code, stderr } = egunet(['infer', ...args, ...model, '-o', 'no.tif'], folder);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('no.tif')));
  });
});
