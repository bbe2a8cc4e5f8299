// The command as a process: its start, its words, its end.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createMapFile } from '@egunet/raster/node';
import { DEFAULT_PORT, startViewer } from 'egunet/dist/serve/server.js';
import { root, temporaryFolder } from '../support/index.js';
import { ask, MODEL } from './serving.js';
import { assertFails, binary, egunet, mixedScene, writeEnvi } from './support.js';

describe('egunet serve', () => {
  const folder = temporaryFolder();
  let child: ChildProcessWithoutNullStreams | undefined;
  let said = { stdout: '', stderr: '' };

  before(() => {
    writeEnvi(folder, 'scene', mixedScene());
    copyFileSync(MODEL, join(folder, 'model.onnx'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    child = undefined;
  });

  /** Starts it and resolves once it has said, as text or as JSON, where it is. */
  function start(...args: string[]): Promise<{ port: number }> {
    const started = spawn(process.execPath, [binary, 'serve', ...args], { cwd: folder });
    child = started;
    said = { stdout: '', stderr: '' };
    return new Promise((resolve, reject) => {
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.stderr += text;
      });
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        said.stdout += text;
        if (/^(http:.*|\})\n$/m.test(said.stdout)) resolve({ port: Number(/:(\d+)\//.exec(said.stdout)![1]) });
      });
      started.on('close', () => reject(new Error(`it ended: ${said.stderr}`)));
    });
  }

  async function end(signal: NodeJS.Signals): Promise<{ code: number | null; by: NodeJS.Signals | null }> {
    const closed = once(child!, 'close');
    child!.kill(signal);
    const [code, by] = await closed;
    return { code, by };
  }

  it('says its address in one line, what it serves beside it, and ends with Ctrl-C', async () => {
    const server = await start('scene.img', '--model', 'model.onnx', '--port', '0');
    assert.match(said.stdout, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
    assert.match(said.stderr, /^scene scene\.img: ENVI, 20 rows x 20 columns x 8 bands, float32, 0\.01 MB$/m);
    assert.match(said.stderr, /^model model\.onnx: \d+\.\d\d MB$/m);
    assert.ok(!said.stderr.includes('warning'));
    assert.equal((await ask(server, '/')).status, 200);
    assert.ok((await ask(server, '/files/2/model.onnx')).body.equals(readFileSync(MODEL)));
    assert.equal((await ask(server, '/onnxruntime/ort.min.mjs')).status, 200);
    assert.deepEqual(await end('SIGINT'), { code: 0, by: null });
    assert.match(said.stderr, /egunet: stopping: nothing is served any more/);
    assert.ok(!said.stderr.includes('GET'), 'requests are told with --verbose only');
  });

  it('ends at once with SIGTERM, though clients are connected and one is in the middle of a file', async () => {
    copyFileSync(join(folder, 'scene.hdr'), join(folder, 'large.hdr'));
    writeFileSync(join(folder, 'large.img'), '');
    truncateSync(join(folder, 'large.img'), 2 ** 28); // more than the header says
    const { port } = await start('large.img', '--port', '0', '--verbose');
    const agent = new Agent({ keepAlive: true });
    const begin = (path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path, agent }, resolve).on('error', reject);
      });
    const idle = await begin('/api/list.json');
    await once(idle.resume(), 'end');
    const busy = await begin('/files/1/large.img');
    const broken = once(busy, 'error');
    assert.deepEqual(await end('SIGTERM'), { code: 0, by: null });
    busy.resume();
    await broken;
    agent.destroy();
    assert.match(said.stderr, /^GET \/api\/list\.json 200 \d+ ms$/m);
    assert.match(said.stderr, /^GET \/files\/1\/large\.img broken off \d+ ms$/m);
  });

  it('says the same as JSON', async () => {
    await start('scene.img', 'model.onnx', '--json', '--port', '0');
    const { url, host, port, scenes, models } = JSON.parse(said.stdout);
    assert.equal(url, `http://127.0.0.1:${port}/`);
    assert.equal(host, '127.0.0.1');
    assert.equal(scenes[0].url, '/files/1/scene.img');
    assert.equal(models[0].url, '/files/2/model.onnx');
    const { body } = await ask({ port }, '/api/list.json');
    assert.deepEqual(JSON.parse(body.toString()), { scenes, models });
    await end('SIGINT');
    assert.doesNotThrow(() => JSON.parse(said.stdout), 'one document, also after its end');
  });

  it('warns where others can reach it', async () => {
    await start('scene.img', '--host', '0.0.0.0', '--port', '0');
    assert.match(said.stderr, /egunet: warning: anyone who reaches 0\.0\.0\.0 can read the files that are named here/);
    assert.match(said.stdout, /^http:\/\/localhost:\d+\/\n$/);
    await end('SIGINT');
  });

  it('takes the next free port where none is asked for, and refuses one that is taken where it is', async () => {
    const holder = createServer();
    // Where it fails, somebody else holds the port: as good.
    await new Promise<void>((resolve) => {
      holder.on('error', () => resolve()).listen(DEFAULT_PORT, '127.0.0.1', () => resolve());
    });
    const viewer = await startViewer({});
    assert.ok(viewer.port > DEFAULT_PORT && viewer.port <= DEFAULT_PORT + 100);
    const taken = String(viewer.port);
    assertFails(
      ['serve', 'scene.img', '--port', taken],
      folder,
      new RegExp(`cannot listen on 127\\.0\\.0\\.1, port ${taken}: the port is taken; choose another one`),
    );
    await viewer.close();
    holder.close();
  });

  it('refuses an address that is not of this machine', () => {
    assertFails(
      ['serve', '--host', '192.0.2.1', '--port', '0'],
      folder,
      /cannot listen on 192\.0\.2\.1, port 0: this machine has no such address/,
    );
    assertFails(
      ['serve', '--host', 'no.such.host.invalid', '--port', '0'],
      folder,
      /no\.such\.host\.invalid, port 0: /,
    );
  });

  it('refuses what does not open, before it listens', async () => {
    writeFileSync(join(folder, 'words.tif'), 'no raster at all');
    writeFileSync(join(folder, 'broken.onnx'), 'no model');
    writeFileSync(join(folder, 'scenes.zip'), 'PK');
    mkdirSync(join(folder, 'empty'));
    copyFileSync(join(root, 'fixtures/golden/infer/foreign.onnx'), join(folder, 'foreign.onnx'));
    const map = await createMapFile(join(folder, 'map.zarr'), {
      format: 'zarr',
      rows: 4,
      cols: 4,
      sampleType: 'float32',
      bands: [{ name: 'soil' }],
      identity: {},
    });
    await map.writeWindow({ row: 0, col: 0, rows: 4, cols: 4 }, new Float32Array(16));
    await map.close();
    for (const [args, says] of [
      [['missing.tif'], /missing\.tif: there is no such file or folder; check the path/],
      [['words.tif'], /words\.tif: not a format that is read/],
      [['empty'], /empty: no \*METADATA\.XML in this folder/],
      [['scenes.zip'], /scenes\.zip: an archive, which no web page can read; unpack it/],
      [['map.zarr'], /map\.zarr: a map in a Zarr store, expected a scene/],
      [['missing.onnx'], /missing\.onnx: cannot be read .*; check the path/],
      [['broken.onnx'], /broken\.onnx: /],
      [['scene.img', '--model', 'foreign.onnx'], /foreign\.onnx: an ONNX model, but not one of egunet's/],
      [['scene.img', '--model', 'scene.img'], /scene\.img: /],
    ] as const)
      assertFails(['serve', ...args, '--port', '0'], folder, says);
    const { stdout } = egunet(['serve', 'missing.tif', '--json'], folder);
    assert.equal(JSON.parse(stdout).exitCode, 1);
  });
});
