// Trainings that cannot go on, or should not: what is kept, what is said, and that the run can be used afterwards.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertDataRequest } from 'egunet/dist/pipeline/data-request.js';
import { trainRun } from 'egunet/dist/pipeline/train-run.js';
import { temporaryFolder } from '../support/index.js';
import { whileRunning } from './running.js';
import { assertFails, egunet, mixedScene, succeed, writeEnvi } from './support.js';

/** The line that says why a command failed. */
const last = (text: string) => /^egunet: .*$/m.exec(text)?.[0] ?? text;

describe('a training', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const scene = writeEnvi(folder, 'scene', mixedScene());
  // One step an epoch, a few milliseconds each.
  const train = ['train', scene, '-n', '3', '--batch', '400', '--epochs', '40', '--verbose'];
  const describeRun = (run: string) => JSON.parse(succeed(['info', run, '--json'], folder).stdout)[0];

  describe('whose folder cannot be written any more', () => {
    // A run folder is the target of a link that is bent while the training goes on: then every writing fails, for root too.
    const bend = (run: string) => () => {
      rmSync(at(run));
      symlinkSync(at('scene.hdr'), at(run));
    };
    const mend = (run: string) => {
      rmSync(at(run));
      symlinkSync(at(`${run}-target`), at(run));
    };
    const linked = (run: string) => {
      mkdirSync(at(`${run}-target`));
      symlinkSync(at(`${run}-target`), at(run));
    };

    before(() => void succeed([...train, '-o', 'whole'], folder));

    it('keeps what it saved, says so, and goes on from there to the weights of one that was not disturbed', async () => {
      linked('full');
      const outcome = await whileRunning([...train, '--save-every', '0', '-o', 'full'], {
        cwd: folder,
        when: /epoch 5\/40/,
        act: bend('full'),
      });
      assert.equal(outcome.code, 1);
      assert.match(
        last(outcome.stderr),
        /^egunet: full: the run cannot be saved \(.*\); the first (\d+) epochs are kept; .* go on with: egunet train -o full --resume$/,
      );
      mend('full');
      const kept = Number(/the first (\d+) epochs/.exec(last(outcome.stderr))![1]);
      assert.equal(describeRun('full').epoch, kept);
      assert.ok(kept >= 4 && kept < 40, `${kept}`);
      succeed(['train', '-o', 'full', '--resume'], folder);
      assert.deepEqual(readdirSync(at('full')), readdirSync(at('whole')));
      for (const name of readdirSync(at('whole')))
        assert.ok(readFileSync(join(at('full'), name)).equals(readFileSync(join(at('whole'), name))), name);
    });

    it('says that nothing is kept where nothing was saved yet, and does not stand in the way of the next one', async () => {
      linked('first');
      const outcome = await whileRunning([...train, '-o', 'first'], {
        cwd: folder,
        when: /epoch 2\/40/,
        act: bend('first'),
      });
      assert.equal(outcome.code, 1);
      assert.match(last(outcome.stderr), /cannot be saved .*; nothing of this training is kept; .* train again$/);
      mend('first');
      succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'first'], folder);
    });

    it('leaves nothing where the very first saving cannot be completed', async () => {
      const outcome = await whileRunning([...train, '-o', 'taken'], {
        cwd: folder,
        when: /epoch 2\/40/,
        act: () => mkdirSync(at('taken/manifest.json')), // nothing can be renamed over a folder
      });
      assert.match(last(outcome.stderr), /cannot be saved .*; nothing of this training is kept/);
      assert.deepEqual(readdirSync(at('taken')), ['manifest.json']);
    });
  });

  describe('into a folder of the user', () => {
    /** Trains with a name that is no scene, then with a scene: both times nothing in `run` changes. */
    const spares = (run: string, flags: readonly string[]) => {
      const contents = () => readdirSync(at(run)).map((name) => [name, readFileSync(at(`${run}/${name}`), 'latin1')]);
      const before = contents();
      for (const name of ['nosuch.tif', scene])
        assertFails(
          ['train', name, '-n', '3', '--epochs', '1', '-o', run, ...flags],
          folder,
          new RegExp(
            `^egunet: ${run}: holds something that is not a run of egunet train \\(${before[0]![0]}\\); .*remove`,
          ),
        );
      assert.deepEqual(contents(), before);
    };

    for (const flags of [[], ['--overwrite']]) {
      it(`touches no file that is named a little as its own${flags.length ? ', with --overwrite' : ''}`, () => {
        mkdirSync(at('mine'), { recursive: true });
        for (const name of ['probe.bin', 'state-1.bin']) writeFileSync(at(`mine/${name}`), 'data');
        spares('mine', flags);
      });

      it(`keeps the weights of a run that lost its manifest${flags.length ? ', with --overwrite' : ''}`, () => {
        succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'broken'], folder);
        rmSync(at('broken/manifest.json'));
        spares('broken', flags);
        rmSync(at('broken'), { recursive: true });
      });
    }

    it('is begun in one that holds nothing but half-written files of a training that was killed', () => {
      mkdirSync(at('parts'));
      writeFileSync(at('parts/manifest.json.00000000-0000-4000-8000-000000000000.part'), '');
      succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'parts'], folder);
      assert.equal(readdirSync(at('parts')).length, 3);
    });

    it('makes none of the folders above its own where it fails', () => {
      mkdirSync(at('there'));
      for (const run of ['a/b/run', 'there/b/run'])
        assertFails(['train', 'nosuch.tif', '-o', run], folder, /nosuch\.tif/);
    });
  });

  describe('that is to be resumed', () => {
    it('is refused where there is no run, even no folder', () => {
      mkdirSync(at('empty'));
      for (const run of ['typo', 'empty'])
        assertFails(['train', '-o', run, '--resume'], folder, /not a run of egunet train/);
    });

    it('but is finished needs no lock', () => {
      succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'finished'], folder);
      mkdirSync(at('finished/training.lock')); // no file can be made there, for root too
      assert.match(succeed(['train', '-o', 'finished', '--resume'], folder).stderr, /nothing to resume/);
    });
  });

  describe('that diverges', () => {
    const wild = (rate: string) => ['train', scene, '-n', '3', '--batch', '400', '--learning-rate', rate];

    it('names the epoch and the remedy, and keeps the last good state though it was not due to be saved', () => {
      const { code, stdout, stderr } = egunet([...wild('1e14'), '--epochs', '12', '-o', 'late'], folder);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      const says =
        /not finite in epoch (\d+) of 12; train anew with a smaller learning rate than 1\d+ \(--learning-rate\); late keeps the state before it, after (\d+)$/;
      const [, epoch, kept] = says.exec(last(stderr)) ?? assert.fail(last(stderr));
      assert.equal(Number(kept), Number(epoch) - 1);
      assert.ok(Number(kept) >= 1);
      const { epoch: saved, lastLosses } = describeRun('late');
      assert.equal(saved, Number(kept));
      assert.ok(Number.isFinite(lastLosses.total));
      assert.ok(!readdirSync(at('late')).includes('training.lock'));
    });

    it('in its first epoch leaves nothing', () => {
      const args = ['train', scene, '-n', '3', '--epochs', '2', '--learning-rate', '1e38', '-o', 'never'];
      assertFails(args, folder, /not finite in epoch 1 of 2; train anew with a smaller .*\(--learning-rate\)$/);
    });

    // 1e9: logits of millions. 10: the same abundances in every pixel.
    for (const rate of ['1e9', '10'])
      it(`to finite but useless weights (rate ${rate}) is told in a note with the remedy`, () => {
        const args = ['train', scene, '-n', '3', '--epochs', '30', '--learning-rate', rate, '-o', `useless-${rate}`];
        const notes = succeed(args, folder)
          .stderr.split('\n')
          .filter((line) => line.startsWith('note: '));
        assert.equal(notes.length, 1);
        assert.match(
          notes[0]!,
          /of the last epoch, .*: the network has learned nothing of use; train anew with a smaller --learning-rate than 1/,
        );
      });

    it('is not suspected where the network learns', () => {
      const { stderr } = succeed(['train', scene, '-n', '3', '--epochs', '5', '-o', 'sound'], folder);
      assert.doesNotMatch(stderr, /note: /);
    });
  });

  it('of a few candidates is told so', () => {
    const args = ['train', scene, '-n', '3', '--epochs', '1', '--max-blocks', '1', '-o', 'few'];
    assert.match(
      succeed(args, folder).stderr,
      /^note: 3 candidates are few to learn 3 endmembers from, fewer than 10 for each; raise --max-blocks, /m,
    );
  });

  it('goes on as it was begun where its run says nothing of the method: by K-means', async () => {
    const control = { signal: new AbortController().signal, startProgress: () => ({ update() {}, stop() {} }) };
    const request = { scene, open: {}, exclude: [], seed: 1, method: undefined, count: 3 };
    await trainRun(at('early'), request, { control, saveEvery: 60, overwrite: false, settings: { epochs: 1 } });
    const path = at('early/manifest.json');
    const { settings, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
    assert.ok(!('method' in manifest.request));
    assert.equal(manifest.facts.endmemberMethod, 'kmeans, number given');
    writeFileSync(path, JSON.stringify({ ...manifest, settings: { ...settings, epochs: 2 } }));
    succeed(['train', '-o', 'early', '--resume'], folder);
  });

  it('is refused where the run that it is to go on with says what it was trained on in another way', () => {
    succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'edited'], folder);
    const path = at('edited/manifest.json');
    const { request, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
    const resume = ['train', '-o', 'edited', '--resume'];
    const unfinished = { ...manifest, settings: { ...manifest.settings, epochs: 2 } };
    writeFileSync(path, JSON.stringify({ ...unfinished, request: null }));
    assertFails(
      resume,
      folder,
      /manifest\.json: request should be an object, got null; train anew with egunet train SCENE$/,
    );
    assertDataRequest(request, path);
    const wrong: [change: object, says: RegExp][] = [
      [{ scene: 5 }, /request\.scene should be text, got 5; train anew/],
      [{ open: { rows: 'x' } }, /request\.open\.rows should be a whole number/],
      [{ exclude: [[1340]] }, /request\.exclude\[0\] should be a list of at least 2/],
      [{ maxPixels: '9' }, /request\.maxPixels should be a whole number/],
      [{ seed: 0.5 }, /request\.seed should be a whole number >= 0, got 0\.5/],
      [{ library: 1 }, /request\.library should be text/],
      [{ method: 'vca' }, /request\.method should be one of "agreed", "refined", "subset", "kmeans", got "vca"/],
      [{ countBy: 'eye' }, /request\.countBy should be one of "hysime", "residual", got "eye"/],
      [{ brightness: 1 }, /request\.brightness should be one of "absolute", "bounded", "equalised", got 1/],
    ];
    for (const [change, message] of wrong)
      assert.throws(() => assertDataRequest({ ...request, ...change }, path), { _tag: 'CommandError', message });
  });
});
