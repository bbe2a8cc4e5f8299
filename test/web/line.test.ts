// Who is served first where windows wait for one model.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root } from '../support/index.js';

type Line = typeof import('../../infer/web/dist/line.js');
const { makeLine } = (await import(pathToFileURL(join(root, 'infer/web/dist/line.js')).href)) as Line;

describe('a line of windows', () => {
  /** Which pieces of work were done, in order. */
  let done: string[];
  /** Ends the piece of work that is under way. */
  let end: () => void;
  let line: ReturnType<Line['makeLine']>;
  beforeEach(() => {
    done = [];
    end = () => {};
    line = makeLine();
  });

  const piece = (name: string) => () =>
    new Promise<void>((resolve) => {
      end = () => {
        done.push(name);
        resolve();
      };
    });

  it('serves who came first, also where it comes back only when its last piece is done', async () => {
    const [first, next] = [line.enter(), line.enter()];
    const nexts = [next.turn(piece('next 1')), next.turn(piece('next 2'))]; // the first has not begun
    const firsts = first.turn(piece('first 1')).then(() => first.turn(piece('first 2')));
    for (let i = 0; i < 3; i++) {
      await setImmediate();
      end();
    }
    await firsts;
    first.leave();
    await setImmediate();
    end();
    await Promise.all(nexts);
    assert.deepEqual(done, ['next 1', 'first 1', 'first 2', 'next 2']);
  });

  it('serves the next one where the first does not come back soon, and when it has left', async () => {
    const [first, next] = [line.enter(), line.enter()];
    await first.turn(async () => done.push('first'));
    await next.turn(async () => done.push('next')); // it waits for nothing but time
    assert.deepEqual(done, ['first', 'next']);
    first.leave();
    await next.turn(async () => done.push('next again'));
    next.leave();
    assert.equal(done.at(-1), 'next again');
  });

  it('goes on when a piece of work fails', async () => {
    const [first, next] = [line.enter(), line.enter()];
    const failing = first.turn(() => Promise.reject(new Error('broken')));
    const waiting = next.turn(async () => done.push('next'));
    await assert.rejects(failing, /broken/);
    await waiting;
    assert.deepEqual(done, ['next']);
  });

  it('lets go at once of who is stopped while it waits', async () => {
    const controller = new AbortController();
    const [first, stopped, last] = [line.enter(), line.enter(controller.signal), line.enter()];
    const working = first.turn(piece('first'));
    const [given, after] = [stopped.turn(piece('stopped')), last.turn(async () => done.push('last'))];
    controller.abort(new Error('enough'));
    await assert.rejects(given, /enough/);
    await assert.rejects(stopped.turn(piece('stopped')), /enough/);
    stopped.leave();
    await setTimeout(30);
    assert.deepEqual(done, []); // the first is still at work
    end();
    await working;
    first.leave();
    await after;
    assert.deepEqual(done, ['first', 'last']);
  });
});
