import assert from 'node:assert/strict';
import { progressOn } from 'egunet/dist/support/progress.js';
import { requireProgram, temporaryFolder } from '../support/index.js';
import { onTerminal } from './running.js';
import { mixedScene, succeed, writeEnvi } from './support.js';

const ESCAPE = '\x1b';
/** Empties the rest of the line. */
const ERASE = `${ESCAPE}[K`;

/** Whether anything is sent that a killed program would leave behind: a hidden cursor, wrapping turned off, a place kept. */
const leavesTraces = (screen: string): boolean => screen.replaceAll(ERASE, '').includes(ESCAPE);

function written(terminal: { isTTY?: boolean; columns?: number }, verbose = false) {
  const said: string[] = [];
  const start = progressOn({ verbose, stream: { ...terminal, write: (text) => said.push(text) } });
  return { said, start };
}

describe('progress', () => {
  it('is one line on a terminal, drawn over itself and never wider than the terminal', () => {
    const { said, start } = written({ isTTY: true, columns: 40 });
    const line = start('reading', 4);
    line.update(2, 'a detail that is far too long for a terminal of forty columns');
    line.stop();
    assert.equal(said[0], `\rreading [${' '.repeat(24)}] 0%${ERASE}`);
    assert.match(said.at(-2)!, /^\rreading \[={12} {12}\] 50%/);
    assert.equal(said.at(-1), '\n');
    for (const text of said.slice(0, -1)) {
      assert.ok(text.startsWith('\r') && text.endsWith(ERASE) && !leavesTraces(text), text);
      assert.ok(text.length - 1 - ERASE.length < 40, text);
    }
  });

  it('goes on from where resumed work stands, and stays within its bar', () => {
    const { said, start } = written({ isTTY: true });
    const line = start('training', 10, 5);
    assert.equal(said[0], `\rtraining [${'='.repeat(12)}${' '.repeat(12)}] 50%${ERASE}`);
    line.update(11);
    line.stop();
    assert.match(said.at(-2)!, /\[={24}\] 100% in \d/);
  });

  it('reckons the time that is left by what was done in this go', () => {
    const clock = performance.now;
    let now = 1000;
    performance.now = () => now;
    try {
      for (const terminal of [{ isTTY: true }, {}]) {
        const { said, start } = written(terminal, !('isTTY' in terminal));
        const line = start('unmixing', 100, 80);
        now += 3000;
        line.update(85); // 5 of 20 in 3 s: 15 more in 9 s
        now += 3000;
        line.update(85);
        now += 6000;
        line.update(100);
        line.stop();
        const told = said.map((text) => /\d+% (ETA|in) [\w. ]*/.exec(text)?.[0]).filter(Boolean);
        assert.deepEqual([...new Set(told)], ['85% ETA 9.0 s', '85% ETA 18 s', '100% in 12 s']);
      }
    } finally {
      performance.now = clock;
    }
  });

  it('is plain lines where there is no terminal, and none for work that is over at once', () => {
    const { said, start } = written({});
    const silent = start('reading', 2);
    silent.update(2);
    silent.stop();
    assert.deepEqual(said, []);
    const telling = start('unmixing', 2);
    telling.update(2, '1.5 Mpixel/s');
    telling.stop();
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^unmixing 100% in \d+\.\d s 1\.5 Mpixel\/s\n$/);
  });

  it('is a line for every step where that is asked for, on a terminal too', () => {
    const { said, start } = written({ isTTY: true }, true);
    const line = start('reading', 2);
    line.update(1);
    line.update(2);
    line.stop();
    assert.match(said.join(''), /^reading 50% ETA [^\r]*\nreading 100% in [^\r]*\n$/);
  });

  describe('of the real program', () => {
    const folder = temporaryFolder();
    const train = ['train', 'scene.img', '-n', '3', '--epochs', '2', '--overwrite', '-o', 'run'];
    before(() => {
      writeEnvi(folder, 'scene', mixedScene());
    });

    it('sends no control characters into a pipe', () => {
      const { stderr, stdout } = succeed(train, folder);
      assert.match(stderr, /^training 100% in .*epoch 2\/2 loss /m);
      assert.doesNotMatch(stderr + stdout, /[^\n\x20-\x7e]/);
    });

    it('leaves a terminal as it was', async function () {
      requireProgram(this, 'script', 'apt-get install bsdutils');
      const { screen, code } = await onTerminal(train, { cwd: folder });
      assert.equal(code, 0, screen);
      assert.match(screen, /\rtraining \[={24}\] 100% in [^\n]*\n/);
      assert.ok(!leavesTraces(screen), screen);
    });

    it('leaves a terminal as it was after Ctrl-C, each message on a line of its own', async function () {
      requireProgram(this, 'script', 'apt-get install bsdutils');
      const long = ['train', 'scene.img', '-n', '3', '--epochs', '100000', '--overwrite', '-o', 'long'];
      const { screen, code } = await onTerminal(long, { cwd: folder, when: /epoch \d/ });
      assert.equal(code, 130, screen);
      assert.match(screen, /\negunet: stopping: epochs that are done are kept/);
      assert.match(screen, /\negunet: interrupted after \d+ of 100000 epochs; the run is saved/);
      assert.ok(!leavesTraces(screen), screen);
    });
  });
});
