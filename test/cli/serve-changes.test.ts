// What happens to answers when files change and clients go.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startViewer } from 'egunet/dist/serve/server.js';
import { run, skipUntested, temporaryFolder, until } from '../support/index.js';
import { ask, MODEL, serving, writeFolder } from './serving.js';

const SECRET = 'VERY-SECRET-BYTES';
const LARGE = 256 * 2 ** 20;

describe('a served file that changes', () => {
  const folder = temporaryFolder();
  const secret = join(folder, 'secret');
  const inside = join(folder, 'inside');
  const path = join(inside, 'model.onnx');
  const url = '/files/1/model.onnx';
  const viewer = serving(() => {
    writeFileSync(secret, SECRET);
    mkdirSync(inside);
    cpSync(MODEL, path);
    return { models: [path] };
  });
  afterEach(async () => {
    rmSync(path, { recursive: true, force: true });
    cpSync(MODEL, path);
    assert.equal((await ask(viewer, url)).status, 200, 'the server goes on');
  });

  const assertGone = async () => {
    const { status, body } = await ask(viewer, url);
    assert.equal(status, 404);
    assert.equal(body.toString(), 'nothing of this name is served\n');
  };

  it('is not found once it is removed', async () => {
    rmSync(path);
    await assertGone();
  });

  it('is not found once a link took its place', async () => {
    rmSync(path);
    symlinkSync(secret, path);
    await assertGone();
  });

  it('is not found once its folder became a link', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'model.onnx'), SECRET);
    renameSync(inside, join(folder, 'before'));
    symlinkSync(elsewhere, inside);
    await assertGone();
    rmSync(inside);
    renameSync(join(folder, 'before'), inside);
  });

  it('is not found once a folder, or a pipe that nobody writes to, took its place', async () => {
    rmSync(path);
    mkdirSync(path);
    await assertGone();
    rmSync(path, { recursive: true });
    run('mkfifo', [path]);
    await assertGone();
  });

  it('is an error that names no path once it may not be read', async () => {
    chmodSync(path, 0);
    const isRoot = process.geteuid!() === 0; // may read everything
    if (isRoot) process.seteuid!(65_534);
    try {
      const { status, headers, body } = await ask(viewer, url);
      assert.equal(status, 500);
      assert.equal(body.toString(), 'this file cannot be read now\n');
      assert.equal(headers['x-content-type-options'], 'nosniff');
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  it('is the new one, whole, once it is replaced', async () => {
    writeFileSync(path, 'short');
    assert.equal((await ask(viewer, url)).body.toString(), 'short');
  });
});

describe('a large file that is served', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'large.wasm');
  const viewer = serving(() => {
    writeFolder(folder, { 'index.html': 'x', 'large.wasm': '' });
    truncateSync(path, LARGE); // takes no room on the disk
    return { page: folder };
  });

  /** How often this process, in which the server runs, has one of the files open. */
  const timesOpen = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return dirname(readlinkSync(join('/proc/self/fd', fd))) === folder;
      } catch {
        return false; // closed meanwhile
      }
    }).length;

  const assertAllClosed = () => until(() => timesOpen() === 0);

  const begin = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: viewer.port, path: '/large.wasm', agent: false };
      get(options, (response) => response.on('error', () => {}) && resolve(response)).on('error', reject);
    });

  before(function () {
    if (process.platform !== 'linux') skipUntested(this, 'open files are counted in /proc, which only Linux has');
  });

  it('is closed when its client goes, 200 times', async () => {
    for (let i = 0; i < 20; i++) {
      const responses = await Promise.all(Array.from({ length: 10 }, begin));
      assert.ok(timesOpen() > 0);
      for (const response of responses) response.destroy();
    }
    await assertAllClosed();
    assert.equal((await ask(viewer, '/')).status, 200);
  });

  it('is closed when the client goes before the answer', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = connect(viewer.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET /large.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'connect');
      if (i % 2 === 0) await sleep(1);
      socket.destroy();
    }
    await assertAllClosed();
    assert.equal((await ask(viewer, '/')).status, 200);
  });

  it('is never held whole: a client that reads nothing costs no memory', async () => {
    const before = process.memoryUsage().rss;
    const responses = await Promise.all(Array.from({ length: 10 }, begin));
    await sleep(200);
    const grown = process.memoryUsage().rss - before;
    for (const response of responses) response.destroy();
    assert.ok(grown < LARGE / 2, `${grown} bytes for ten answers of ${LARGE} bytes`);
    await assertAllClosed();
  });

  it('is cut off, not filled up with the next answer, where it became shorter meanwhile', async () => {
    const socket = connect(viewer.port, '127.0.0.1');
    let said = '';
    const ended = once(socket, 'close');
    socket.on('error', () => {});
    for (const name of ['large.wasm', 'index.html']) socket.write(`GET /${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    socket.once('data', () => truncateSync(path, 2 ** 20));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1').replaceAll('\0', '');
    });
    await ended;
    assert.equal(said.match(/HTTP\/1\.1 200 OK/g)?.length, 1);
    assert.match(said, new RegExp(`content-length: ${LARGE}\r`));
    await assertAllClosed();
    truncateSync(path, LARGE);
    assert.equal((await ask(viewer, '/large.wasm', { headers: { range: 'bytes=-1' } })).status, 206);
  });

  it('is broken off when the server is closed', async () => {
    const own = await startViewer({ port: 0, page: folder });
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ host: '127.0.0.1', port: own.port, path: '/large.wasm', agent: false }, resolve);
    });
    const broken = once(response, 'error');
    await own.close();
    response.resume();
    await broken;
    await assertAllClosed();
    await assert.rejects(ask(own, '/'), { code: 'ECONNREFUSED' });
  });
});
