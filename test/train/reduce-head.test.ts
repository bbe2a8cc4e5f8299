import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel, WEIGHT_LIMIT } from '@egunet/export';
import { parseModelCard } from '@egunet/models/card';
import {
  type Checkpoint,
  createRandom,
  DEFAULT_LIMITS,
  exportHead,
  fit,
  type HeadOptions,
  stacItem,
  TrainError,
} from '@egunet/train';
import * as ort from 'onnxruntime-node';
import { temporaryFolder } from '../support/index.js';
import { runHead } from './run-head.js';
import { mixtures } from './training-set.js';

const options = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };
const B = 15;

/** Abundances [n, 3] of pixels [n, 15] by a model file. */
const run = (bytes: Uint8Array, pixels: Float32Array) => runHead(bytes, pixels, B);

const rows = (values: Float32Array, size: number, parity: number) =>
  values.filter((_, i) => Math.floor(i / size) % 2 === parity);

describe('the head in less than float32', () => {
  const folder = temporaryFolder();
  const { set, facts } = mixtures({ pixels: 300, candidates: 100, bands: B });
  let checkpoint: Checkpoint;
  const exported = (more: Partial<HeadOptions> = {}) => exportHead(checkpoint, { ...options, ...more });
  before(async () => {
    ({ checkpoint } = await fit(set, facts, { epochs: 8 }));
  });

  it('is off by what its card says, on the pixels that it was not fitted to', async () => {
    const full = await run((await exported()).bytes, checkpoint.probe);
    for (const [precision, calibrationPixels] of [
      ['int8', 150],
      ['float16', 0],
    ] as const) {
      const { bytes, card } = await exported({ precision });
      const heldOut = precision === 'int8' ? rows(checkpoint.probe, B, 1) : checkpoint.probe;
      const expected = precision === 'int8' ? rows(full, 3, 1) : full;
      const errors = (await run(bytes, heldOut)).map((value, i) => Math.abs(value - expected[i]!));
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      const quantisation = card.quantisation!;
      assert.deepEqual(parseModelCard(decodeModel(bytes).metadata.egunet!), card);
      assert.equal(quantisation.precision, precision);
      assert.deepEqual(
        [quantisation.calibrationPixels, quantisation.heldOutPixels],
        [calibrationPixels, 300 - calibrationPixels],
      );
      // Three digits of each are kept.
      assert.ok(Math.abs(quantisation.meanError / mean - 1) < 0.006, `${quantisation.meanError}, ${mean}`);
      assert.ok(Math.abs(quantisation.maxError / Math.max(...errors) - 1) < 0.006);
      assert.ok(mean > 0 && mean < (precision === 'int8' ? 0.005 : 0.0005), `${mean}`);
    }
    assert.equal((await exported()).card.quantisation, undefined);
  });

  it('gives abundances, and clips what lies outside the training range', async () => {
    for (const precision of ['int8', 'float16'] as const) {
      const { bytes } = await exported({ precision });
      const brightest = 1 / checkpoint.inputScale;
      const values = [-1e30, 0, brightest, 2 * brightest, 1e30].map((value) => new Float32Array(B).fill(value));
      const [far, dark, bright, twice, huge] = await Promise.all(values.map((value) => run(bytes, value)));
      assert.deepEqual(far, dark);
      assert.deepEqual(huge, twice);
      for (const [c, value] of twice!.entries()) assert.ok(Math.abs(value - bright![c]!) < 1e-5);
      const all = await run(bytes, set.pixels);
      for (let p = 0; p < 300; p++) {
        const one = all.subarray(3 * p, 3 * p + 3);
        assert.ok(one.every((value) => value >= 0) && Math.abs(one[0]! + one[1]! + one[2]! - 1) < 1e-5);
      }
    }
  });

  it('keeps input, output, opset and operators of the standard', async () => {
    const { graph, opset, irVersion } = decodeModel((await exported({ precision: 'int8' })).bytes);
    assert.deepEqual([irVersion, opset], [8, 17]);
    assert.deepEqual(graph.inputs, [{ name: 'spectra', type: 'float32', shape: ['pixels', B] }]);
    assert.deepEqual(graph.outputs, [{ name: 'abundances', type: 'float32', shape: ['pixels', 3] }]);
    const integers = graph.initializers.filter(({ type, shape }) => type === 'int8' && shape.length === 2);
    assert.deepEqual(
      integers.map(({ shape }) => shape),
      [
        [B, 256],
        [256, 128],
      ],
    );
    for (const { data } of integers)
      for (const byte of new Int8Array(data.slice().buffer)) assert.ok(Math.abs(byte) <= WEIGHT_LIMIT);
  });

  it('runs its wide layers on integer kernels', async () => {
    const optimizedModelFilePath = join(folder, 'optimised.onnx');
    const { bytes } = await exported({ precision: 'int8' });
    const session = await ort.InferenceSession.create(bytes, { optimizedModelFilePath, logSeverityLevel: 3 });
    await session.release();
    const ops = decodeModel(readFileSync(optimizedModelFilePath)).graph.nodes.map(({ op }) => op);
    assert.deepEqual(
      ops.filter((op) => /Gemm/.test(op)),
      ['QGemm', 'QGemm', 'FusedGemm', 'Gemm'],
    );
  });

  it('is the same bytes again', async () => {
    for (const precision of ['int8', 'float16'] as const) {
      const [one, two] = [await exported({ precision }), await exported({ precision })];
      assert.ok(Buffer.from(one.bytes).equals(two.bytes));
    }
  });

  it('is refused above either limit, with both figures', async () => {
    const { maxMeanError, maxError } = DEFAULT_LIMITS;
    assert.deepEqual([maxMeanError, maxError], [0.005, 0.05]);
    const { meanError, maxError: most } = (await exported({ precision: 'int8' })).card.quantisation!;
    for (const limits of [{ maxMeanError: 0.9 * meanError }, { maxError: 0.9 * most }])
      await assert.rejects(exported({ precision: 'int8', ...limits }), (error: Error) => {
        const [, said, saidMost] = /by ([\d.e-]+) on average and by ([\d.e-]+) at most, on 150 pixels/.exec(
          error.message,
        )!;
        return error instanceof TrainError && Number(said) === meanError && Number(saidMost) === most;
      });
    await exported({ precision: 'int8', maxMeanError: 1.1 * meanError, maxError: 1.1 * most });
    await assert.rejects(exported({ precision: 'float16', maxError: 0 }), /abundances in float16 differ/);
  });

  it('needs a pixel to fit to and another to be measured on', async () => {
    const one = { ...checkpoint, probe: checkpoint.probe.slice(0, B) };
    await assert.rejects(
      exportHead(one, { ...options, precision: 'int8' }),
      (error: Error) => error instanceof TrainError && /holds a single pixel, int8 needs 2 or more/.test(error.message),
    );
    const two = { ...checkpoint, probe: checkpoint.probe.slice(0, 2 * B) };
    const { card } = await exportHead(two, { ...options, precision: 'int8', maxMeanError: 1, maxError: 1 });
    assert.deepEqual([card.quantisation!.calibrationPixels, card.quantisation!.heldOutPixels], [1, 1]);
  });

  it('is named in the STAC item', async () => {
    const { card } = await exported({ precision: 'int8' });
    const { properties } = stacItem(card, { href: 'm.onnx', bytes: 1, sha256: 'ab'.repeat(32) });
    assert.match((properties as { description: string }).description, /; int8\.$/);
  });

  it('has no weights so small that processors multiply them slowly', async () => {
    const random = createRandom(5);
    const parameters = checkpoint.state.parameters.map((value) => (random.uniform() < 0.1 ? 1e-40 : value));
    const idle = { ...checkpoint, state: { ...checkpoint.state, parameters } };
    const { graph } = decodeModel((await exportHead(idle, options)).bytes);
    for (const { shape, data } of graph.initializers)
      if (shape.length === 2)
        for (const value of new Float32Array(data.slice().buffer)) assert.ok(value === 0 || Math.abs(value) >= 1e-30);
  });
});
