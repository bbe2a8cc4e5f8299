import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, nnls, nnlsAbundances } from '@egunet/train';
import fc from 'fast-check';
import { root } from '../support/index.js';

interface Case {
  count: number;
  bands: number;
  endmembers: number[];
  pixels: number[];
  solutions: number[];
}

const goldens = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/nnls.json'), 'utf8')) as Case[];

/** Random endmembers [C, B] in [0, 1) and pixels [N, B] around 0. */
function randomProblem(seed: number, count: number): { m: Float32Array; y: Float32Array; bands: number } {
  const random = createRandom(seed);
  const bands = count + 5;
  return {
    m: Float32Array.from({ length: count * bands }, random.uniform),
    y: Float32Array.from({ length: 6 * bands }, random.normal),
    bands,
  };
}

describe('nnls', () => {
  for (const { count, bands, endmembers, pixels, solutions } of goldens)
    it(`equals scipy.optimize.nnls with ${count} endmembers`, () => {
      const x = nnls(Float32Array.from(endmembers), Float32Array.from(pixels), bands);
      const largest = Math.max(...solutions);
      // float32 result: 6e-8 of the value; the rest is the conditioning of G.
      x.forEach((value, i) => {
        assert.ok(Math.abs(value - solutions[i]!) <= 2e-6 * largest, `${i}: ${value}, scipy ${solutions[i]}`);
      });
    });

  it('meets the Karush-Kuhn-Tucker conditions, with few endmembers and with many', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), (seed, count) => {
        const { m, y, bands } = randomProblem(seed, count);
        const x = nnls(m, y, bands);
        for (let n = 0; n < 6; n++) {
          const residual = Array.from({ length: bands }, (_, b) => {
            let fit = 0;
            for (let c = 0; c < count; c++) fit += x[n * count + c]! * m[c * bands + b]!;
            return y[n * bands + b]! - fit;
          });
          for (let c = 0; c < count; c++) {
            const slope = residual.reduce((sum, r, b) => sum + r * m[c * bands + b]!, 0);
            assert.ok(x[n * count + c]! >= 0);
            assert.ok(slope < 1e-4, `adding endmember ${c} would lower the residual: ${slope}`);
            if (x[n * count + c]! > 0)
              assert.ok(Math.abs(slope) < 1e-4, `endmember ${c} is not at its optimum: ${slope}`);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finds the same by all supports (8) and by the active set (8 and an endmember of zeros)', () => {
    const { m, y, bands } = randomProblem(11, 8);
    const withZeros = new Float32Array(9 * bands);
    withZeros.set(m);
    const few = nnls(m, y, bands);
    const many = nnls(withZeros, y, bands);
    for (let n = 0; n < 6; n++) {
      assert.equal(many[n * 9 + 8], 0);
      for (let c = 0; c < 8; c++) assert.ok(Math.abs(many[n * 9 + c]! - few[n * 8 + c]!) < 1e-6);
    }
  });

  it('gives back the coefficients of exact mixtures', () => {
    // Orthogonal endmembers: x = (m . y) / (m . m) where positive, else 0.
    const m = Float32Array.of(2, 0, 0, 0, 1, 1);
    assert.deepEqual([...nnls(m, Float32Array.of(3, 4, 4, -1, 1, 3), 3)], [1.5, 4, 0, 2]);
  });

  it('shares a pixel between two equal endmembers without dividing by zero', () => {
    const x = nnls(Float32Array.of(1, 2, 1, 2), Float32Array.of(2, 4), 2);
    assert.ok(Math.abs(x[0]! + x[1]! - 2) < 1e-5, `${x}`);
  });

  it('gives 0 to an endmember of zeros and NaN to pixels without data', () => {
    const m = Float32Array.of(0, 0, 1, 1);
    assert.deepEqual(
      [...nnls(m, Float32Array.of(1, 1, Number.NaN, 1, Number.POSITIVE_INFINITY, 1), 2)].slice(0, 2),
      [0, 1],
    );
    assert.ok([...nnls(m, Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 1), 2)].every(Number.isNaN));
  });

  it('permutes the abundances with the endmembers and with the pixels', () => {
    const { m, y, bands } = randomProblem(21, 3);
    const rows = (x: Float32Array, width: number, order: number[]) =>
      Float32Array.from(order.flatMap((i) => [...x.subarray(i * width, (i + 1) * width)]));
    const { abundances } = nnlsAbundances(m, y, bands);
    const pixelOrder = [3, 1, 5, 0, 2, 4];
    assert.deepEqual(nnlsAbundances(m, rows(y, bands, pixelOrder), bands).abundances, rows(abundances, 3, pixelOrder));
    const swapped = nnlsAbundances(rows(m, bands, [2, 0, 1]), y, bands).abundances;
    for (let n = 0; n < 6; n++)
      [2, 0, 1].forEach((from, to) => {
        assert.ok(Math.abs(swapped[n * 3 + to]! - abundances[n * 3 + from]!) < 1e-6);
      });
  });

  it('makes abundances >= 0 that sum to 1, and says where no endmember explains anything', () => {
    const { m, y, bands } = randomProblem(31, 4);
    y.fill(-1, 2 * bands, 3 * bands);
    const { abundances, zeroSums } = nnlsAbundances(m, y, bands);
    for (let n = 0; n < 6; n++) {
      const pixel = abundances.subarray(n * 4, n * 4 + 4);
      assert.ok(pixel.every((a) => a >= 0));
      assert.ok(Math.abs(pixel.reduce((sum, a) => sum + a, 0) - 1) < 1e-6);
    }
    assert.equal(zeroSums[2], 1);
    assert.deepEqual([...abundances.subarray(8, 12)], [0.25, 0.25, 0.25, 0.25]);
  });
});
