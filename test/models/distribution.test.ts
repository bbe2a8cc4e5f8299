import assert from 'node:assert/strict';
import type { ModelCard } from '@egunet/models/card';
import { distributionOfCard } from '@egunet/models/distribution';

describe('the distribution on a card', () => {
  const whole = { spectra: [[1, 0, 0]], remainder: 0.1, brightness: [0.01, 0.5], share: 0.02 };
  const of = (distribution: unknown) =>
    distributionOfCard({
      bands: [{}, {}, {}],
      ...(distribution !== undefined && { distribution }),
    } as unknown as ModelCard);

  it('is what it says, or absent', () => {
    assert.deepEqual(of(whole), whole);
    assert.equal(of(undefined), undefined);
  });

  it('is refused, naming the field, where it is damaged', () => {
    const cases: [object | null, RegExp][] = [
      [null, /distribution should be an object/],
      [{ ...whole, spectra: [] }, /distribution\.spectra should be a list of at least 1/],
      [
        { ...whole, spectra: new Array(101).fill([1, 0, 0]) },
        /distribution\.spectra should be at most 100 spectra, got 101/,
      ],
      [{ ...whole, spectra: [[1, 0]] }, /distribution\.spectra\[0\] should be 3 values, one a band, got 2/],
      [{ ...whole, spectra: [[1, 0, null]] }, /distribution\.spectra\[0\]\[2\] should be a finite number/],
      [{ ...whole, remainder: 'x' }, /distribution\.remainder should be a finite number/],
      [{ ...whole, brightness: [0.1] }, /distribution\.brightness should be a list of at least 2/],
      [{ ...whole, brightness: [-2, -1] }, /distribution\.brightness\[1\] should be a positive number/],
      [{ ...whole, brightness: [2, 1] }, /distribution\.brightness should be the smaller one first, got 2, 1/],
      [{ ...whole, share: undefined }, /distribution\.share should be a finite number/],
    ];
    for (const [damaged, message] of cases) assert.throws(() => of(damaged), { _tag: 'ModelCardError', message });
  });
});
