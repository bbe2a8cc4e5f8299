import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { lockRun, TrainError } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';

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
    const release = await lockRun(folder);
    const { pid, host } = JSON.parse(readFileSync(lock, 'utf8'));
    assert.deepEqual([pid, host], [process.pid, hostname()]);
    await release();
    assert.ok(!existsSync(lock));
    await (await lockRun(folder))();
  });

  it('refuses a second training in the same process, and says whose it is and what to do', async () => {
    const release = await lockRun(folder);
    const says = new RegExp(
      `process ${process.pid} on ${hostname()} is training into this folder; wait for it or choose another folder.*delete .*training\\.lock`,
    );
    await assert.rejects(lockRun(folder), refused(says));
    assert.ok(existsSync(lock), 'the refused one leaves the lock alone');
    await release();
  });

  it('of another process that is running is respected', async () => {
    left({ pid: process.ppid });
    await assert.rejects(lockRun(folder), refused(/is training into this folder/));
  });

  it('of a process on another host is respected', async () => {
    left({ pid: gone(), host: `${hostname()}-other` });
    await assert.rejects(lockRun(folder), refused(/on .*-other is training/));
  });

  it('of a process that is gone is taken over', async () => {
    left({ pid: gone() });
    const release = await lockRun(folder);
    assert.equal(JSON.parse(readFileSync(lock, 'utf8')).pid, process.pid);
    await release();
    assert.ok(!existsSync(lock));
  });

  it('of a former process with the same number is taken over', async () => {
    left({ pid: process.pid });
    await (await lockRun(folder))();
  });

  for (const text of ['', '{', 'null', '{"pid": "x"}'])
    it(`that a crash left as '${text}' is taken over`, async () => {
      writeFileSync(lock, text);
      await (await lockRun(folder))();
    });

  it('goes to just one of several that take over the same stale one at once', async () => {
    left({ pid: gone() });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)));
    const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    assert.equal(held.length, 1);
    await held[0]!();
    assert.ok(!existsSync(lock));
  });

  it('is not released by one who lost it', async () => {
    const release = await lockRun(folder);
    left({ pid: process.ppid });
    await release();
    assert.ok(existsSync(lock));
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
    await assert.rejects(lockRun(folder), refused(/cannot be locked for training/));
  });
});
