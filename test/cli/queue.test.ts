// Maps by a queue of Redis, with real workers: processes that may be killed.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireGdal, requireProgram, run, temporaryFolder } from '../support/index.js';
import { type RedisServer, startRedis } from './redis.js';
import { binary, egunet, interrupted, makeLargeScene, succeed } from './support.js';

const [ROWS, COLS] = [700, 600];
const SCENES = 4;
/** Seconds after which a worker counts as dead. */
const SILENCE = ['--silence', '2'];

describe('a queue of maps', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const at = (...names: string[]) => join(folder, ...names);
  const numbers = Array.from({ length: SCENES }, (_, i) => i + 1);
  let redis: RedisServer;
  let env: Record<string, string>;
  const workers = new Set<ChildProcess>();

  before(async function () {
    requireGdal(this);
    requireProgram(this, 'redis-server', 'install redis-server');
    makeLargeScene(folder, { rows: ROWS, cols: COLS });
    for (const number of numbers)
      run('gdal_translate', ['-q', '-co', 'TILED=YES', '-srcwin', `${number}`, '0', `${COLS - 10}`, `${ROWS}`, at('large.img'), at(`scene-${number}.tif`)]); // biome-ignore format: one command
    redis = await startRedis(at('redis'));
    env = { EGUNET_QUEUE: `${redis.url}?name=test` };
  });

  after(() => redis?.stop());

  afterEach(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    workers.clear();
    egunet(['cancel', '--all'], folder, env);
    await redis?.restart();
    rmSync(at('maps'), { recursive: true, force: true });
  });

  const names = (list: readonly number[] = numbers) => list.map((number) => `scene-${number}.tif`);
  const submit = (...more: string[]) =>
    JSON.parse(succeed(['submit', '-m', 'model.onnx', '-o', 'maps', '--json', ...more], folder, env).stdout);
  const status = () => JSON.parse(succeed(['status', '--json'], folder, env).stdout);
  const argsOf = (...more: string[]) => [binary, 'worker', '--workers', '1', ...SILENCE, ...more];

  /** What one process makes of each scene. */
  const single = new Map<string, Buffer>();
  function wholeOf(name: string): Buffer {
    if (!single.has(name)) {
      // Under the same name, which its metadata have.
      run('mkdir', ['-p', at('one')]);
      succeed(['infer', name, '-m', 'model.onnx', '-o', `one/${name}`], folder);
      single.set(name, readFileSync(at('one', name)));
    }
    return single.get(name)!;
  }

  function assertMaps(list: readonly string[]): void {
    assert.deepEqual(readdirSync(at('maps')).sort(), [...list].sort()); // nothing is left beside them
    for (const name of list) assert.ok(readFileSync(at('maps', name)).equals(wholeOf(name)), name);
  }

  /** Runs workers until nothing is left; returns what each came to. */
  async function workAll(count: number, ...more: string[]) {
    const all = await Promise.all(
      Array.from({ length: count }, () =>
        interrupted(argsOf('--until-empty', '--json', ...more), { cwd: folder, env }),
      ),
    );
    return all.map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout) as { maps: number; parts: number; failed: number };
    });
  }

  const sumOf = (all: readonly { maps: number; parts: number; failed: number }[]) => ({
    maps: all.reduce((sum, one) => sum + one.maps, 0),
    parts: all.reduce((sum, one) => sum + one.parts, 0),
    failed: all.reduce((sum, one) => sum + one.failed, 0),
  });

  it('are made by several workers, byte for byte those of one process; a damaged scene is set aside, and tried again when it is mended', async () => {
    writeFileSync(at('scene-9.tif'), readFileSync(at('scene-1.tif')).subarray(0, 500_000));
    const first = submit(...names(), 'scene-9.tif');
    assert.equal(first.queued.length, SCENES + 1);
    assert.deepEqual([submit(...names()).queued, submit(...names()).known.length], [[], SCENES]);
    assert.equal(status().waiting, SCENES + 1);
    const done = sumOf(await workAll(2));
    assert.deepEqual([done.maps, done.failed], [SCENES, 1]);
    assertMaps(names());
    const { failed, completed, failures, waiting, active } = status();
    assert.deepEqual([failed, completed, waiting, active], [1, SCENES, 0, 0]);
    assert.match(failures[0].error, /scene-9\.tif: .*the file is damaged or cut off, get it again/);
    assert.match(succeed(['status'], folder, env).stdout, /^failed +.*maps\/scene-9\.tif, \d times: .*scene-9\.tif: /m);
    copyFileSync(at('scene-1.tif'), at('scene-9.tif'));
    assert.match(succeed(['retry', at('maps', 'scene-9.tif')], folder, env).stdout, /^tried again +1 jobs$/m);
    await workAll(1);
    assertMaps([...names(), 'scene-9.tif']);
    assert.equal(submit(...names(), 'scene-9.tif').done.length, SCENES + 1);
    rmSync(at('maps', 'scene-2.tif'));
    assert.deepEqual(submit(...names()).queued, [at('maps', 'scene-2.tif')]);
    rmSync(at('scene-9.tif'));
  });

  it('may be made in parts, which several workers share', async () => {
    submit(...names([1, 2]), '--parts', '3');
    const done = sumOf(await workAll(3));
    assert.deepEqual(done, { maps: 2, parts: 6, failed: 0 });
    assertMaps(names([1, 2]));
  });

  it('of which a part fails wait, say which and why, and are merged when that was tried again', async () => {
    submit('scene-1.tif', '--parts', '2');
    writeFileSync(at('maps', 'scene-1.tif.shard-2-of-2'), 'in the way');
    const first = sumOf(await workAll(1));
    assert.deepEqual([first.maps, first.parts, first.failed], [0, 1, 1]);
    const { failures, inParts } = status();
    assert.deepEqual([inParts, failures.length, failures[0].part, failures[0].tries], [1, 1, '2/2', 4]);
    assert.match(failures[0].error, /scene-1\.tif\.shard-2-of-2: cannot keep finished tiles in it/);
    assert.deepEqual(submit('scene-1.tif', '--parts', '2').known, [at('maps', 'scene-1.tif')]);
    const other = egunet(['submit', 'scene-1.tif', '-m', 'model.onnx', '-o', 'maps', '--dtype', 'uint8'], folder, env);
    assert.match(
      other.stderr,
      /scene-1\.tif: the queue has it already, with another scene, model or other options; egunet cancel/,
    );
    assert.equal(other.code, 1);
    rmSync(at('maps', 'scene-1.tif.shard-2-of-2'));
    succeed(['retry', at('maps', 'scene-1.tif')], folder, env);
    assert.deepEqual(sumOf(await workAll(2)), { maps: 1, parts: 1, failed: 0 });
    assertMaps(['scene-1.tif']);
  });

  it('that a worker has in work are not cancelled, but named; those in parts go with their parts', async () => {
    submit(...names(), '--parts', '2');
    const worker = spawn(process.execPath, argsOf(), { cwd: folder, env: { ...process.env, ...env }, stdio: 'ignore' });
    workers.add(worker);
    while (status().active === 0) await sleep(20);
    const { maps, inWork } = JSON.parse(succeed(['cancel', '--all', '--json'], folder, env).stdout);
    assert.equal(maps + inWork.length, SCENES);
    for (const output of inWork) assert.ok(output.startsWith(at('maps')), output);
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGTERM');
    await ended;
    succeed(['cancel', '--all'], folder, env);
    const { waiting, inParts, active } = status();
    assert.deepEqual([waiting, inParts, active], [0, 0, 0]);
  });

  it('come out the same when workers are killed ten times, and stopped', async () => {
    submit(...names(), '--parts', '2');
    let killed = 0;
    for (let round = 0; killed < 10 && round < 40; round++) {
      const worker = spawn(process.execPath, argsOf(), {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
      workers.add(worker);
      await sleep(700 + ((round * 377) % 1500)); // it takes half a second until it begins
      if (round % 4 === 3) {
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        worker.kill('SIGTERM');
        assert.equal(await ended, 0); // its jobs went back
      } else if (worker.exitCode === null && worker.kill('SIGKILL')) killed++;
      workers.delete(worker);
    }
    assert.equal(killed, 10);
    await sleep(2500); // the last one counts as dead
    const done = sumOf(await workAll(2));
    assert.equal(done.failed, 0);
    assertMaps(names());
    assert.deepEqual([status().completed >= SCENES, status().failed], [true, 0]);
  });

  it('outlast a Redis that is killed, which keeps what was asked for on disk', async () => {
    submit(...names());
    const all = workAll(2);
    for (let tries = 0; tries < 3; tries++) {
      await sleep(1200);
      await redis.restart();
    }
    assert.equal(sumOf(await all).failed, 0);
    if (readdirSync(at('maps')).length < SCENES) await workAll(1);
    assertMaps(names());
  });

  it('are dropped by a worker that the queue does not hear, and made by who takes them next', async () => {
    submit('large.img');
    const worker = workAll(1);
    while (status().active === 0) await sleep(20);
    await redis.pause(3500);
    const [first] = await worker;
    assert.equal(first!.failed, 0);
    if (!existsSync(at('maps', 'large.tif'))) await workAll(1);
    assert.deepEqual(readdirSync(at('maps')), ['large.tif']);
    assert.equal(status().failed, 0);
  });

  it('are cancelled, and not by another model under the same name', async () => {
    submit(...names());
    assert.match(succeed(['cancel', at('maps', 'scene-1.tif')], folder, env).stdout, /^taken out +1 maps$/m);
    copyFileSync(at('model.onnx'), at('model-kept.onnx'));
    succeed(['export', 'run', '-o', 'model.onnx', '--precision', 'float16', '--overwrite'], folder);
    const done = sumOf(await workAll(1));
    assert.deepEqual([done.maps, done.failed], [0, SCENES - 1]);
    assert.match(status().failures[0].error, /model\.onnx: is not the model that the map was asked for with/);
    renameSync(at('model-kept.onnx'), at('model.onnx'));
    succeed(['retry', '--all'], folder, env);
    await workAll(1);
    assertMaps(names([2, 3, 4]));
  });

  it('are refused in one line where the queue cannot be used, or a job is none', async () => {
    const fails = (args: string[], says: RegExp, more: Record<string, string> = env, code = 1) => {
      const outcome = egunet(args, folder, more);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, says);
      assert.ok(!outcome.stderr.includes('bug in egunet') && !/secret|hidden/.test(outcome.stderr), outcome.stderr);
    };
    fails(['status'], /egunet: --queue is required, or EGUNET_QUEUE: redis:\/\/HOST:PORT/, { EGUNET_QUEUE: '' }, 2);
    for (const wrong of ['foo', 'http://127.0.0.1', 'redis://', 'redis://h/x', 'redis://h?name=a b'])
      fails(['status', '--queue', wrong], /egunet: --queue: expected /, env, 2);
    fails(
      ['worker', '--queue', 'redis://127.0.0.1:1'],
      /redis:\/\/127\.0\.0\.1:1\/0\?name=maps: nothing listens there: start Redis/,
    );
    fails(['status', '--queue', 'redis://no-such-host.invalid'], /there is no such host/);
    const locked = await startRedis(at('locked'), 'secret');
    try {
      const url = locked.url.replace('//', '//default:hidden@');
      fails(['status', '--queue', url], /the server wants another user or password: give them in the URL/);
      fails(['status', '--queue', locked.url], /the server wants another user or password/);
      succeed(['status', '--queue', locked.url.replace('//', '//default:secret@')], folder);
      const { stdout } = succeed(['status', '--queue', locked.url], folder, { EGUNET_QUEUE_PASSWORD: 'secret' });
      assert.ok(!stdout.includes('secret'));
    } finally {
      await locked.stop();
    }
    fails(['retry'], /retry needs maps, or --all/, env, 2);
    fails(['submit', '-m', 'model.onnx', '-o', 'maps'], /submit needs SCENE, or --list/, env, 2);
    fails(['submit', 'scene-1.tif', '-m', 'missing.onnx', '-o', 'maps'], /missing\.onnx/);
    run('mkdir', ['-p', at('more')]);
    copyFileSync(at('scene-1.tif'), at('more/scene-1.tif'));
    fails(
      ['submit', 'scene-1.tif', 'more/scene-1.tif', '-m', 'model.onnx', '-o', 'maps'],
      /the maps of both would have the name .*maps\/scene-1\.tif; submit them into folders of their own/,
    );
    // What another program, or another version, put there.
    const { Queue } = await import('bullmq');
    const queue = new Queue('test', { connection: { url: redis.url }, prefix: 'egunet' });
    await queue.add('map', { hello: 'world' });
    await queue.add('map', { format: 1, software: '99.0.0', output: 'x.tif', model: '', request: {} });
    await queue.close();
    assert.equal(sumOf(await workAll(1)).failed, 2);
    const errors = status().failures.map(({ error }: { error: string }) => error);
    assert.ok(
      errors.some((error: string) =>
        /job\.format should be 1, got nothing: the job is none of this version/.test(error),
      ),
      errors,
    );
    assert.ok(
      errors.some((error: string) =>
        /asked for by egunet 99\.0\.0, this is .*: use workers of that version/.test(error),
      ),
      errors,
    );
    assert.ok(!existsSync(at('maps', 'x.tif')));
  });
});
