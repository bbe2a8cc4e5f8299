import assert from 'node:assert/strict';
import { decodeModel } from '@egunet/export';
import { parseModelCard } from '@egunet/models/card';
import { EXPORT_TOLERANCE, exportImageHead, fitImages, type ImageFitResult, stacItem, TrainError } from '@egunet/train';
import { mixtures } from '../training-set.js';
import { firstBands, imageScene } from './image-scene.js';

const [ROWS, COLS] = [6, 10];
const { set, facts } = mixtures({ pixels: ROWS * COLS, candidates: 20 });
const image = {
  reader: imageScene(set, { rows: ROWS, cols: COLS }),
  bands: firstBands(set.bands),
  positions: Float64Array.from({ length: 20 }, (_, i) => 3 * i),
};
const origin = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };

describe('the exported head of a convolutional network', () => {
  let trained: ImageFitResult;
  before(async () => {
    trained = await fitImages(set, image, { pooling: 'centred', steps: 3, threads: 1, decoderKernels: [1, 1, 1] });
  });

  it('equals the network within the tolerance and says in its card how far it looks', async () => {
    const { bytes, card, maxDifference } = await exportImageHead(trained, facts, origin);
    assert.ok(maxDifference <= EXPORT_TOLERANCE);
    const { metadata } = decodeModel(bytes);
    assert.deepEqual(parseModelCard(metadata.egunet!), card);
    assert.equal(card.kind, 'spatial');
    assert.equal(card.halo, 6); // 2 + 1 of the kernels, 3 of the pools
    assert.deepEqual(card.network, { name: 'egunet-ss-guided', layers: [256, 128, 32, 3], kernels: [5, 3, 1, 1] });
    const item = stacItem(card, { href: 'model.onnx', bytes: bytes.length, sha256: '' });
    const properties = item.properties as Record<string, unknown>;
    const parameters = (25 * 12 + 1) * 256 + (9 * 256 + 1) * 128 + 129 * 32 + 33 * 3;
    assert.equal(properties['mlm:total_parameters'], parameters);
    assert.equal(card.training.steps, 3);
    assert.equal(card.data.sha256, trained.dataDigest);
  });

  it('has a halo of 1 where no kernel is wider than a pixel', async () => {
    const alone = await fitImages(set, image, { kernels: [1, 1, 1], decoderKernels: [1, 1, 1], steps: 1, threads: 1 });
    assert.equal((await exportImageHead(alone, facts, origin)).card.halo, 1);
  });

  it('is refused where it is not what the network computes', async () => {
    const parameters = trained.parameters.slice().fill(Number.NaN, 0, 1);
    await assert.rejects(exportImageHead({ ...trained, parameters }, facts, origin), (error) => {
      assert.ok(error instanceof TrainError);
      assert.match(error.message, /differs from the trained network by NaN/);
      return true;
    });
  });
});
