// Scenes as a browser opens them: files that were chosen, URLs, its own compression. Node has the same File, fetch and compression streams.
import assert from 'node:assert/strict';
import { openAsBlob, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { createGeoTiff, openGeoTiff, type Scene } from '@egunet/raster';
import { createMapFile, nodeCodecs } from '@egunet/raster/node';
import { openWebScene, type WebFile, webCodecs } from '@egunet/raster/web';
import fc from 'fast-check';
import { serveFiles } from '../support/http-server.js';
import { requireGdal, temporaryFolder } from '../support/index.js';
import { HDR, metadataXml, PIXELS, product, THREE } from './enmap-support.js';
import { HEADER, headerText, smallData } from './envi-support.js';
import { assertSameBits, bytesOf, noise, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused, memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';

const size = { rows: 70, cols: 90, bands: 3 };
const values = noise(size.rows * size.cols * size.bands);
const whole = { row: 0, col: 0, rows: size.rows, cols: size.cols };

/** A GeoTIFF, compressed as a browser does. */
async function geoTiff(): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  const bands = Array.from({ length: size.bands }, (_, i) => ({ name: `b${i}`, wavelength: 500 + i }));
  const writer = createGeoTiff(sink, { ...size, bands, tile: 32, sampleType: 'int16' });
  await writer.writeWindow(whole, values);
  await writer.close();
  return Uint8Array.from(sink.bytes());
}

const file = (name: string, content: string | Uint8Array): WebFile =>
  new File([typeof content === 'string' ? content : Uint8Array.from(content)], name);
const files = (contents: Readonly<Record<string, string | Uint8Array>>): WebFile[] =>
  Object.entries(contents).map(([name, content]) => file(name, content));

async function readAll(scene: Scene) {
  const { data } = await scene.readWindow({ row: 0, col: 0, rows: scene.rows, cols: scene.cols });
  await scene.close();
  return data;
}

describe("The browser's decompression", () => {
  it('is that of zlib', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.nat(60), async (some, times) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => some));
        assert.deepEqual(Buffer.from(await webCodecs.inflate(deflateSync(bytes), bytes.length)), bytes);
        assert.deepEqual(Buffer.from(await webCodecs.gunzip!(gzipSync(bytes), bytes.length + 5)), bytes);
      }),
      { numRuns: 50, seed: 3 },
    ));

  it('takes what stands behind the end of a zlib stream, as zlib does', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 5000 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        async (some, times, behind) => {
          const bytes = Buffer.concat(Array.from({ length: times }, () => some));
          const packed = Buffer.concat([deflateSync(bytes), behind]);
          assert.deepEqual(Buffer.from(await webCodecs.inflate(packed, bytes.length)), bytes);
          await assert.rejects(async () => webCodecs.inflate(packed, bytes.length - 1), /holds more than/);
        },
      ),
      { numRuns: 20, seed: 5 },
    ));

  it('stops at the limit, a piece of the input later at most', async () => {
    const bomb = deflateSync(Buffer.alloc(2 ** 28)); // 256 KiB
    const before = process.memoryUsage.rss();
    await assert.rejects(async () => webCodecs.inflate(bomb, 1000), /holds more than 1000 bytes/);
    assert.ok(process.memoryUsage.rss() - before < 2 ** 27);
    await assert.rejects(async () => webCodecs.gunzip!(gzipSync('abc'), 2), /more than 2 bytes/);
  });

  it('refuses what is damaged, cut off or empty', async () => {
    const packed = deflateSync(bytesOf(values));
    const wrong = Buffer.from(packed);
    wrong[wrong.length - 1]! ^= 1;
    for (const bytes of [wrong, packed.subarray(0, -9), Buffer.from('hello'), new Uint8Array(0)])
      await assert.rejects(async () => webCodecs.inflate(bytes, 2 ** 20));
  });
});

describe('Files chosen in a browser', () => {
  const folder = temporaryFolder();

  it('are a GeoTIFF, with what Node reads of it', async () => {
    const bytes = await geoTiff();
    const scene = await openWebScene([file('a.tif', bytes)]);
    assert.deepEqual([scene.name, scene.format, scene.bands[1]!.wavelength], ['a.tif', 'GeoTIFF', 501]);
    const { spectra } = await scene.readSpectra(whole);
    const theirs = await openGeoTiff(memorySource(bytes), nodeCodecs);
    assert.deepEqual(spectra, (await theirs.readSpectra(whole)).spectra);
    let count = 0;
    for await (const pack of scene.streamSpectra(whole, [0, 2], 100)) count += pack.count;
    assert.equal(count, size.rows * size.cols);
    assertSameBits(await readAll(scene), values);
  });

  for (const compression of ['LZW', 'ZSTD', 'NONE'])
    it(`are a GeoTIFF of GDAL (${compression})`, async function () {
      requireGdal(this);
      const raw = writeEnvi(join(folder, 'raw'), values, { type: 'int16', size });
      const path = translate(raw, join(folder, 'b.tif'), `-of GTiff -co COMPRESS=${compression}`);
      const blob = await openAsBlob(path);
      assertSameBits(await readAll(await openWebScene([new File([blob], 'b.tif')])), values);
    });

  it('are an ENVI image with its header, in any order, among other files', async () => {
    const pair = files({ 'a.img': smallData, 'a.hdr': headerText(HEADER), 'notes.txt': 'sunny', 'empty.log': '' });
    for (const chosen of [pair, [...pair].reverse()]) {
      const scene = await openWebScene(chosen, { reflectanceScale: 0.01 });
      assert.deepEqual([scene.format, scene.bands[0]!.gain], ['ENVI', 0.01]);
      assert.deepEqual([...(await readAll(scene))].slice(0, 4), [0, 100, 1, 101]);
    }
  });

  it('are a GeoTIFF with what lies beside it', async () => {
    const bytes = await geoTiff();
    const beside = { 'a.tif': bytes, 'a.tif.ovr': bytes, 'a.tif.aux.xml': '<PAMDataset/>', 'a.hdr': 'ENVI\n' };
    assert.equal((await openWebScene(files(beside))).name, 'a.tif');
  });

  it('are an EnMAP product, with its quality layers; or one of DESIS by its header', async () => {
    const layer = { 'X-QL_QUALITY_CLOUD.BSQ': PIXELS, 'X-QL_QUALITY_CLOUD.HDR': HDR };
    const scene = await openWebScene(files({ ...product('X-'), ...layer, 'X-HISTORY.TXT': '' }));
    assert.equal(scene.format, 'EnMAP L2A');
    const [cloud] = scene.qualityLayers!;
    assert.deepEqual([cloud!.name, (await cloud!.open()).cols], ['CLOUD', 2]);
    assert.deepEqual([...(await readAll(scene))].slice(0, 3), [100, 200, 300]);
    const header = headerText({ bands: 3, wavelength: '{500, 600, 700}', 'wavelength units': 'Nanometers' });
    const name = 'DESIS-HSI-L2A-DT0123-SPECTRAL_IMAGE';
    const desis = await openWebScene(files({ [`${name}.tif`]: await geoTiff(), [`${name}.hdr`]: header }));
    assert.deepEqual([desis.format, desis.bands[2]!.wavelength], ['DESIS L2A', 700]);
  });

  it('are refused where they are no scene, several, or lack one', async () => {
    const tif = await geoTiff();
    const xml = metadataXml(THREE);
    for (const [chosen, says] of [
      [{}, /^the files: are none; choose/],
      [{ 'a.tif': '' }, /^a\.tif: is empty \(0 bytes\)/],
      [{ 'a.png': '\x89PNG\r\n' }, /^a\.png: not a format that is read; readable are GeoTIFF/],
      [{ 'a.png': '\x89PNG\r\n', 'b.txt': 'b' }, /^the files: not a format that is read/],
      [{ 'a.tif': tif, 'b.tif': tif }, /^the files: are several scenes \(a\.tif, b\.tif\); choose one/],
      [{ 'a.tif': tif.subarray(0, 5000) }, /^a\.tif: .*cut off/],
      [{ 'a.tif': 'II*\0\xff\xff\xff\x7f' }, /^a\.tif: the image directory should lie at .* damaged or cut off/],
      [{ 'a.hdr': headerText(HEADER) }, /^a\.hdr: no data file beside a\.hdr: expected a or a\.img/],
      [{ 'a.img': smallData }, /^a\.img: not a format that is read; .*ENVI \(\.hdr beside the data\)/],
      [{ 'a.img': smallData, 'a.hdr': headerText({ ...HEADER, lines: 9 }) }, /^a\.img: 24 bytes, but its header wants/],
      [{ 'X-METADATA.XML': xml, 'X.txt': '' }, /no SPECTRAL_IMAGE .* beside X-METADATA\.XML/],
      [{ 'X-METADATA.XML': xml, 'Y-METADATA.XML': xml }, /holds several EnMAP products/],
      [{ 'X-SPECTRAL_IMAGE.TIF': tif, 'X.txt': '' }, /no METADATA\.XML beside X-SPECTRAL_IMAGE\.TIF/],
      [{ 'a.nc': Buffer.from('\x89HDF\r\n\x1a\n and more', 'latin1') }, /^a\.nc: an HDF5 file .* in the browser yet/],
      [{ 'a.zip': 'PK\x03\x04 and more' }, /^a\.zip: an archive .* unpack it/],
      [{ 'a.mat': 'MATLAB 5.0 MAT-file, of nothing' }, /^a\.mat: /],
    ] as const)
      await assertRefused(() => openWebScene(files(chosen)), says);
    await assertRefused(
      () => openWebScene([file('a.tif', tif), file('a.tif', tif)]),
      /^the files: some have the same name; choose the files of one scene/,
    );
    await assertRefused(() => openWebScene([file('a.tif', tif)], { rows: 3 }), /'rows' is for MATLAB v5 files/);
  });

  it('are refused when they change or vanish meanwhile', async () => {
    const path = join(folder, 'changing.tif');
    const bytes = await geoTiff();
    writeFileSync(path, bytes);
    const scene = await openWebScene([new File([await openAsBlob(path)], 'changing.tif')]);
    writeFileSync(path, bytes.subarray(0, 9000));
    await assertRefused(
      () => scene.readWindow(whole),
      /^changing\.tif: can no longer be read: it was changed, moved or deleted meanwhile; choose it again$/,
    );
    const short: WebFile = { name: 'short.tif', size: 500, slice: () => new Blob(['II*']) };
    await assertRefused(() => openWebScene([short]), /^short\.tif: can no longer be read/);
  });
});

describe('A URL in a browser', () => {
  const folder = temporaryFolder();
  const served: Record<string, Uint8Array> = { 'pair.img': smallData, 'pair.hdr': Buffer.from(headerText(HEADER)) };
  const server = serveFiles(served);
  const scope = globalThis as { location?: { href: string; origin: string } | undefined };
  const quick = { pause: 0.001, retries: 1 };

  before(async () => {
    served['data/scene.tif'] = await geoTiff();
  });
  afterEach(() => {
    delete scope.location;
  });

  it('may be relative to the page, and to the origin of a worker made of a blob', async () => {
    scope.location = { href: `${server.url}data/index.html?x=1#y`, origin: server.url.slice(0, -1) };
    assertSameBits(await readAll(await openWebScene('scene.tif')), values);
    assert.equal((await openWebScene('../pair.img')).format, 'ENVI');
    scope.location = { href: `blob:${server.url}0-1-2`, origin: server.url.slice(0, -1) };
    assert.equal((await openWebScene('/data/scene.tif')).name, `${server.url}data/scene.tif`);
  });

  it('takes one request to open where what is to be known lies in the first 64 KiB', async () => {
    await (await openWebScene(`${server.url}data/scene.tif`)).close();
    assert.equal(server.asked.length, 1);
  });

  it('is read past the cache, where parts of an older file may be', async () => {
    const cache: (string | undefined)[] = [];
    server.instead = ({ headers }) => {
      cache.push(headers['cache-control']);
      return false;
    };
    await readAll(await openWebScene(`${server.url}data/scene.tif`));
    assert.deepEqual(cache, ['no-cache']);
  });

  it('is refused where it is none, or not of HTTP(S)', async () => {
    await assertRefused(() => openWebScene('scene.tif'), /^scene\.tif: is not a URL; write https/);
    for (const url of ['file:///a.tif', 'blob:http://host/1', 'data:,a'])
      await assertRefused(() => openWebScene(url), /: is not reached by http\(s\); .*choose the file/);
    await assertRefused(() => openWebScene(`${server.url}none.tif`), /none\.tif: there is no such file/);
  });

  it('says what a server of another origin must allow, and nothing of that where it is the own one', async () => {
    const closed = 'http://127.0.0.1:1/a.tif';
    const message = /connection failed .*; check the URL and the network; .*\(CORS: Access-Control-Allow-Origin/;
    await assertRefused(() => openWebScene(closed, {}, quick), message);
    scope.location = { href: 'http://127.0.0.1:1/', origin: 'http://127.0.0.1:1' };
    await assertRefused(() => openWebScene(closed, {}, quick), /check the URL and the network$/);
    server.instead = ({ method }, response) => {
      response.writeHead(method === 'HEAD' ? 405 : 206).end('II*');
      return true;
    };
    const hidden = /answered with no Content-Range; .*Access-Control-Expose-Headers: Content-Range/;
    await assertRefused(() => openWebScene(`${server.url}data/scene.tif`, {}, quick), hidden);
  });

  it('is read from a server of another origin that keeps Content-Range from the page', async () => {
    const methods = new Set<string>();
    server.instead = ({ method, headers }, response) => {
      methods.add(method!);
      const [from = 0, to = -1] =
        /\d+-\d+/
          .exec(headers.range ?? '')?.[0]
          .split('-')
          .map(Number) ?? [];
      const body = method === 'HEAD' ? large : large.subarray(from, to + 1);
      response.writeHead(method === 'HEAD' ? 200 : 206, { 'content-length': body.length }).end(body);
      return true;
    };
    const large = Buffer.concat([served['data/scene.tif']!, Buffer.alloc(200_000)]);
    assertSameBits(await readAll(await openWebScene(`${server.url}data/scene.tif`)), values);
    assert.deepEqual([...methods].sort(), ['GET', 'HEAD']);
    const own = { crossOrigin: false };
    await assertRefused(() => openWebScene(`${server.url}data/scene.tif`, {}, own), /answered with no Content-Range/);
  });

  it('may be of a map that is a Zarr store', async () => {
    const path = join(folder, 'map.zarr');
    const options = {
      ...size,
      bands: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      sampleType: 'int16',
      tile: 64,
    } as const;
    const map = await createMapFile(path, { ...options, format: 'zarr', identity: { scene: 'a' } });
    await map.writeWindow(whole, values);
    await map.close();
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      const at = join(entry.parentPath, entry.name);
      if (entry.isFile()) served[relative(folder, at)] = readFileSync(at);
    }
    const scene = await openWebScene(`${server.url}map.zarr/zarr.json`);
    assert.equal(scene.format, 'Zarr');
    assertSameBits(await readAll(scene), values);
  });

  it('stops when it is told to', async () => {
    const reason = new Error('enough');
    await assert.rejects(openWebScene(`${server.url}pair.img`, {}, { signal: AbortSignal.abort(reason) }), reason);
  });
});
