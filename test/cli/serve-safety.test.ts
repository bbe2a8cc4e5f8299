// Nothing but what was named, whatever is asked for.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { makeEnmapProduct, type Random, seededRandom } from '@egunet/fixtures';
import { startViewer } from 'egunet/dist/serve/server.js';
import { temporaryFolder } from '../support/index.js';
import { type Answer, ask, MODEL, serving, writeFolder } from './serving.js';
import { mixedScene, writeEnvi } from './support.js';

const SECRET = 'VERY-SECRET-BYTES';

/** Sends bytes as they are and returns all that comes back. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk;
  });
  socket.on('error', () => {});
  socket.end(text, 'latin1');
  await once(socket, 'close');
  return said;
}

describe('the server of the viewer keeps to itself', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const viewer = serving(() => {
    writeFolder(folder, {
      'secret.txt': SECRET,
      'public/secret.txt': SECRET,
      'public/secret.hdr': SECRET,
      'page/index.html': 'page',
      'page/assets/app.js': 'app',
      'runtime/a.mjs': 'a',
      'other/secret.js': SECRET,
    });
    symlinkSync(at('secret.txt'), at('page/link.js'));
    symlinkSync(at('other'), at('page/linked'));
    symlinkSync(at('secret.txt'), at('runtime/link.mjs'));
    const scene = writeEnvi(at('public'), 'scene', mixedScene());
    cpSync(MODEL, at('public/model.onnx'));
    return { scenes: [scene], models: [at('public/model.onnx')], page: at('page'), runtime: at('runtime') };
  });

  const assertRefused = ({ status, body }: Answer, why: string) => {
    assert.ok(status === 404 || status === 400, `${why}: ${status}`);
    assert.ok(!body.includes(SECRET) && !body.includes(folder), why);
  };

  it('serves what was named', async () => {
    for (const path of ['/', '/assets/app.js', '/onnxruntime/a.mjs', '/files/1/scene.img', '/files/2/model.onnx'])
      assert.equal((await ask(viewer, path)).status, 200, path);
  });

  it('refuses ways out, in every spelling', async () => {
    const dots = ['..', '%2e%2e', '.%2e', '%2E.', '%252e%252e', '..;', '....', '%c0%ae%c0%ae', '%uff0e%uff0e'];
    const slashes = ['/', '%2f', '%2F', '%252f', '\\', '%5c', '//', '/./', '%c0%af'];
    for (const base of ['', '/', '/files/1', '/files/1/', '/assets', '/onnxruntime', '/api'])
      for (const dot of dots)
        for (const slash of slashes) {
          const path = `${base}${slash}${dot}${slash}secret.txt`;
          assertRefused(await ask(viewer, path), path);
        }
  });

  it('refuses other spellings of what is served, absolute paths, NUL and what cannot be decoded', async () => {
    for (const path of [
      '/files/1/../1/scene.img',
      '/files//1/scene.img',
      '//files/1/scene.img',
      '/files/1/scene.img/',
      '/files/1/./scene.img',
      '/files%2f1%2fscene.img',
      '/files/01/scene.img',
      '/files/1/SCENE.IMG',
      '/files/1/scene.img%00',
      '/files/1/scene.img%00.txt',
      '/files/1/scene.img%20',
      '/files/1/scene.im%E0%A4%A',
      '/%',
      '/%zz',
      `/files/1${at('secret.txt')}`,
      `/files/1/${encodeURIComponent(at('secret.txt'))}`,
      at('secret.txt'),
      `/${at('secret.txt')}`,
      `file://${at('secret.txt')}`,
      'http://example.org/files/1/scene.img',
      'C:\\secret.txt',
      '/files/1/secret.txt',
      '/files/1/secret.hdr',
      '/__proto__',
      '/constructor',
      '*',
    ])
      assertRefused(await ask(viewer, path), path);
    assert.equal((await ask(viewer, '/files/1/%73cene.img')).status, 200, 'the same name in other letters');
  });

  it('answers what is no request with an error, and lives', async () => {
    for (const text of [
      '\0\0\0\0\r\n\r\n',
      'GET /files/1/scene.img\0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /files/1/../../secret.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      'CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ]) {
      const said = await sendRaw(viewer.port, text);
      assert.match(said, /^(HTTP\/1\.1 4\d\d |$)/, text.slice(0, 60));
      assert.ok(!said.includes(SECRET));
    }
    assert.equal((await ask(viewer, '/')).status, 200);
  });

  it('leaves links in its folders alone', async () => {
    for (const path of ['/link.js', '/linked/secret.js', '/onnxruntime/link.mjs'])
      assertRefused(await ask(viewer, path), path);
  });

  it('answers to names of this machine only', async () => {
    const { port } = viewer;
    for (const host of [`127.0.0.1:${port}`, '127.0.0.1', `localhost:${port}`, 'LOCALHOST', `[::1]:${port}`])
      assert.equal((await ask(viewer, '/', { headers: { host } })).status, 200, host);
    for (const host of [
      'example.org',
      `example.org:${port}`,
      'localhost.example.org',
      '127.0.0.1.example.org',
      'evil.org@127.0.0.1',
      '192.168.0.1',
      '0.0.0.0',
      '[::2]',
      '127.0.0.1:80:90',
      ' ',
    ]) {
      const { status, body } = await ask(viewer, '/files/1/scene.img', { headers: { host } });
      assert.equal(status, 403, host);
      assert.match(body.toString(), /127\.0\.0\.1 and localhost only/);
    }
  });

  it('answers to every name where it was given an address that others reach', async () => {
    const open = await startViewer({ host: '0.0.0.0', port: 0, models: [MODEL] });
    assert.equal(open.url, `http://localhost:${open.port}/`);
    assert.equal((await ask(open, '/', { headers: { host: 'my-machine.lan' } })).status, 200);
    await open.close();
  });

  it('gives no bytes that were not named to 500 requests made at random', async function () {
    this.timeout(120_000);
    const random = seededRandom(20260101);
    for (let i = 0; i < 500; i++) {
      const path = randomPath(random);
      const method = pick(random, ['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS']);
      const headers = randomHeaders(random);
      const { status, body } = await ask(viewer, path, { method, headers });
      const why = `${method} ${path} ${JSON.stringify(headers)}`;
      assert.ok(status < 500, `${why}: ${status}`);
      assert.ok(!body.includes(SECRET) && !body.includes(folder), why);
    }
    assert.equal((await ask(viewer, '/files/1/scene.img')).status, 200);
  });
});

const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random.uniform() * choices.length)]!;

/** Pieces of paths that are served and of those that must not be, joined at random, with characters changed at random. */
function randomPath(random: Random): string {
  const pieces = [
    ...[
      'files',
      '1',
      '2',
      'scene.img',
      'scene.hdr',
      'model.onnx',
      'api',
      'list.json',
      'assets',
      'app.js',
      'secret.txt',
    ],
    ...[
      '..',
      '.',
      '',
      '%2e%2e',
      '%252e',
      '%2f',
      '\\',
      '%5c',
      '%00',
      '%',
      '%ff',
      '%E2%82%AC',
      '?',
      '?x=1',
      '#',
      '~',
      ':',
    ],
    ...['public', 'page', 'tmp', 'etc', 'passwd', 'onnxruntime', 'a.mjs', 'linked', 'link.js', '\xe9', '*', ';a=b'],
  ];
  const count = 1 + Math.floor(random.uniform() * 8);
  const path = Array.from(
    { length: count },
    () => pick(random, ['/', '/', '/', '//', '\\', '']) + pick(random, pieces),
  );
  const text = pick(random, ['/', '/', '/', '']) + path.join('');
  if (random.uniform() < 0.7) return text || '/';
  const where = Math.floor(random.uniform() * text.length);
  const letter = String.fromCharCode(0x21 + Math.floor(random.uniform() * 0xde));
  return text.slice(0, where) + letter + text.slice(where + 1);
}

function randomHeaders(random: Random): Record<string, string> {
  const number = () => pick(random, ['', '0', '1', '100', '12799', '12800', '9'.repeat(30), '-1', 'x', '1e3']);
  const choices: [string, () => string][] = [
    ['range', () => `${pick(random, ['bytes', 'bytes', 'items', ''])}=${number()}-${number()}`],
    ['range', () => `bytes=${number()}-${number()},${number()}-${number()}`],
    ['if-range', () => pick(random, ['"x"', 'W/"x"', '', 'Wed, 21 Oct 2015 07:28:00 GMT'])],
    ['if-none-match', () => pick(random, ['*', '"x"', ',,,', '"'])],
    ['host', () => pick(random, ['localhost', '127.0.0.1', 'example.org', '\xe9', '[', '..'])],
    ['x-forwarded-host', () => 'localhost'],
    ['x-original-url', () => '/secret.txt'],
    ['expect', () => pick(random, ['100-continue', 'nothing'])],
    ['accept-encoding', () => 'gzip'],
    ['connection', () => pick(random, ['close', 'keep-alive'])],
  ];
  const count = Math.floor(random.uniform() * 4);
  return Object.fromEntries(
    Array.from({ length: count }, () => {
      const [name, value] = pick(random, choices);
      return [name, value()];
    }),
  );
}

describe('links in a product that is served', () => {
  const folder = temporaryFolder();

  it('are no part of it, though the folder itself may be reached by one', async () => {
    const { folder: product } = await makeEnmapProduct(folder, { rows: 24, cols: 24, seed: 4 });
    const layer = readdirSync(product).find((name) => name.endsWith('QUALITY_CLOUD.TIF'))!;
    renameSync(join(product, layer), join(folder, 'moved.tif'));
    symlinkSync(join(folder, 'moved.tif'), join(product, layer));
    symlinkSync(product, join(folder, 'short'));
    const viewer = await startViewer({ port: 0, scenes: [join(folder, 'short')] });
    const [scene] = viewer.listing.scenes;
    assert.equal(scene!.name, 'short');
    assert.ok(scene!.files.length > 5 && !scene!.files.some(({ name }) => name === layer));
    assert.equal((await ask(viewer, `/files/1/${layer}`)).status, 404);
    assert.equal((await ask(viewer, scene!.url, { method: 'HEAD' })).status, 200);
    await viewer.close();
  });

  it('are no header of an ENVI image', async () => {
    mkdirSync(join(folder, 'envi'));
    const data = writeEnvi(join(folder, 'envi'), 'scene', mixedScene());
    renameSync(join(folder, 'envi/scene.hdr'), join(folder, 'header'));
    symlinkSync(join(folder, 'header'), join(folder, 'envi/scene.hdr'));
    await assert.rejects(startViewer({ port: 0, scenes: [data] }), /scene\.img: not a format that is read/);
  });

  it('a damaged quality layer is served as it is', async () => {
    const { folder: product } = await makeEnmapProduct(join(folder, 'damaged'), { rows: 24, cols: 24, seed: 5 });
    const layer = readdirSync(product).find((name) => name.endsWith('QUALITY_HAZE.TIF'))!;
    writeFileSync(join(product, layer), 'damaged');
    const viewer = await startViewer({ port: 0, scenes: [product] });
    assert.equal((await ask(viewer, `/files/1/${layer}`)).body.toString(), 'damaged');
    await viewer.close();
  });
});
