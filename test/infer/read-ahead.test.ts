// Spectra read while a model works elsewhere on those before. Legend: B bands, C endmembers.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  makeQualityMeter,
  planUnmixing,
  type Session,
  type SpectraReader,
  unmixAround,
  unmixWindow,
} from '@egunet/infer';
import { root } from '../support/index.js';
import { cardBands, hashedSpectra, memoryReader, modelCard, proportionSession } from './support.js';

// A part of the room that is nobody's else.
const { readAhead }: typeof import('../../infer/node/dist/read-ahead.js') = await import(
  pathToFileURL(join(root, 'infer/node/dist/read-ahead.js')).href
);

const card = modelCard();
const [B, C] = [card.bands.length, card.endmembers.length];
const [ROWS, COLS, BATCH] = [10, 6, 16];
const window = { row: 0, col: 0, rows: ROWS, cols: COLS };
const damage = { block: 'block 2', window: { row: 4, col: 0, rows: 2, cols: COLS } };

/** A scene whose packs lie in the same arrays, which it spoils before the next; rows 4 and 5 may be damaged. `log` is told of each pack. */
function spoilingReader(log: string[], { damaged = false } = {}): SpectraReader {
  const spectra = hashedSpectra(ROWS * COLS * B);
  const reader = memoryReader({ rows: ROWS, cols: COLS, bands: cardBands(card), spectra });
  return {
    ...reader,
    async *streamSpectra(part, bands, pixels, options) {
      let packs = 0;
      try {
        for await (const pack of reader.streamSpectra(part, bands, pixels, options)) {
          log.push('read');
          if (damaged && packs++ > 0 && part.row < 6 && part.row + part.rows > 4)
            throw Object.assign(new Error('block 2 cannot be decoded'), { damaged: damage });
          yield pack;
          pack.pixels.fill(7777);
          pack.spectra.fill(Number.NaN);
        }
      } finally {
        log.push('closed');
      }
    },
  };
}

/** `proportionSession`, which copies what it is given and takes its time, elsewhere. `log` is told when a run begins and ends. */
function distantSession(log: string[], { failsAt = -1 } = {}): Session & { readonly most: number } {
  const { run } = proportionSession(B, C);
  let [atOnce, most, runs] = [0, 0, 0];
  return {
    get most() {
      return most;
    },
    async run(inputs) {
      const fails = runs++ === failsAt;
      most = Math.max(most, ++atOnce);
      log.push('begin');
      await setTimeout(5);
      log.push('end');
      atOnce--;
      if (fails) throw new Error('the device was lost');
      return run(inputs);
    },
    async release() {},
  };
}

const options = (reader: SpectraReader, more = {}) => {
  const { plan } = planUnmixing(reader, { card, batch: BATCH });
  return { card, plan, batch: BATCH, ...more };
};

/** What comes of the window as it is read here. */
const expected = (more = {}) => {
  const reader = spoilingReader([]);
  return unmixWindow(proportionSession(B, C), { reader, window }, options(reader, more));
};

describe('a window read ahead of its runs', () => {
  for (const quality of [undefined, makeQualityMeter(card)])
    it(`has the same bits, ${quality ? 'with' : 'without'} bands of quality`, async () => {
      const reader = readAhead(spoilingReader([]));
      const found = await unmixWindow(distantSession([]), { reader, window }, options(reader, { quality }));
      assert.deepEqual(found, await expected({ quality }));
      assert.ok(!found.abundances.some(Number.isNaN));
    });

  it('is one pack ahead, and runs follow one another', async () => {
    const log: string[] = [];
    const reader = readAhead(spoilingReader(log));
    const session = distantSession(log);
    await unmixWindow(session, { reader, window }, options(reader));
    assert.equal(session.most, 1);
    const run = ['begin', 'read', 'end'];
    assert.deepEqual(log, ['read', ...run, ...run, ...run, 'begin', 'closed', 'end']); // 60 pixels in packs of 16
  });

  it('loses what is damaged alone, noticed while a run is under way', async () => {
    const log: string[] = [];
    const reader = readAhead(spoilingReader(log, { damaged: true }));
    const session = distantSession(log);
    const found = await unmixAround(session, { reader, window }, options(reader));
    assert.equal(session.most, 1);
    assert.deepEqual(found.damaged, [{ ...damage, pixels: 2 * COLS }]);
    const { abundances } = await expected();
    abundances.fill(Number.NaN, 4 * COLS * C, 6 * COLS * C);
    assert.deepEqual(found.abundances, abundances);
  });

  it("rejects with a run's error, and closes the reader", async () => {
    for (const failsAt of [0, 1, 3]) {
      const log: string[] = [];
      const reader = readAhead(spoilingReader(log));
      const work = unmixWindow(distantSession(log, { failsAt }), { reader, window }, options(reader));
      await assert.rejects(work, /the device was lost/);
      assert.equal(log.filter((one) => one === 'begin').length, failsAt + 1);
      assert.equal(log.filter((one) => one === 'closed').length, 1);
    }
  });

  it('keeps what is known of the scene', () => {
    const { streamSpectra: _read, ...known } = spoilingReader([]);
    const { streamSpectra: _ahead, ...ahead } = readAhead({ ...spoilingReader([]), sensor: 'EnMAP' });
    assert.deepEqual({ ...known, windows: undefined }, { ...ahead, sensor: undefined, windows: undefined });
    assert.equal(ahead.sensor, 'EnMAP');
  });
});
