// Scenes in archives, as they are downloaded.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import type { EnmapScene, OpenOptions, Scene, SceneAccess } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { requireData, requireProgram, run, temporaryFolder } from '../support/index.js';
import { makeTar, makeTarGz, makeZip, type Packed } from './archive-support.js';
import { metadataXml, product, THREE } from './enmap-support.js';
import { assertRefused } from './memory.js';

const P = 'ENMAP01-____L2A-DT0000000001_20240621T101500Z_001_V010402_20240622T000000Z';

/** The files of a product, in a folder of an archive. */
const productIn = (folder: string, method = 8): Packed[] => [
  ...Object.entries(product(`${P}-`)).map(([name, bytes]) => ({ name: `${folder}${name}`, bytes, method })),
  { name: `${folder}${P}-QL_QUALITY_CLOUD.TIF`, bytes: 'cloud', method },
  { name: `${folder}${P}-QL_VNIR.TIF`, bytes: 'a picture', method },
  { name: `${folder}._${P}-METADATA.XML`, bytes: 'what macOS adds', method },
];
const delivery = (inner: Buffer): Packed[] => [
  { name: 'dims_op/', type: '5' },
  { name: 'dims_op/readme.html', bytes: 'read me' },
  { name: `dims_op/ENMAP.HSI.L2A/ENMAP-HSI-L2A/${P}.ZIP`, bytes: inner },
];

describe('a scene in an archive', () => {
  const folder = temporaryFolder();
  const cache = join(folder, 'cache');
  const before_ = process.env.EGUNET_CACHE;
  beforeEach(() => {
    process.env.EGUNET_CACHE = cache;
  });
  after(() => {
    if (before_ === undefined) delete process.env.EGUNET_CACHE;
    else process.env.EGUNET_CACHE = before_;
  });
  let made = 0;
  /** Writes an archive under a new name, of no telling ending. */
  function write(bytes: Uint8Array): string {
    const path = join(folder, `delivery-${made++}`);
    writeFileSync(path, bytes);
    return path;
  }
  const cached = () => (existsSync(cache) ? readdirSync(cache) : []);
  const open = (path: string, options: OpenOptions = {}, access: SceneAccess = {}) => openScene(path, options, access);
  const firstPixel = async (scene: Scene) => [...(await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 1 })).data];
  const assertNothingLeft = () => assert.deepEqual(cached(), []);

  /** Opens the product in an archive, reads it, and closes it. */
  async function assertProduct(bytes: Uint8Array): Promise<{ unpacked: string[]; notices: string[]; name: string }> {
    const path = write(bytes);
    const notices: string[] = [];
    const scene = (await open(path, {}, { onNotice: (line) => notices.push(line) })) as EnmapScene;
    assert.equal(scene.format, 'EnMAP L2A');
    assert.deepEqual(await firstPixel(scene), [100, 200, 300]);
    assert.deepEqual(
      scene.qualityLayers.map(({ name, path }) => [name, readFileSync(path, 'utf8')]),
      [['CLOUD', 'cloud']],
    );
    const unpacked = readdirSync(join(cache, cached()[0]!), { recursive: true }) as string[];
    await scene.close();
    assertNothingLeft();
    return {
      unpacked: unpacked.filter((name) => !name.startsWith('users')).sort(),
      notices,
      name: scene.name.replace(path, ''),
    };
  }

  const all = ['METADATA.XML', 'QL_QUALITY_CLOUD.TIF', 'SPECTRAL_IMAGE.BSQ', 'SPECTRAL_IMAGE.HDR'];
  const files = (names: readonly string[]) => names.map((name) => `files/${P}-${name}`);

  for (const [what, bytes] of [
    ['ZIP', makeZip(productIn(`${P}/`))],
    ['tar.gz', makeTarGz(productIn(`${P}/`))],
    ['tar', makeTar(productIn(`${P}/`))],
    ['ZIP without a folder', makeZip(productIn(''))],
  ] as const)
    it(`is opened from a ${what}: what it needs is unpacked, and goes with it`, async () => {
      const { unpacked, notices, name } = await assertProduct(bytes);
      assert.deepEqual(unpacked, ['contents.json', 'files', ...files(all)]);
      assert.match(notices.join('\n'), /^unpacking 4 files of delivery-\d+, 0\.0 MB$/);
      assert.match(name, new RegExp(`^/(${P}/)?${P}-SPECTRAL_IMAGE\\.BSQ$`));
    });

  it('is opened from a delivery, a tar.gz of a ZIP', async () => {
    const { unpacked, notices, name } = await assertProduct(makeTarGz(delivery(makeZip(productIn(`${P}/`)))));
    assert.deepEqual(unpacked, ['contents.json', 'files', ...files(all)]);
    assert.equal(notices.length, 2);
    assert.match(notices[0]!, new RegExp(`^unpacking ${P}\\.ZIP of delivery-\\d+, `));
    assert.match(notices[1]!, new RegExp(`^unpacking 4 files of ${P}\\.ZIP, `));
    assert.equal(name, `/dims_op/ENMAP.HSI.L2A/ENMAP-HSI-L2A/${P}.ZIP/${P}/${P}-SPECTRAL_IMAGE.BSQ`);
  });

  const small = ['METADATA.XML', 'QL_QUALITY_CLOUD.TIF', 'SPECTRAL_IMAGE.HDR'];

  it('has its image read where it lies, if a ZIP stores it unpacked', async () => {
    const { unpacked } = await assertProduct(makeZip(productIn(`${P}/`, 0)));
    assert.deepEqual(unpacked, ['contents.json', 'files', ...files(small)]);
  });

  it('has its image read where it lies in the ZIP of a tar', async () => {
    const { unpacked } = await assertProduct(makeTar(delivery(makeZip(productIn(`${P}/`, 0)))));
    assert.deepEqual(unpacked, ['contents.json', 'files', ...files(small), 'nested']);
  });

  it('is opened from what zip and tar make', async function () {
    requireProgram(this, 'zip', 'apt-get install zip');
    const at = join(folder, P);
    mkdirSync(at);
    for (const { name, bytes } of productIn('')) writeFileSync(join(at, name), bytes!);
    const zip = (...args: string[]) => run('sh', ['-c', `cd '${folder}' && zip -q -r ${args.join(' ')} '${P}'`]);
    zip('packed.zip');
    zip('-0', 'stored.zip');
    zip('-fz', 'zip64.zip');
    run('tar', ['-C', folder, '-czf', join(folder, 'packed.tgz'), P]);
    run('tar', ['-C', folder, '--format=gnu', '-cf', join(folder, 'gnu.tar'), P]);
    run('tar', ['-C', folder, '--format=pax', '-cf', join(folder, 'pax.tar'), P]);
    for (const name of ['packed.zip', 'stored.zip', 'zip64.zip', 'packed.tgz', 'gnu.tar', 'pax.tar'])
      await assertProduct(readFileSync(join(folder, name)));
  });

  const HDR = 'ENVI\nsamples = 2\nlines = 1\nbands = 1\ndata type = 1\ninterleave = bsq\n';

  it('may be any format', async () => {
    for (const method of [0, 8]) {
      const path = write(
        makeZip([
          { name: 'a/readme.txt', bytes: 'x', method },
          { name: 'a/scene.hdr', bytes: HDR, method },
          { name: 'a/scene.img', bytes: Uint8Array.of(5, 7), method },
        ]),
      );
      const scene = await open(path, { reflectanceScale: 0.5 });
      assert.deepEqual([scene.format, scene.bands[0]!.gain, ...(await firstPixel(scene))], ['ENVI', 0.5, 5]);
      await assertRefused(() => scene.readWindow({ row: 0, col: 1, rows: 1, cols: 2 }), /window/);
      await scene.close();
    }
    assertNothingLeft();
  });

  it('is not looked for in other files', async () => {
    await assertRefused(() => open(write(Buffer.from('PKunzip'))), /not a format that is read/);
    await assertRefused(() => open(write(new Uint8Array(0))), /is empty/);
    const gzipped = gzipSync(Buffer.alloc(5000, 'II*'));
    await assertRefused(() => open(write(gzipped)), /holds no tar archive; unpack it and name what is in it/);
  });

  for (const [what, entries, says] of [
    ['no scene', [{ name: 'a.txt' }], /holds no scene: neither an EnMAP METADATA\.XML nor/],
    ['nothing', [], /holds no scene/],
    [
      'several products',
      [...productIn('a/'), ...productIn('b/')],
      /holds several products \(a\/ENMAP.*, b\/ENMAP.*\); unpack it and name one/,
    ],
    [
      'several scenes',
      [{ name: 'a.tif' }, { name: 'b.tif' }],
      /holds several scenes \(a\.tif, b\.tif\); unpack it and name one/,
    ],
    ['several archives', [{ name: 'a.zip' }, { name: 'b.tar.gz' }], /holds several archives \(a\.zip, b\.tar\.gz\)/],
    [
      'seven of a kind',
      Array.from({ length: 7 }, (_, i) => ({ name: `${i}.mat` })),
      /\(0\.mat, .*, 4\.mat and 2 more\)/,
    ],
    ['no image', productIn('').filter(({ name }) => !name.includes('IMAGE')), /no SPECTRAL_IMAGE .* beside/],
    ['a header alone', [{ name: 'x/a.hdr', bytes: HDR }], /\/x\/: no data file beside a\.hdr/],
    ['two files of one name', [...productIn(''), { name: `${P}-METADATA.xml.XML` }], /holds several products/],
    ['two spellings of one name', [...productIn(''), { name: `${P}-ql_vnir.tif` }], /holds .*-ql_vnir\.tif twice/],
    ['a file outside', [{ name: '../../evil.tif' }], /(relative path: |'\.\.\/\.\.\/evil\.tif', which lies outside)/],
    [
      'a file at an absolute path',
      [{ name: '/tmp/evil.tif' }],
      /(absolute path: |'\/tmp\/evil\.tif', which lies outside)/,
    ],
    [
      'a link',
      [{ name: 'evil.tif', bytes: '/etc/passwd', mode: 0o120777, type: '2', link: '/etc/passwd' }],
      /evil\.tif is a link, not a file, in it/,
    ],
  ] as [string, Packed[], RegExp][])
    for (const [kind, make] of [
      ['ZIP', makeZip],
      ['tar', makeTar],
      ['tar.gz', makeTarGz],
    ] as const)
      it(`is refused where a ${kind} holds ${what}`, async () => {
        if (kind !== 'ZIP' && entries.length === 0) return; // an empty tar is no tar
        await assertRefused(() => open(write(make(entries))), says);
        assertNothingLeft();
      });

  for (const [what, change, says] of [
    ['is encrypted', { flags: 1 }, /SPECTRAL_IMAGE\.BSQ is encrypted; unpack it with its password/],
    ['is packed by another method', { method: 9 }, /packed by method 9, readable are DEFLATE \(8\) and none \(0\)/],
    [
      'has another checksum',
      { crc: 12345 },
      /SPECTRAL_IMAGE\.BSQ in it: cannot be unpacked: its checksum is wrong; it is damaged/,
    ],
    [
      'claims more bytes than the archive has',
      { packedSize: 1e6 },
      /claims 12 bytes packed into 1000000, which cannot be/,
    ],
    ['is longer than it says', { size: 5 }, /SPECTRAL_IMAGE\.BSQ in it: cannot be unpacked: too many bytes/],
    ['is shorter than it says', { size: 50 }, /SPECTRAL_IMAGE\.BSQ in it: cannot be unpacked: not enough bytes/],
    ['claims more than can be', { size: 2 ** 31 }, /claims 2147483648 bytes packed into \d+, which cannot be/],
  ] as [string, Partial<Packed>, RegExp][])
    it(`is refused where a file of a ZIP ${what}`, async () => {
      const entries = productIn('').map((e) => (e.name.endsWith('IMAGE.BSQ') ? { ...e, ...change } : e));
      await assertRefused(() => open(write(makeZip(entries))), says);
      assertNothingLeft();
    });

  it('is refused before anything is written where the disk has no room for it', async () => {
    const asked = mock.method(fs, 'statfs', async () => ({ bavail: 16_000, bsize: 1024 }));
    syncBuiltinESMExports();
    try {
      for (const make of [makeZip, makeTar, makeTarGz])
        await assertRefused(
          () => open(write(make(productIn('')))),
          /delivery-\d+: needs 0\.0 MB to be unpacked into .*cache, where 16 MB are free; free some, or set EGUNET_CACHE/,
        );
      assert.equal(asked.mock.callCount(), 3);
    } finally {
      asked.mock.restore();
      syncBuiltinESMExports();
    }
    assertNothingLeft();
  });

  for (const [kind, make] of [
    ['ZIP', makeZip],
    ['tar', makeTar],
    ['tar.gz', makeTarGz],
  ] as const)
    it(`is refused, or itself, wherever a ${kind} is cut off or damaged`, async () => {
      const whole = make(productIn(`${P}/`));
      for (let i = 1; i < 40; i++) {
        const cut = whole.subarray(0, Math.floor((whole.length * i) / 40));
        const path = write(cut);
        const scene = await open(path).catch((error) => error);
        if (!(scene instanceof Error))
          await scene.close(); // a tar may lack its end
        else assert.equal((scene as { _tag?: string })._tag, 'RasterError', String(scene.stack));
        const damaged = Buffer.from(whole);
        damaged[Math.floor((whole.length * i) / 40)]! ^= 0x55;
        const other = await open(write(damaged)).catch((error) => error);
        if (!(other instanceof Error)) await other.close();
        else assert.equal((other as { _tag?: string })._tag, 'RasterError', String(other.stack));
      }
      assertNothingLeft();
    });

  it('is refused where archives lie in an archive of an archive, or one that is none', async () => {
    const inner = makeZip(productIn(''));
    const middle = makeZip([{ name: 'inner.zip', bytes: inner }]);
    await assertRefused(
      () => open(write(makeZip([{ name: 'm.zip', bytes: middle }]))),
      /m\.zip: holds yet another archive, inner\.zip; unpack it/,
    );
    await assertRefused(
      () => open(write(makeZip([{ name: 'm.zip', bytes: 'text' }]))),
      /m\.zip: is neither a ZIP nor a tar archive/,
    );
    await assertRefused(
      () => open(write(makeZip([{ name: 'm.zip', bytes: makeZip([{ name: '../x.tif' }]) }]))),
      /m\.zip: cannot be unpacked: invalid relative path/,
    );
    assertNothingLeft();
  });

  it('stops being unpacked when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    for (const make of [makeZip, makeTar, makeTarGz])
      await assert.rejects(open(write(make(productIn(''))), {}, { signal }), /^Error: enough$/);
    assertNothingLeft();
  });

  it('is unpacked once for all who have it open, threads too, and stays until the last one leaves', async () => {
    const path = write(makeZip(productIn('')));
    const notices: string[] = [];
    const access = { onNotice: (line: string) => notices.push(line) };
    const first = await open(path, {}, access);
    const second = await open(path, {}, access);
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       import(workerData.module).then(async ({ openScene }) => {
         const scene = await openScene(workerData.path, {}, { onNotice: (line) => parentPort.postMessage(line) });
         const { data } = await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 1 });
         parentPort.postMessage([...data]);
         parentPort.once('message', () => scene.close().then(() => parentPort.postMessage('closed')));
       });`,
      { eval: true, workerData: { path, module: import.meta.resolve('@egunet/raster/node') } },
    );
    const said = () => new Promise((resolve) => worker.once('message', resolve));
    assert.deepEqual(await said(), [100, 200, 300]);
    assert.equal(notices.length, 1);
    assert.equal(cached().length, 1);
    const borrowed = await open(path, {}, { ...access, held: true });
    assert.deepEqual([notices.length, await firstPixel(borrowed)], [1, [100, 200, 300]]);
    await first.close();
    await borrowed.close();
    assert.deepEqual(await firstPixel(second), [100, 200, 300]);
    await second.close();
    assert.equal(cached().length, 1);
    worker.postMessage('close');
    assert.equal(await said(), 'closed');
    await worker.terminate();
    assertNothingLeft();
  });

  it('is unpacked anew when the archive is another', async () => {
    const path = write(makeZip(productIn('')));
    const first = await open(path);
    utimesSync(path, new Date(0), new Date(0));
    const second = await open(path);
    assert.equal(cached().length, 2);
    await first.close();
    await second.close();
    assertNothingLeft();
  });

  /** A process that opens an archive and is killed before it closes it. */
  function openAndDie(path: string): void {
    const script = `import { openScene } from '${import.meta.resolve('@egunet/raster/node')}';
      await openScene(process.argv[1]);
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path]);
    assert.equal(signal, 'SIGKILL');
  }

  it('leaves what a killed process had unpacked to the next one, which takes it away', async () => {
    const path = write(makeZip(productIn('')));
    openAndDie(path);
    assert.equal(cached().length, 1);
    const notices: string[] = [];
    const scene = await open(path, {}, { onNotice: (line) => notices.push(line) });
    assert.deepEqual([notices.length, await firstPixel(scene)], [0, [100, 200, 300]]);
    await scene.close();
    assertNothingLeft();
  });

  it('takes away what a killed process had unpacked of another archive', async () => {
    openAndDie(write(makeZip(productIn(''))));
    const scene = await open(write(makeTar(productIn(''))));
    assert.equal(cached().length, 1);
    await scene.close();
    assertNothingLeft();
  });

  it('takes away what killed processes have left, but nothing else', async () => {
    const others = ['precious', `${'1'.repeat(32)}.not-ours`];
    for (const name of others) mkdirSync(join(cache, name), { recursive: true });
    const dead = `${'2'.repeat(32)}.00000000-0000-0000-0000-000000000000`;
    mkdirSync(join(cache, dead, 'users'), { recursive: true });
    writeFileSync(join(cache, dead, 'users', `user,${2 ** 22 + 1},1,${hostname()},x`), '');
    const young = dead.replaceAll('2', '3');
    mkdirSync(join(cache, young, 'users'), { recursive: true });
    const elsewhere = dead.replaceAll('2', '4');
    mkdirSync(join(cache, elsewhere, 'users'), { recursive: true });
    writeFileSync(join(cache, elsewhere, 'users', 'user,1,1,elsewhere,x'), '');
    const before = cached();
    const scene = await open(write(makeZip(productIn(''))));
    await scene.close();
    assert.deepEqual(
      cached(),
      before.filter((name) => name !== dead),
    );
    for (const name of [...others, young, elsewhere]) rmSync(join(cache, name), { recursive: true });
  });

  it('refuses a cache that is no folder', async () => {
    process.env.EGUNET_CACHE = write(Buffer.from('x'));
    await assertRefused(() => open(write(makeZip(productIn('')))), /is not a folder of yours to unpack files into/);
    process.env.EGUNET_CACHE = join(write(Buffer.from('x')), 'below');
    await assertRefused(
      () => open(write(makeZip(productIn('')))),
      /cannot unpack files into it \(EGUNET_CACHE names another folder\): a part of the path is not a folder/,
    );
  });

  it('is looked for in the real files, and what is wrong with them is said', async function () {
    const zip = requireData(this, 'enmap-product/enmap_L2A_gtif_qualification.zip');
    await assertRefused(
      () => open(zip),
      /_gtif_qualification\/ENMAP01-.*-SPECTRAL_IMAGE\.TIF: is empty \(0 bytes\); fetch or unpack it again/,
    );
    const delivered = requireData(this, 'enmap-product/dims_op_oc_oc-en_701293165_1.tar.gz');
    await assertRefused(() => open(delivered), /\.ZIP\/ENMAP01-____L1C-.*-METADATA\.XML: damaged or cut short XML/);
  });

  it('needs its metadata to be of the product', async () => {
    const entries = productIn('').map((e) =>
      e.name.endsWith('.XML') ? { ...e, bytes: metadataXml(THREE, { level: 'L1C' }) } : e,
    );
    await assertRefused(() => open(write(makeZip(entries))), /an EnMAP product of level L1C/);
  });
});
