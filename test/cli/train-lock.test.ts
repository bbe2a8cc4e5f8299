// Two trainings and one folder.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockRun } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { whileRunning } from './running.js';
import { assertFails, binary, egunet, interrupted, mixedScene, type Outcome, succeed, writeEnvi } from './support.js';

describe('a run folder that a training is writing to', () => {
  const folder = temporaryFolder();
  const scene = writeEnvi(folder, 'scene', mixedScene());
  // One step an epoch, a few milliseconds each.
  const train = ['train', scene, '-n', '3', '--batch', '400', '--epochs', '40'];
  const contents = (run: string) =>
    readdirSync(join(folder, run)).map((name) => [name, readFileSync(join(folder, run, name), 'latin1')]);

  before(() => void succeed([...train, '-o', 'alone'], folder));

  it('is refused to others, who say whose it is; the first one ends as if alone', async () => {
    const others: Outcome[] = [];
    const act = () => {
      for (const args of [
        [...train, '--overwrite'],
        ['train', '--resume'],
      ])
        others.push(egunet([...args, '-o', 'run'], folder));
    };
    const first = await whileRunning([...train, '--save-every', '0', '--verbose', '-o', 'run'], {
      cwd: folder,
      when: /epoch 3\/40/,
      act,
    });
    for (const { code, stderr } of others) {
      assert.equal(code, 1);
      assert.match(
        stderr,
        /egunet: run: process \d+ on .* is training into this folder; wait for it or choose another folder .*training\.lock\)\n$/,
      );
    }
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(contents('run'), contents('alone'));
  });

  it('is refused before anything is saved there, too', async () => {
    const act = () => assertFails([...train, '-o', 'early'], folder, /is training into this folder/);
    const first = await whileRunning([...train, '--verbose', '-o', 'early'], {
      cwd: folder,
      when: /endmembers: restarts/,
      act,
    });
    assert.equal(first.code, 0, first.stderr);
  });

  it('that is new goes to one of two that start at once; the other one reads whose it is', async () => {
    const start = () =>
      new Promise<Outcome>((resolve) => {
        execFile(process.execPath, [binary, ...train, '-o', 'a/new/one'], { cwd: folder }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        );
      });
    const [winner, loser] = (await Promise.all([start(), start()])).sort((a, b) => a.code! - b.code!);
    assert.equal(winner!.code, 0, winner!.stderr);
    assert.equal(loser!.code, 1);
    assert.match(loser!.stderr, /egunet: a\/new\/one: process \d+ on .* is training into this folder/);
    assert.deepEqual(contents('a/new/one'), contents('alone'));
  });

  it('is not written to any more by a training that has lost it', async () => {
    const lock = join(folder, 'lost/training.lock');
    const other = JSON.stringify({ pid: process.pid, host: 'elsewhere', started: 0, id: 'other' });
    const outcome = await whileRunning([...train, '-o', 'lost', '--verbose'], {
      cwd: folder,
      when: /epoch 3\/40/,
      act: () => writeFileSync(lock, other),
    });
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.stderr,
      /egunet: lost: the run cannot be saved \(.* is not the lock of this training: .*elsewhere/,
    );
    assert.deepEqual(contents('lost'), [['training.lock', other]]);
  });

  it('is free again after Ctrl-C, and after a failure', async () => {
    const when = /epoch 3\/40/;
    assert.equal(
      (await interrupted([binary, ...train, '-o', 'stopped', '--verbose'], { cwd: folder, when })).code,
      130,
    );
    await (await lockRun(join(folder, 'stopped'))).release();
    const failing = [
      'train',
      scene,
      '-n',
      '3',
      '--learning-rate',
      '1e38',
      '--epochs',
      '2',
      '--overwrite',
      '-o',
      'stopped',
    ];
    assert.equal(egunet(failing, folder).code, 1);
    await (await lockRun(join(folder, 'stopped'))).release();
  });

  it('is taken over from a training that was killed', async () => {
    const args = [binary, ...train, '-o', 'killed', '--save-every', '0', '--verbose'];
    const outcome = await interrupted(args, { cwd: folder, when: /epoch 5\/40/, by: 'SIGKILL' });
    assert.equal(outcome.signal, 'SIGKILL');
    assert.ok(readdirSync(join(folder, 'killed')).includes('training.lock'));
    succeed(['train', '-o', 'killed', '--resume'], folder);
    assert.deepEqual(contents('killed'), contents('alone'));
  });

  it('is taken over from a training that was killed before it saved anything', async () => {
    const args = [binary, ...train, '-o', 'nothing', '--verbose'];
    const outcome = await interrupted(args, { cwd: folder, when: /endmembers: restarts/, by: 'SIGKILL' });
    assert.equal(outcome.signal, 'SIGKILL');
    assert.deepEqual(readdirSync(join(folder, 'nothing')), ['training.lock']);
    succeed([...train, '-o', 'nothing'], folder);
  });
});
