import assert from 'node:assert/strict';
import { assertModelCard, CARD_VERSION, type ModelCard, ModelCardError } from '@egunet/models/card';

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
});
