import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel } from '@egunet/export';
import { assertModelCard, parseModelCard } from '@egunet/models/card';
import {
  type Checkpoint,
  EXPORT_TOLERANCE,
  evaluateNetwork,
  exportHead,
  fit,
  stacItem,
  TrainError,
} from '@egunet/train';
import * as ort from 'onnxruntime-node';
import { root } from '../support/index.js';
import { goldenHead, goldenPixels } from './golden-head.js';
import { mixtures } from './training-set.js';

describe('the exported head', () => {
  const { set, facts } = mixtures({ pixels: 300, candidates: 100, bands: 15 });
  const options = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };
  let checkpoint: Checkpoint;
  before(async () => {
    ({ checkpoint } = await fit(set, facts, { epochs: 8 }));
  });

  it('equals the unfolded network within the tolerance, for any number of pixels', async () => {
    const { bytes, maxDifference } = await exportHead(checkpoint, options);
    assert.ok(maxDifference <= EXPORT_TOLERANCE);
    const session = await ort.InferenceSession.create(bytes);
    for (const pixels of [1, 7, 300]) {
      const probe = set.pixels.slice(0, pixels * 15);
      const { abundances } = await session.run({ spectra: new ort.Tensor('float32', probe, [pixels, 15]) });
      assert.deepEqual(abundances!.dims, [pixels, 3]);
      const expected = await evaluateNetwork(checkpoint, probe);
      expected.forEach((value, i) => {
        assert.ok(Math.abs(value - Number(abundances!.data[i])) <= 1e-5);
      });
      for (let p = 0; p < pixels; p++) {
        const sum = [0, 1, 2].reduce((total, c) => total + Number(abundances!.data[3 * p + c]), 0);
        assert.ok(Math.abs(sum - 1) < 1e-5);
      }
    }
  });

  it('clips what lies outside the training range: twice the brightest pixel is as the brightest', async () => {
    const { bytes } = await exportHead(checkpoint, options);
    const session = await ort.InferenceSession.create(bytes);
    const run = async (value: number) => {
      const probe = new Float32Array(15).fill(value);
      return (await session.run({ spectra: new ort.Tensor('float32', probe, [1, 15]) })).abundances!.data;
    };
    const brightest = 1 / checkpoint.inputScale;
    const [twice, once] = [await run(2 * brightest), await run(brightest)];
    // One rounding of brightest * scale away from 1.
    for (const [i, value] of twice.entries()) assert.ok(Math.abs(Number(value) - Number(once[i])) < 1e-5);
    assert.deepEqual(await run(-0.1), await run(0));
  });

  it('is plain ONNX: IR 8, opset 17, float32 in and out', async () => {
    const { irVersion, opset, graph } = decodeModel((await exportHead(checkpoint, options)).bytes);
    assert.equal(irVersion, 8);
    assert.equal(opset, 17);
    assert.deepEqual(graph.inputs, [{ name: 'spectra', type: 'float32', shape: ['pixels', 15] }]);
    assert.deepEqual(graph.outputs, [{ name: 'abundances', type: 'float32', shape: ['pixels', 3] }]);
  });

  it('carries the model card and the keys that Deepness reads', async () => {
    const { bytes, card } = await exportHead(checkpoint, options);
    const { metadata } = decodeModel(bytes);
    const read = parseModelCard(metadata.egunet!);
    assert.deepEqual(read, card);
    assert.equal(read.sensor, 'test sensor');
    assert.equal(read.created, '2026-01-02T03:04:05.000Z');
    assert.deepEqual(read.network.layers, [256, 128, 32, 3]);
    assert.equal(read.training.steps, 8 * 3); // 300 pixels in batches of 100
    assert.equal(JSON.parse(metadata.model_type!), 'Regressor');
    assert.equal(JSON.parse(metadata.resolution!), 3000); // 30 m in cm
    assert.deepEqual(JSON.parse(metadata.class_names!), { 0: 'endmember 1', 1: 'endmember 2', 2: 'endmember 3' });
  });

  it('is refused where its difference from the network is not a small number', async () => {
    const probe = checkpoint.probe.map((v, i) => (i === 0 ? Number.NaN : v));
    const refused = (error: unknown) =>
      error instanceof TrainError && /differs from the trained network/.test(error.message);
    await assert.rejects(exportHead({ ...checkpoint, probe }, options), refused);
  });

  it('gives the golden abundances of onnxruntime for Python, from the very bytes that onnx.checker accepted', async () => {
    const { bytes } = await goldenHead();
    const folder = join(root, 'fixtures/golden/train');
    assert.ok(Buffer.from(bytes).equals(readFileSync(join(folder, 'head.onnx'))));
    const golden = JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8')).outputs[0];
    const session = await ort.InferenceSession.create(bytes);
    const spectra = new ort.Tensor('float32', goldenPixels, [goldenPixels.length / 8, 8]);
    const { abundances } = await session.run({ spectra });
    assert.deepEqual(abundances!.dims, golden.shape);
    for (const [i, value] of golden.values.entries()) assert.ok(Math.abs(Number(abundances!.data[i]) - value) < 1e-6);
  });

  it('has a STAC item that names bands, outputs and the file', async () => {
    const { card } = await exportHead(checkpoint, options);
    const item = stacItem(card, { href: 'model.onnx', bytes: 123, sha256: 'ab'.repeat(32) });
    const properties = item.properties as Record<string, unknown>;
    const [input] = properties['mlm:input'] as { bands: string[]; input: { shape: number[] } }[];
    assert.equal(input!.bands.length, 15);
    assert.equal(input!.bands[1], '410 nm');
    assert.deepEqual(input!.input.shape, [-1, 15]);
    const bands = properties.bands as Record<string, unknown>[];
    assert.deepEqual(bands[1], { name: '410 nm', 'eo:center_wavelength': 0.41, 'eo:full_width_half_max': 0.01 });
    // (15+1)*256 + 257*128 + 129*32 + 33*3
    assert.equal(properties['mlm:total_parameters'], 4096 + 32896 + 4128 + 99);
    assertModelCard(card);
  });
});
