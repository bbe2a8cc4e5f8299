import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { lockRun, TrainError } from '@egunet/train';
import { skipUntested, temporaryFolder } from '../support/index.js';

const refused = (pattern: RegExp) => (error: unknown) => error instanceof TrainError && pattern.test(error.message);

/** The number of a process that is gone. */
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('the lock of a run folder', () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'training.lock');
  const left = (holder: object) =>
    writeFileSync(lock, JSON.stringify({ host: hostname(), started: 0, id: 'x', ...holder }));
  afterEach(() => rmSync(lock, { force: true, recursive: true }));

  it('holds the process and its host, and is gone when released', async () => {
    const held = await lockRun(folder);
    const { pid, host } = JSON.parse(readFileSync(lock, 'utf8'));
    assert.deepEqual([pid, host], [process.pid, hostname()]);
    await held.release();
    assert.ok(!existsSync(lock));
    await (await lockRun(folder)).release();
  });

  it('refuses a second training in the same process, and says whose it is and what to do', async () => {
    const held = await lockRun(folder);
    const says = new RegExp(
      `process ${process.pid} on ${hostname()} is training into this folder; wait for it or choose another folder.*delete .*training\\.lock`,
    );
    await assert.rejects(lockRun(folder), refused(says));
    assert.ok(existsSync(lock), 'the refused one leaves the lock alone');
    await held.release();
  });

  it('of a process on this host whose number another one has now is taken over', function () {
    if (!existsSync('/proc/self/stat')) skipUntested(this, 'no /proc tells of other processes');
    left({ pid: process.ppid }); // began at 0
    return lockRun(folder).then(({ release }) => release());
  });

  it('of a process on another host is respected', async () => {
    left({ pid: gone(), host: `${hostname()}-other` });
    await assert.rejects(lockRun(folder), refused(/on .*-other is training/));
  });

  it('of a process that is gone is taken over', async () => {
    left({ pid: gone() });
    const held = await lockRun(folder);
    assert.equal(JSON.parse(readFileSync(lock, 'utf8')).pid, process.pid);
    await held.release();
    assert.ok(!existsSync(lock));
  });

  it('of a killed process that is not yet cleared away is taken over', async function () {
    if (!existsSync('/proc/self/stat')) skipUntested(this, 'no /proc tells of other processes');
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']); // which never asks how its child ended
    try {
      const pid = Number((await once(parent.stdout, 'data'))[0]);
      const fields = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
      while (fields()[2] !== 'Z') await setTimeout(5);
      left({ pid, started: Number(fields()[21]) });
      await (await lockRun(folder)).release();
    } finally {
      parent.kill();
    }
  });

  it('of a former process with the same number is taken over', async () => {
    left({ pid: process.pid });
    await (await lockRun(folder)).release();
  });

  for (const text of ['', '{', 'null', '{"pid": 1}', 'my own notes'])
    it(`that says no holder but '${text}' is left alone, and the user told to judge`, async () => {
      writeFileSync(lock, text);
      await assert.rejects(lockRun(folder), refused(/perhaps another process is training.*delete .*training\.lock/));
      assert.equal(readFileSync(lock, 'utf8'), text);
    });

  it('goes to just one of several that take over the same stale one at once', async () => {
    left({ pid: gone() });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)));
    const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    assert.equal(held.length, 1);
    await held[0]!.release();
    assert.ok(!existsSync(lock));
  });

  it('is not released by one who lost it', async () => {
    const held = await lockRun(folder);
    left({ pid: process.ppid });
    await assert.rejects(held.assertHeld(), refused(/cannot be saved .*is not the lock of this training/));
    await held.release();
    assert.ok(existsSync(lock));
  });

  it('is known to be held until it is deleted', async () => {
    const held = await lockRun(folder);
    await held.assertHeld();
    rmSync(lock);
    await assert.rejects(held.assertHeld(), refused(/cannot be saved .*ENOENT/));
  });

  it('is taken over where the one who took it over was killed half-way', async () => {
    left({ pid: gone() });
    writeFileSync(`${lock}.next`, readFileSync(lock));
    const held = await lockRun(folder);
    assert.deepEqual(readdirSync(folder), ['training.lock']);
    await held.release();
  });

  it('says so where the folder is none or cannot be written', async () => {
    await assert.rejects(
      lockRun(join(folder, 'none')),
      refused(/cannot be locked for training.*choose another folder/),
    );
    writeFileSync(lock, '');
    await assert.rejects(lockRun(lock), refused(/cannot be locked for training/));
    rmSync(lock);
    mkdirSync(lock);
    await assert.rejects(lockRun(folder), refused(/delete .*training\.lock/));
  });
});

describe('the lock of a run folder, among processes', () => {
  const folder = temporaryFolder();
  // Asked for a folder at a moment, tries to lock it and answers whether it does; then holds it until told to let go.
  const script = `
    import { lockRun } from '${new URL('../../../train/dist/fit/run-lock.js', import.meta.url).href}';
    let lock;
    process.on('message', async ({ folder, at }) => {
      if (folder === undefined) return process.send(await lock?.release().then(() => 'released') ?? 'nothing');
      while (Date.now() < at - 3) await new Promise((done) => setTimeout(done, 1));
      while (performance.timeOrigin + performance.now() < at);
      lock = await lockRun(folder).catch(() => undefined);
      process.send(lock !== undefined);
    });
    process.send('ready');
  `;
  let processes: ChildProcess[];
  const answers = () => Promise.all(processes.map(async (child) => (await once(child, 'message'))[0]));

  before(async () => {
    processes = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    await answers();
  });
  after(() => {
    for (const child of processes) child.kill();
  });

  /** How many of the processes come to hold the folder, where they come a little after one another. */
  async function holders(run: string, apart: number): Promise<number> {
    const start = Date.now() + 30;
    const outcomes = answers();
    processes.forEach((child, i) => void child.send({ folder: run, at: start + i * apart }));
    const held = (await outcomes).filter(Boolean).length;
    const released = answers();
    for (const child of processes) child.send({});
    await released;
    return held;
  }

  for (const [what, lock] of [
    ['with no lock', undefined],
    ['with the lock of a process that is gone', { pid: gone(), host: hostname(), started: 0, id: 'x' }],
  ] as const)
    it(`goes to just one of six that come one after the other to a folder ${what}`, async () => {
      const held: number[] = [];
      for (let round = 0; round < 32; round++) {
        const run = join(folder, `${lock === undefined}-${round}`);
        mkdirSync(run);
        if (lock) writeFileSync(join(run, 'training.lock'), JSON.stringify(lock));
        held.push(await holders(run, 0.5 * (round % 8)));
        assert.deepEqual(readdirSync(run), []);
      }
      assert.deepEqual(held, Array(32).fill(1));
    });

  it('is respected while the other process is running, and free when it was killed', async () => {
    const [child] = processes;
    const answer = once(child!, 'message');
    child!.send({ folder, at: 0 });
    await answer;
    await assert.rejects(lockRun(folder), refused(new RegExp(`process ${child!.pid} on .* is training into this`)));
    child!.kill('SIGKILL');
    await once(child!, 'exit');
    await (await lockRun(folder)).release();
  });
});
