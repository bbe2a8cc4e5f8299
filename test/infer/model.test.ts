// Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferError, spectraInputs, unmix } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { type ModelCard, ModelCardError } from '@egunet/models/card';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import {
  cardBands,
  golden,
  goldenAbundances,
  hashedSpectra,
  memoryReader,
  modelCard,
  modelPath,
  withCard,
} from './support.js';

const model = readFileSync(modelPath);
const B = 8;
const C = 3;

const largestDifference = (a: Float32Array, b: Float32Array): number => {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
};

describe('an opened model', () => {
  it('gives the abundances that Python gives, on one thread and on several', async () => {
    const { spectra, abundances } = goldenAbundances();
    for (const threads of [1, 3, undefined]) {
      const { session, release } = await openModel(modelPath, { threads });
      // The same kernels in another version of the runtime: a few units in the last place of numbers below 1.
      assert.ok(largestDifference(await session.run(spectraInputs(spectra, 64)), abundances) < 1e-6);
      await release();
    }
  });

  it('knows its card and the path it was given', async () => {
    const opened = await openModel(modelPath, { device: 'cpu' });
    assert.deepEqual(opened.card, modelCard());
    assert.equal(opened.path, modelPath);
    await opened.release();
  });

  it('unmixes a scene in tiles of any size to the same bits as in one piece', async () => {
    const rows = 37;
    const cols = 41; // 1517 pixels: more than one run
    const { card, session, release } = await openModel(modelPath, { threads: 2 });
    const valid = Uint8Array.from({ length: rows * cols }, (_, i) => (i % 7 === 3 || i < 60 ? 0 : 1));
    const bands = cardBands(card);
    const whole = async (block: { rows: number; cols: number }, tile: { rows: number; cols: number }) => {
      const reader = memoryReader({ rows, cols, bands, valid, block, spectra: hashedSpectra(rows * cols * B) });
      const map = new Float32Array(rows * cols * C);
      for await (const { window, abundances } of unmix(session, reader, { card, tile }))
        for (let r = 0; r < window.rows; r++)
          map.set(
            abundances.subarray(r * window.cols * C, (r + 1) * window.cols * C),
            ((window.row + r) * cols + window.col) * C,
          );
      return Buffer.from(map.buffer);
    };
    const untiled = await whole({ rows, cols }, { rows, cols });
    const side = (max: number) => fc.integer({ min: 1, max });
    const shape = fc.record({ rows: side(rows), cols: side(cols) });
    await fc.assert(
      fc.asyncProperty(shape, shape, async (block, tile) => {
        fc.pre(tile.rows * tile.cols >= 20); // fewer, larger runs: each is of 1024 pixels
        assert.ok((await whole(block, tile)).equals(untiled));
      }),
      { seed: 1, numRuns: 25 },
    );
    await release();
  });

  it('fails with a tagged error when it is run on the wrong number of values, or after its release', async () => {
    const { session, release } = await openModel(modelPath);
    await assert.rejects(session.run(spectraInputs(new Float32Array(7), 1)), {
      _tag: 'InferError',
      message: /running the model/,
    });
    await release();
    await assert.rejects(session.run(spectraInputs(new Float32Array(8), 1)), {
      _tag: 'InferError',
      message: /running the model/,
    });
  });
});

describe('opening a model refuses', () => {
  const folder = temporaryFolder();
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const refused = (path: string, message: RegExp, tag = 'InferError') =>
    assert.rejects(openModel(path), (error: InferError) => {
      assert.equal(error._tag, tag);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(path) && !error.message.includes('\n'), error.message);
      return true;
    });

  it('what is not there or not a file', async () => {
    await refused(join(folder, 'none.onnx'), /there is no such file or folder; check the path/);
    await refused(folder, /is not a file; give the \.onnx file/);
    await refused(join(file('plain', 'text'), 'model.onnx'), /a part of the path is not a folder/);
  });

  it('what is not a whole model', async () => {
    await refused(file('empty.onnx', ''), /not an ONNX model: there is no graph/);
    await refused(file('text.onnx', 'wavelength,tree,water\n450,0.1,0.2\n'), /not (a complete|an) ONNX model/);
    await refused(file('short.onnx', model.subarray(0, 1000)), /not a complete ONNX model/);
  });

  it('the models of others', async () => {
    await refused(golden('foreign.onnx'), /not one of egunet's/);
  });

  it('a wrong card, naming the field', async () => {
    const path = file('card.onnx', withCard(model, { ...modelCard(), inputScale: 0 }));
    await refused(path, /card\.inputScale should be a positive number, got 0/, 'ModelCardError');
  });

  it('a graph that is not what the card says', async () => {
    const fits = (card: ModelCard) => file('graph.onnx', withCard(model, card));
    const { bands, endmembers, ...rest } = modelCard();
    const fewer = endmembers.map(({ name, spectrum }) => ({ name, spectrum: spectrum.slice(1) }));
    await refused(
      fits({ ...rest, bands: bands.slice(1), endmembers: fewer }),
      /expected spectra: float32 \[pixels, 7\] -> abundances: float32 \[pixels, 3\], got spectra: float32 \[pixels, 8\]/,
    );
    await refused(fits({ ...rest, bands, endmembers: endmembers.slice(1) }), /expected .* \[pixels, 2\], got/);
    const renamed = Buffer.from(model.toString('latin1').replaceAll('abundances', 'elsewhere_'), 'latin1');
    await refused(file('renamed.onnx', renamed), /got .* -> elsewhere_: float32/);
  });

  it('a model that onnxruntime cannot load', async () => {
    const unknown = Buffer.from(model.toString('latin1').replaceAll('Softmax', 'Softmix'), 'latin1');
    await refused(file('unknown.onnx', unknown), /onnxruntime cannot load the model: .*Softmix/);
  });

  it('thread counts that make no sense', async () => {
    for (const threads of [0, 1.5, Number.NaN])
      await assert.rejects(openModel(modelPath, { threads }), { _tag: 'InferError', message: /whole number >= 1/ });
  });

  it('damaged models with tagged errors only, or runs them', async () => {
    const edits = fc.array(fc.tuple(fc.nat(model.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    const { spectra } = goldenAbundances();
    const bands = cardBands(modelCard());
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const damaged = Uint8Array.from(model);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          const { session, card, release } = await openModel(file('damaged.onnx', damaged), { threads: 1 });
          const reader = memoryReader({ rows: 8, cols: 8, bands, spectra });
          for await (const tile of unmix(session, reader, { card, batch: 64 })) assert.equal(tile.validPixels, 64);
          await release();
        } catch (error) {
          assert.ok(error instanceof InferError || error instanceof ModelCardError, String(error));
          assert.doesNotMatch(error.message, /\n/);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});
