// Runs of a model in one place, over lines, as worker threads ask for them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { InferError, type Session, spectraInputs } from '@egunet/infer';
import { root } from '../support/index.js';

// A part of the room that is nobody's else.
const { serveRuns, sessionOver }: typeof import('../../infer/node/dist/runs.js') = await import(
  pathToFileURL(join(root, 'infer/node/dist/runs.js')).href
);

/** A session that doubles what it is given, counts the runs at work, and refuses runs of 13 pixels. */
function doubling() {
  const seen = { atOnce: 0, most: 0, order: [] as number[] };
  const session: Session = {
    async run([input]) {
      const [spectra, pixels] = [input!.data, input!.shape[0]];
      seen.most = Math.max(seen.most, ++seen.atOnce);
      seen.order.push(spectra[0]!);
      await setTimeout(2);
      seen.atOnce--;
      if (pixels === 13) throw new InferError('thirteen pixels are too many');
      return spectra.map((value) => 2 * value);
    },
    async release() {},
  };
  return { session, seen };
}

describe('runs in one place', () => {
  it('follow one another, whichever line they come over, and each line gets its own', async () => {
    const { session, seen } = doubling();
    const runs = serveRuns(session);
    const lines = Array.from({ length: 5 }, () => runs.open());
    const answers = await Promise.all(
      lines.map(async ({ port }, line) => {
        const remote = sessionOver(port);
        const got: number[] = [];
        for (let run = 0; run < 4; run++)
          got.push(...(await remote.run(spectraInputs(Float32Array.of(10 * line + run, 0.5), 1))));
        return got;
      }),
    );
    for (const line of lines) line.close();
    assert.equal(seen.most, 1);
    assert.equal(seen.order.length, 20);
    for (const [line, got] of answers.entries())
      assert.deepEqual(
        got,
        [0, 1, 2, 3].flatMap((run) => [2 * (10 * line + run), 1]),
      );
  });

  it('leave the spectra to who asked', async () => {
    const { port, close } = serveRuns(doubling().session).open();
    const memory = new Float32Array(8).fill(3);
    assert.deepEqual(await sessionOver(port).run(spectraInputs(memory.subarray(2, 4), 1)), Float32Array.of(6, 6));
    assert.deepEqual(memory, new Float32Array(8).fill(3));
    close();
  });

  it('hand on what the model threw, and go on', async () => {
    const { port, close } = serveRuns(doubling().session).open();
    const remote = sessionOver(port);
    await assert.rejects(remote.run(spectraInputs(new Float32Array(13), 13)), (error: InferError) => {
      assert.ok(error instanceof InferError);
      assert.equal(error.message, 'thirteen pixels are too many');
      return true;
    });
    assert.deepEqual(await remote.run(spectraInputs(Float32Array.of(4), 1)), Float32Array.of(8));
    close();
  });

  it('fail where the other end has gone', async () => {
    const { port, close } = serveRuns(doubling().session).open();
    const waiting = sessionOver(port).run(spectraInputs(Float32Array.of(1), 1));
    close();
    await assert.rejects(waiting, /the thread that runs the model has gone/);
  });
});
