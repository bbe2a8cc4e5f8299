import assert from 'node:assert/strict';
import {
  assertModelCard,
  CARD_VERSION,
  type CardQuantisation,
  type ModelCard,
  ModelCardError,
  parseModelCard,
  precisionOf,
} from '@egunet/models/card';

const CARD: ModelCard = {
  version: CARD_VERSION,
  software: { name: 'egunet', version: '1.0.0' },
  created: '2024-01-01T00:00:00.000Z',
  kind: 'pixel',
  sensor: 'HyMap',
  bands: [{ wavelength: 400, fwhm: 10 }],
  endmembers: ['soil', 'tree'].map((name) => ({ name, spectrum: [0.1] })),
  inputScale: 1,
  network: { name: 'pixelwise', layers: [1, 2] },
  training: {
    seed: 1,
    epochs: 1,
    steps: 1,
    schedule: 'poly',
    learningRate: 0.02,
    dropRate: 0.1,
    weightDecay: 0.005,
    pixels: 1,
    candidates: 1,
    endmemberMethod: 'given',
  },
  data: { scene: 'a.tif', rows: 1, cols: 1, sha256: '0' },
  metrics: [],
};

describe('a model card', () => {
  it('names the field that holds control characters, which neither a terminal nor a map should get', () => {
    assertModelCard(CARD);
    const [soil, tree] = CARD.endmembers;
    const cases: [card: ModelCard, field: string][] = [
      [{ ...CARD, sensor: 'X\u001b[2J' }, 'card.sensor'],
      [{ ...CARD, endmembers: [soil!, { ...tree!, name: 'tree\u0007' }] }, 'card.endmembers[1].name'],
    ];
    for (const [card, field] of cases)
      assert.throws(
        () => assertModelCard(card),
        (error: Error) =>
          error instanceof ModelCardError &&
          error.message.startsWith(`model card: ${field} should be text without control characters, got "`),
      );
  });

  it('may say how wide the kernels of its network are, one a layer', () => {
    const withKernels = (kernels: number[]) => ({ ...CARD, network: { ...CARD.network, kernels } });
    assert.deepEqual(parseModelCard(JSON.stringify(withKernels([5, 1]))), withKernels([5, 1]));
    assert.throws(
      () => assertModelCard(withKernels([5])),
      /card\.network\.kernels should be 2 sides, one a layer, got 1/,
    );
    assert.throws(
      () => assertModelCard(withKernels([5, 0])),
      /network\.kernels\[1\] should be a positive number, got 0/,
    );
  });

  it('may be of what was not trained: a learning rate of 0, none below', () => {
    const withRate = (learningRate: number) => ({ ...CARD, training: { ...CARD.training, learningRate } });
    assertModelCard(withRate(0));
    assert.throws(() => assertModelCard(withRate(-1)), /training\.learningRate should be a number >= 0, got -1/);
  });

  it('says how its model stores numbers; one that says nothing is of float32', () => {
    const quantisation: CardQuantisation = {
      precision: 'int8',
      meanError: 0.001,
      maxError: 0,
      calibrationPixels: 512,
      heldOutPixels: 511,
    };
    const card = { ...CARD, quantisation };
    assert.deepEqual(parseModelCard(JSON.stringify(card)), card);
    assert.deepEqual([precisionOf(CARD), precisionOf(card)], ['float32', 'int8']);
  });

  it('names the field of a precision that is wrong', () => {
    const right = { precision: 'int8', meanError: 0.001, maxError: 0.01, calibrationPixels: 1, heldOutPixels: 1 };
    const cases = [
      [null, 'quantisation should be an object, got null'],
      [{ ...right, precision: 'float32' }, 'quantisation.precision should be one of "float16", "int8", got "float32"'],
      [{ ...right, meanError: -1 }, 'quantisation.meanError should be a number >= 0, got -1'],
      [{ ...right, maxError: 'none' }, 'quantisation.maxError should be a finite number, got "none"'],
      [{ ...right, heldOutPixels: 1.5 }, 'quantisation.heldOutPixels should be a whole number >= 0, got 1.5'],
    ] as const;
    for (const [quantisation, said] of cases)
      assert.throws(() => assertModelCard({ ...CARD, quantisation }), {
        _tag: 'ModelCardError',
        message: `model card: card.${said}; export the model again`,
      });
  });
});
