import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { progressOn } from 'egunet/dist/support/progress.js';
import { requireProgram, temporaryFolder } from '../support/index.js';
import { binary, mixedScene, succeed, writeEnvi } from './support.js';

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

    /** Runs under a pseudo-terminal, and presses Ctrl-C when `when` is on the screen. */
    function onTerminal(args: readonly string[], when?: RegExp): Promise<{ screen: string; code: number | null }> {
      return new Promise((resolve, reject) => {
        const line = [process.execPath, binary, ...args].map((arg) => `'${arg}'`).join(' ');
        const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], { cwd: folder });
        let screen = '';
        let pressed = false;
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          screen += text;
          if (when && !pressed && when.test(screen)) pressed = child.stdin.write('\x03') || true;
        });
        child.on('error', reject);
        child.on('close', (code) => resolve({ screen, code }));
      });
    }

    it('leaves a terminal as it was', async function () {
      requireProgram(this, 'script', 'apt-get install bsdutils');
      const { screen, code } = await onTerminal(train);
      assert.equal(code, 0, screen);
      assert.match(screen, /\rtraining \[={24}\] 100% in [^\n]*\n/);
      assert.ok(!leavesTraces(screen), screen);
    });

    it('leaves a terminal as it was after Ctrl-C, each message on a line of its own', async function () {
      requireProgram(this, 'script', 'apt-get install bsdutils');
      const long = ['train', 'scene.img', '-n', '3', '--epochs', '100000', '--overwrite', '-o', 'long'];
      const { screen, code } = await onTerminal(long, /epoch \d/);
      assert.equal(code, 130, screen);
      assert.match(screen, /\negunet: stopping: epochs that are done are kept/);
      assert.match(screen, /\negunet: interrupted after \d+ of 100000 epochs; the run is saved/);
      assert.ok(!leavesTraces(screen), screen);
    });
  });
});
