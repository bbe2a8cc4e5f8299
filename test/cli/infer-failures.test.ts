// Unmixing that something in its way ends: each time an error that says what, nothing under the map's name, and a next go that ends well.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireGdal, requireProgram, run, skipUntested, temporaryFolder } from '../support/index.js';
import { snapshot } from '../support/maps.js';
import { type SmallDisk, smallDisk } from './small-disk.js';
import { binary, egunet, mixedScene, type Outcome, succeed, writeEnvi } from './support.js';

const [ROWS, COLS] = [600, 1100]; // six tiles of the map

describe('an unmixing', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const OPTIONS = ['-m', 'model.onnx', '-o', 'map.tif', '--tile', '128', '--workers', '1'];
  const args = ['infer', 'scene.tif', ...OPTIONS];
  let whole: Buffer;

  before(function () {
    requireGdal(this);
    const small = mixedScene();
    writeEnvi(folder, 'small', small);
    succeed(['train', 'small.img', '-n', '3', '--epochs', '1', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    const value = (pixel: number, band: number) => small.value(pixel % 400, band) + 1e-3 * Math.sin(pixel * (band + 1));
    const raw = writeEnvi(folder, 'scene', { ...small, rows: ROWS, cols: COLS, value });
    run('gdal_translate', ['-q', '-co', 'COMPRESS=DEFLATE', '-co', 'TILED=YES', raw, at('scene.tif')]);
    succeed(args, folder);
    whole = readFileSync(at('map.tif'));
  });

  beforeEach(() => rmSync(at('map.tif'), { force: true }));
  afterEach(() => {
    for (const name of ['map.tif', 'map.tif.part']) rmSync(at(name), { recursive: true, force: true });
  });

  /** It failed with one line that says why. */
  function assertSays({ code, stdout, stderr }: ReturnType<typeof egunet>, says: RegExp): void {
    const last = stderr.trimEnd().split('\n').at(-1)!;
    assert.match(last, says);
    assert.match(last, /^egunet: /);
    assert.ok(!last.includes('bug in egunet'), stderr);
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(!existsSync(at('map.tif')));
  }

  describe('of a scene with a damaged tile', () => {
    const damaged = ['infer', 'damaged.tif', ...OPTIONS];

    before(() => {
      const bytes = readFileSync(at('scene.tif'));
      bytes.fill(0xff, bytes.length - 20_000, bytes.length - 10_000);
      writeFileSync(at('damaged.tif'), bytes);
    });

    it('fails, and names the tile', () => {
      for (const given of [damaged, [...damaged, '--on-error', 'fail']])
        assertSays(
          egunet(given, folder),
          /damaged\.tif: tile 14 \(deflate\) cannot be decoded: .*; the file is damaged, get it again$/,
        );
    });

    it('leaves its pixels without data where asked, and says so', () => {
      const { stdout, stderr } = succeed([...damaged, '--on-error', 'nodata'], folder);
      assert.match(
        stderr,
        /^egunet: warning: 1 damaged block of the scene, 6688 pixels, became NoData: tile 14 \(deflate\) at rows 512\.\.600, columns 1024\.\.1100; get the file again$/m,
      );
      const [all, left] = [ROWS * COLS, ROWS * COLS - 6688];
      assert.match(stdout, new RegExp(`^pixels +${left} of ${all} with data, 6688 without$`, 'm'));
      assert.match(stdout, /^damaged +6688 pixels in 1 block$/m);
      rmSync(at('map.tif'));
      const { damage, validPixels } = JSON.parse(
        succeed([...damaged, '--on-error', 'nodata', '--json'], folder).stdout,
      );
      const window = { row: 512, col: 1024, rows: 88, cols: 76 };
      assert.equal(validPixels, ROWS * COLS - 6688);
      assert.deepEqual(damage, {
        blocks: 1,
        pixels: 6688,
        list: [{ block: 'tile 14 (deflate)', window, pixels: 6688 }],
      });
    });
  });

  describe('whose disk is full', () => {
    const given = ['infer', 'scene.tif', ...OPTIONS.map((word) => word.replace('map.tif', 'disk/map.tif'))];
    let disk: SmallDisk;

    before(async function () {
      try {
        disk = await smallDisk(folder, 'disk');
      } catch (error) {
        skipUntested(this, `no small disk can be made here, by root or in a namespace: ${(error as Error).message}`);
      }
    });
    afterEach(() => disk.unmount());
    after(() => disk?.release());

    for (const [what, share] of [
      ['for a finished tile', 0.5],
      ['for the complete map, of which the tiles are kept', 1.5],
    ] as const)
      it(`${what} fails, and goes on when there is space`, () => {
        disk.mount(share * whole.length);
        assertSays(
          disk.egunet(given),
          /disk\/map\.tif(\.part)?: cannot .*: the disk is full; free some space or choose another folder$/,
        );
        assert.deepEqual(readdirSync(disk.at('.')), ['map.tif.part']);
        disk.resize(3 * whole.length);
        const { code, stdout, stderr } = disk.egunet([...given, '--json']);
        assert.equal(code, 0, stderr);
        assert.ok(JSON.parse(stdout).keptPixels > 0);
        assert.deepEqual(readdirSync(disk.at('.')), ['map.tif']);
        assert.ok(readFileSync(disk.at('map.tif')).equals(whole));
      });

    it('from the beginning fails, and leaves nothing', () => {
      disk.mount(4096);
      writeFileSync(disk.at('filler'), '');
      try {
        writeFileSync(disk.at('filler'), Buffer.alloc(4096));
      } catch {} // as much as there is
      assertSays(disk.egunet(given), /disk\/map\.tif\.part: cannot keep finished tiles in it: the disk is full; /);
      assert.ok(!existsSync(disk.at('map.tif')));
    });
  });

  /** Runs it in a process of its own, and `act` once it has finished some tiles; resolves to what it came to. */
  async function disturbed(
    given: readonly string[],
    act: (child: ChildProcess) => void,
    when = /unmixing [3-9]\d%/,
  ): Promise<Outcome> {
    const child = spawn(process.execPath, [binary, ...given, '--verbose'], { cwd: folder });
    const said = { stdout: '', stderr: '' };
    let acted = false;
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        if (acted || !when.test(said.stderr)) return;
        acted = true;
        act(child);
      });
    const [code] = await once(child, 'close');
    assert.ok(acted, said.stderr);
    // --verbose adds the stack to an error.
    return { code, stdout: said.stdout, stderr: said.stderr.replace(/\n(RasterError|InferError|Error):[\s\S]*$/, '') };
  }

  it('whose output folder is removed fails', async () => {
    mkdirSync(at('out'));
    const given = ['infer', 'scene.tif', ...OPTIONS.map((word) => word.replace('map.tif', 'out/map.tif'))];
    assertSays(
      await disturbed(given, () => rmSync(at('out'), { recursive: true })),
      /out\/map\.tif: cannot .*: there is no such file or folder; check the path$/,
    );
    assert.ok(!existsSync(at('out')));
  });

  it('whose folder of finished tiles is removed ends well all the same', async () => {
    const { code } = await disturbed(args, () => rmSync(at('map.tif.part'), { recursive: true }));
    assert.equal(code, 0);
    assert.ok(readFileSync(at('map.tif')).equals(whole));
  });

  it('into a folder that may not be written is refused before any work', () => {
    mkdirSync(at('read-only'), { mode: 0o555 });
    const given = ['infer', join(folder, 'scene.tif'), '-m', at('model.onnx'), '-o', 'read-only/map.tif'];
    // Root may write everywhere: then nobody does it.
    const who = process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
    chmodSync(folder, 0o755);
    const child = spawnSync(process.execPath, [binary, ...given], { cwd: folder, encoding: 'utf8', ...who });
    if (child.error) throw child.error;
    const { status, stdout, stderr } = child;
    assertSays(
      { code: status, stdout, stderr },
      /read-only\/map\.tif: cannot write into .*read-only: permission denied; /,
    );
    assert.deepEqual(readdirSync(at('read-only')), []);
  });

  it('of a scene that is cut off fails: before it begins, and while it runs', async () => {
    const bytes = readFileSync(at('scene.tif'));
    const given = ['infer', 'cut.tif', ...OPTIONS];
    writeFileSync(at('cut.tif'), bytes.subarray(0, Math.floor(bytes.length / 2)));
    assertSays(egunet(given, folder), /cut\.tif: .*; the file is damaged or cut off, get it again$/);
    for (const onError of ['fail', 'nodata']) {
      writeFileSync(at('cut.tif'), bytes);
      const cut = () => truncateSync(at('cut.tif'), Math.floor(bytes.length / 8));
      assertSays(
        await disturbed([...given, '--on-error', onError], cut),
        /cut\.tif: became shorter while it was read; open it again$/,
      );
      rmSync(at('map.tif.part'), { recursive: true, force: true });
    }
  });

  it('that is out of file handles in the end says so, and goes on', async function () {
    requireProgram(this, 'prlimit', 'apt-get install util-linux');
    const limit = ({ pid }: ChildProcess) => run('prlimit', [`--pid=${pid}`, '--nofile=10']);
    assertSays(
      await disturbed(args, limit),
      /map\.tif: cannot create it: too many files are open; close some, or raise/,
    );
    assert.ok(JSON.parse(succeed([...args, '--json'], folder).stdout).keptPixels > 0);
    assert.ok(readFileSync(at('map.tif')).equals(whole));
  });

  it('with few file handles from the beginning ends well, or with an error that says so, and never hangs', () => {
    let ended = 0;
    for (const most of [20, 44, 60, 100]) {
      const limited = ['-c', `ulimit -n ${most}; exec "$0" "$@"`, process.execPath, binary, ...args];
      const { status, stdout, stderr, signal } = spawnSync('bash', limited, {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(signal, null, `${most} handles: ${stderr}`);
      if (status === 0) {
        assert.ok(readFileSync(at('map.tif')).equals(whole));
        ended++;
      } else assert.ok(!existsSync(at('map.tif')), `${most} handles: ${stdout}${stderr}`);
      rmSync(at('map.tif'), { force: true });
    }
    assert.ok(ended > 0);
  });

  const killing = `import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  if (to.endsWith(process.env.KILLED_AT)) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
`;

  /** Runs it, and kills it when this file has its name. */
  function runKilledAt(file: string, command: readonly string[]): void {
    writeFileSync(at('killing.mjs'), killing);
    const program = ['--import', pathToFileURL(at('killing.mjs')).href, binary, ...command];
    const env = { ...process.env, KILLED_AT: file };
    assert.equal(spawnSync(process.execPath, program, { cwd: folder, env }).signal, 'SIGKILL');
  }

  describe('that was killed between naming its files and removing its tiles', () => {
    for (const [name, last] of [
      ['other.zarr', 'other.zarr'],
      ['other.img', 'other.img'],
      ['other.img', 'other.hdr'],
    ] as const)
      it(`ends well as ${name} too, when ${last} has its name`, () => {
        const command = args.map((word) => (word === 'map.tif' ? name : word));
        const take = () => {
          const files = new Map<string, Buffer>();
          for (const top of readdirSync(folder).filter((found) => found.startsWith('other.'))) {
            for (const [file, bytes] of snapshot(at(top))) files.set(join(top, file), bytes);
            rmSync(at(top), { recursive: true });
          }
          return files;
        };
        succeed(command, folder);
        const complete = take();
        runKilledAt(last, command);
        assert.ok(existsSync(at(last)) && existsSync(at(`${name}.part`)));
        const { keptPixels, pixels } = JSON.parse(succeed([...command, '--json'], folder).stdout);
        assert.equal(keptPixels, pixels);
        assert.deepEqual(take(), complete);
      });
  });

  describe('that was killed between naming a GeoTIFF and removing its tiles', () => {
    beforeEach(() => {
      runKilledAt('map.tif', args);
      assert.ok(readFileSync(at('map.tif')).equals(whole));
      assert.ok(existsSync(at('map.tif.part')));
    });

    it('ends well when it is asked for again, and nothing is left', () => {
      const { keptPixels, pixels } = JSON.parse(succeed([...args, '--json'], folder).stdout);
      assert.equal(keptPixels, pixels);
      assert.ok(readFileSync(at('map.tif')).equals(whole) && !existsSync(at('map.tif.part')));
    });

    it('leaves the map as it is, and nothing else, when other work asks for its name', () => {
      const { code, stderr } = egunet([...args, '--dtype', 'uint8'], folder);
      assert.equal(code, 1);
      assert.match(stderr, /map\.tif: exists already; choose another name; --overwrite replaces it\n$/);
      assert.ok(readFileSync(at('map.tif')).equals(whole) && !existsSync(at('map.tif.part')));
    });

    it('leaves the map as it is, and nothing else, also where some of the tiles are gone', () => {
      for (const name of readdirSync(at('map.tif.part')))
        if (name !== 'finished') rmSync(join(at('map.tif.part'), name));
      assert.match(egunet(args, folder).stderr, /map\.tif: exists already/);
      assert.ok(readFileSync(at('map.tif')).equals(whole) && !existsSync(at('map.tif.part')));
    });

    it('leaves the map as it is when it is another by now', () => {
      writeFileSync(at('map.tif'), 'mine');
      assert.match(egunet(args, folder).stderr, /map\.tif: exists already/);
      assert.equal(readFileSync(at('map.tif'), 'utf8'), 'mine');
    });
  });

  it('begins anew with --overwrite where finished tiles of other work are', async () => {
    await disturbed([...args, '--dtype', 'uint8'], (child) => child.kill('SIGKILL'), /unmixing [89]\d%/);
    assert.match(egunet(args, folder).stderr, /sample type was "uint8", is "float32"; .*; --overwrite replaces it\n$/);
    const { keptPixels } = JSON.parse(succeed([...args, '--overwrite', '--json'], folder).stdout);
    assert.equal(keptPixels, 0);
    assert.ok(readFileSync(at('map.tif')).equals(whole) && !existsSync(at('map.tif.part')));
  });
});
