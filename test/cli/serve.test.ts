// What the viewer's server serves, and how it answers.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { openScene } from '@egunet/raster/node';
import { startViewer } from 'egunet/dist/serve/server.js';
import { root, temporaryFolder } from '../support/index.js';
import { ask, MODEL, serving, writeFolder } from './serving.js';
import { mixedScene, writeEnvi } from './support.js';

const SAFE = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
};

describe('the server of the viewer', () => {
  const folder = temporaryFolder();
  let product: string;
  const viewer = serving(async () => {
    writeEnvi(folder, 'my scene #1', mixedScene());
    writeEnvi(folder, 'other', mixedScene());
    writeFileSync(join(folder, 'notes.txt'), 'SECRET');
    product = (await makeEnmapProduct(folder, { rows: 24, cols: 24, seed: 3 })).folder;
    writeFileSync(join(product, 'HISTORY.XML'), 'SECRET');
    mkdirSync(join(product, 'more'));
    const page = writeFolder(join(folder, 'page'), {
      'index.html': '<!doctype html><p>viewer',
      'assets/app.js': 'app();',
      'assets/app.css': 'p {}',
      'assets/logo.svg': '<svg/>',
      'assets/logo.PNG': 'png',
      'assets/module.wasm': '\0asm',
      'assets/empty.txt': '',
      'about.json': '{}',
    });
    const runtime = writeFolder(join(folder, 'runtime'), {
      'ort.min.mjs': 'export {};',
      'ort.wasm': '\0asm',
      'ort.min.js': 'old',
      'ort.min.mjs.map': '{}',
    });
    return { scenes: [join(folder, 'my scene #1.img'), product], models: [MODEL], page, runtime };
  });

  it('lists scenes and models with what is known of them', async () => {
    const { status, headers, body } = await ask(viewer, '/api/list.json');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    const { scenes, models } = JSON.parse(body.toString());
    assert.deepEqual({ scenes, models }, viewer.listing);
    const [envi, enmap] = scenes;
    assert.equal(envi.name, 'my scene #1.img');
    assert.equal(envi.url, '/files/1/my%20scene%20%231.img');
    assert.equal(envi.bytes, 20 * 20 * 8 * 4);
    assert.deepEqual([envi.format, envi.rows, envi.cols, envi.bands, envi.sampleType], ['ENVI', 20, 20, 8, 'float32']);
    assert.deepEqual(
      envi.files.map(({ name }: { name: string }) => name),
      ['my scene #1.img', 'my scene #1.hdr'],
    );
    assert.equal(enmap.name, basename(product));
    assert.match(enmap.url, /^\/files\/2\/ENMAP.*-SPECTRAL_IMAGE\.TIF$/);
    assert.equal(enmap.bands, 224);
    assert.deepEqual(models, [{ name: 'pixel.onnx', url: '/files/3/pixel.onnx', bytes: readFileSync(MODEL).length }]);
  });

  it('serves of a product its metadata, its image and its quality layers, and nothing else', async () => {
    const listed = viewer.listing.scenes[1]!.files.map(({ name }) => name.replace(/^ENMAP.*Z-/, '')).sort();
    const layers = ['CIRRUS', 'CLASSES', 'CLOUD', 'CLOUDSHADOW', 'HAZE', 'SNOW', 'TESTFLAGS'];
    assert.deepEqual(
      listed,
      [
        'METADATA.XML',
        'QL_PIXELMASK.TIF',
        ...layers.map((name) => `QL_QUALITY_${name}.TIF`),
        'SPECTRAL_IMAGE.TIF',
      ].sort(),
    );
    for (const name of readdirSync(product)) {
      const { status } = await ask(viewer, `/files/2/${encodeURIComponent(name)}`);
      const isListed = viewer.listing.scenes[1]!.files.some((file) => file.name === name);
      assert.equal(status, isListed ? 200 : 404, name);
    }
  });

  it('serves every listed file as it is on disk, with a type that no browser runs', async () => {
    for (const { files } of viewer.listing.scenes)
      for (const { name, url, bytes } of files) {
        const { status, headers, body } = await ask(viewer, url);
        assert.equal(status, 200);
        assert.equal(headers['content-type'], /\.TIF$/.test(name) ? 'image/tiff' : 'application/octet-stream');
        assert.equal(body.length, bytes);
        const place = name.startsWith('ENMAP') ? product : folder;
        assert.ok(body.equals(readFileSync(join(place, name))), name);
      }
  });

  it('serves no neighbour of a scene', async () => {
    for (const name of ['notes.txt', 'other.img', 'other.hdr'])
      for (const n of [0, 1, 2, 3, 4]) assert.equal((await ask(viewer, `/files/${n}/${name}`)).status, 404);
    for (const path of ['/files', '/files/', '/files/1', '/files/1/', '/api/', '/api/list', '/nothing'])
      assert.equal((await ask(viewer, path)).status, 404, path);
  });

  it('serves scenes that the reader opens over HTTP like those on disk', async () => {
    for (const [i, path] of [join(folder, 'my scene #1.img'), product].entries()) {
      const local = await openScene(path);
      const remote = await openScene(`http://127.0.0.1:${viewer.port}${viewer.listing.scenes[i]!.url}`);
      const window = { row: 3, col: 5, rows: 4, cols: 6 };
      assert.equal(remote.format, local.format);
      assert.deepEqual(remote.bands, local.bands);
      assert.deepEqual(await remote.readSpectra(window), await local.readSpectra(window));
      await Promise.all([local.close(), remote.close()]);
    }
  });

  it('serves the page and its parts with their types', async () => {
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/?scene=1', 'text/html; charset=utf-8'],
      ['/index.html', 'text/html; charset=utf-8'],
      ['/assets/app.js', 'text/javascript; charset=utf-8'],
      ['/assets/app.css', 'text/css; charset=utf-8'],
      ['/assets/logo.svg', 'image/svg+xml'],
      ['/assets/logo.PNG', 'image/png'],
      ['/assets/module.wasm', 'application/wasm'],
      ['/assets/empty.txt', 'text/plain; charset=utf-8'],
      ['/about.json', 'application/json; charset=utf-8'],
      ['/onnxruntime/ort.min.mjs', 'text/javascript; charset=utf-8'],
      ['/onnxruntime/ort.wasm', 'application/wasm'],
    ] as const) {
      const { status, headers } = await ask(viewer, path);
      assert.equal(status, 200, path);
      assert.equal(headers['content-type'], type);
    }
    assert.equal((await ask(viewer, '/')).body.toString(), '<!doctype html><p>viewer');
    assert.equal((await ask(viewer, '/assets/empty.txt')).body.length, 0);
  });

  it('serves modules and WebAssembly of onnxruntime-web only', async () => {
    for (const name of ['ort.min.js', 'ort.min.mjs.map', ''])
      assert.equal((await ask(viewer, `/onnxruntime/${name}`)).status, 404, name);
  });

  it('isolates its origin, whatever it answers', async () => {
    const { url } = viewer.listing.models[0]!;
    const answers = [
      await ask(viewer, '/'),
      await ask(viewer, '/nothing'),
      await ask(viewer, url),
      await ask(viewer, url, { headers: { range: 'bytes=0-9' } }),
      await ask(viewer, url, { headers: { range: 'bytes=99999999999-' } }),
      await ask(viewer, '/', { method: 'POST' }),
      await ask(viewer, '/', { headers: { host: 'example.org' } }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200, 206, 416, 405, 403],
    );
    for (const { headers } of answers) {
      for (const [name, value] of Object.entries(SAFE)) assert.equal(headers[name], value);
      const policy = String(headers['content-security-policy']);
      for (const rule of [
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "connect-src 'self' https: http:",
      ])
        assert.ok(policy.split('; ').includes(rule), rule);
      assert.ok(!policy.includes("'unsafe-eval'"));
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    for (const path of ['/', '/api/list.json', '/nothing', viewer.listing.models[0]!.url]) {
      const [head, get] = [await ask(viewer, path, { method: 'HEAD' }), await ask(viewer, path)];
      assert.equal(head.body.length, 0);
      assert.deepEqual([head.status, head.headers['content-length']], [get.status, String(get.body.length)]);
      assert.equal(head.headers.etag, get.headers.etag);
    }
  });

  it('refuses every other method, and says which there are', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { status, headers } = await ask(viewer, viewer.listing.models[0]!.url, { method });
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method);
    }
  });

  it('serves onnxruntime-web itself', async () => {
    const runtime = join(root, 'node_modules/onnxruntime-web/dist');
    const own = await startViewer({ port: 0, runtime });
    const names = readdirSync(runtime);
    for (const name of names) {
      const { status, headers } = await ask(own, `/onnxruntime/${name}`, { method: 'HEAD' });
      assert.equal(status, /\.(mjs|wasm)$/.test(name) ? 200 : 404, name);
      if (name.endsWith('.wasm')) assert.equal(headers['content-type'], 'application/wasm');
    }
    assert.ok(names.some((name) => name.endsWith('.wasm')));
    await own.close();
  });
});

describe('the server without a page', () => {
  const folder = temporaryFolder();
  const name = '<b>&"odd".onnx';
  const viewer = serving(() => {
    copyFileSync(MODEL, join(folder, name));
    return { scenes: [writeEnvi(folder, 'scene', mixedScene())], models: [join(folder, name)] };
  });

  it('lists the files as links, whatever their names', async () => {
    const { headers, body } = await ask(viewer, '/');
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    const text = body.toString();
    assert.ok(!text.includes('<b>'));
    assert.match(text, /scene\.img: ENVI, 20 x 20 pixels, 8 bands/);
    const links = [...text.matchAll(/href="(\/files[^"]+)">/g)].map(([, url]) => url!);
    assert.equal(links.length, 3);
    for (const link of links) assert.equal((await ask(viewer, link)).status, 200, link);
    assert.equal((await ask(viewer, '/index.html')).status, 404);
    assert.equal((await ask(viewer, '/onnxruntime/ort.min.mjs')).status, 404);
  });

  it('says that nothing was named, where nothing was', async () => {
    const empty = await startViewer({ port: 0 });
    assert.equal((await ask(empty, '/')).body.toString().match(/None was named/g)?.length, 2);
    assert.deepEqual(JSON.parse((await ask(empty, '/api/list.json')).body.toString()), { scenes: [], models: [] });
    await empty.close();
  });

  it('takes an ENVI scene by its header, and a link that the user named', async () => {
    const link = join(folder, 'link.onnx');
    symlinkSync(MODEL, link);
    const other = await startViewer({ port: 0, scenes: [join(folder, 'scene.hdr')], models: [link] });
    const [scene, model] = [other.listing.scenes[0]!, other.listing.models[0]!];
    assert.equal(scene.url, '/files/1/scene.hdr');
    assert.deepEqual(
      scene.files.map(({ name }) => name),
      ['scene.hdr', 'scene.img'],
    );
    assert.ok((await ask(other, '/files/2/link.onnx')).body.equals(readFileSync(MODEL)));
    assert.equal(model.bytes, readFileSync(MODEL).length);
    await other.close();
  });

  it('tells every answered request, with its range and without its query', async () => {
    const lines: string[] = [];
    const told = await startViewer({ port: 0, models: [MODEL], onRequest: (line) => lines.push(line) });
    await ask(told, '/files/1/pixel.onnx?key=secret', { headers: { range: 'bytes=2-5' } });
    await ask(told, '/nothing');
    await told.close();
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /^GET \/files\/1\/pixel\.onnx bytes=2-5 206 \d+ ms$/);
    assert.match(lines[1]!, /^GET \/nothing 404 \d+ ms$/);
  });

  it('serves a version that replaces another under the same name', async () => {
    const path = join(folder, 'changing.onnx');
    copyFileSync(MODEL, path);
    const changing = await startViewer({ port: 0, models: [path] });
    const before = await ask(changing, '/files/1/changing.onnx');
    writeFileSync(`${path}.new`, 'another version');
    renameSync(`${path}.new`, path);
    const after = await ask(changing, '/files/1/changing.onnx');
    assert.equal(after.body.toString(), 'another version');
    assert.notEqual(after.headers.etag, before.headers.etag);
    await changing.close();
  });
});
