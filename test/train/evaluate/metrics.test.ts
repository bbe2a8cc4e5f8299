import assert from 'node:assert/strict';
import { abundanceErrors, createRandom, endmembersFromAbundances, pureSpectra, spectralAngle } from '@egunet/train';
import fc from 'fast-check';

const near = (value: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${value}, expected ${expected}`);

describe('the figures of unmixing', () => {
  it('are those of the definitions, by hand', () => {
    // Errors of pixel 1: .3, .3 -> root mean square .3; of pixel 2: .1, .1 -> .1.
    const { armse, rmse, perMaterial } = abundanceErrors(
      Float32Array.of(0.7, 0.3, 0.5, 0.5),
      Float32Array.of(1, 0, 0.6, 0.4),
      2,
    );
    near(armse, 0.2);
    near(rmse, Math.sqrt((2 * 0.09 + 2 * 0.01) / 4));
    near(perMaterial[0]!, Math.sqrt((0.09 + 0.01) / 2));
    near(perMaterial[1]!, Math.sqrt((0.09 + 0.01) / 2));
  });

  it('have a global RMSE that is never below eq. 9', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = createRandom(seed);
        const [a, b] = [0, 1].map(() => Float32Array.from({ length: 30 }, random.uniform)) as [
          Float32Array,
          Float32Array,
        ];
        const { armse, rmse } = abundanceErrors(a, b, 3);
        assert.ok(rmse >= armse - 1e-12);
      }),
    );
  });

  it('measure angles in radians, whatever the length', () => {
    near(spectralAngle([1, 0], [0, 3]), Math.PI / 2);
    near(spectralAngle([1, 1], [5, 0]), Math.PI / 4);
    near(spectralAngle([0.1, 0.2, 0.3], [1, 2, 3]), 0, 1e-7);
    near(spectralAngle([0, 0], [1, 1]), Math.PI / 2);
  });

  it('give back the endmembers of exact mixtures (eq. 12)', () => {
    const random = createRandom(2);
    const endmembers = Float32Array.from({ length: 3 * 7 }, random.uniform);
    const abundances = Float32Array.from({ length: 50 * 3 }, random.uniform);
    const spectra = Float32Array.from({ length: 50 * 7 }, (_, k) =>
      [0, 1, 2].reduce((sum, c) => sum + abundances[Math.floor(k / 7) * 3 + c]! * endmembers[c * 7 + (k % 7)]!, 0),
    );
    endmembersFromAbundances(spectra, abundances, 3).forEach((value, i) => {
      near(value, endmembers[i]!, 1e-5);
    });
  });

  it('keep the endmembers of eq. 12 non-negative', () => {
    // Unconstrained, the second endmember would be -1.
    const found = endmembersFromAbundances(Float32Array.of(1, 0), Float32Array.of(1, 0, 0.5, 0.5), 2);
    assert.deepEqual(
      [...found].map((v) => v >= 0),
      [true, true],
    );
    assert.equal(found[1], 0);
    // min (1 - e)^2 + (0 - e/2)^2 -> e = 1 / 1.25.
    near(found[0]!, 0.8);
  });

  it('average the near-pure pixels, or the 20 purest where there is none', () => {
    const abundances = Float32Array.from({ length: 60 }, (_, k) => {
      const n = Math.floor(k / 2);
      const first = n < 3 ? 0.96 + 0.01 * n : 0.3;
      return k % 2 === 0 ? first : 1 - first;
    });
    const spectra = Float32Array.from({ length: 30 }, (_, n) => n + 1);
    const [first, second] = pureSpectra(spectra, abundances, 2);
    assert.deepEqual([...first!.spectrum], [2]);
    assert.equal(first!.pixels, 3);
    near(first!.leastAbundance, 0.96);
    // The second is at most .7, in pixels 4..30: of equal ones the first 20, with values 4..23.
    assert.deepEqual([...second!.spectrum], [13.5]);
    assert.equal(second!.pixels, 20);
    near(second!.leastAbundance, 0.7);
  });
});
