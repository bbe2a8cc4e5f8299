import assert from 'node:assert/strict';
import { assignByAbundance, assignByAngle, assignLeastCost, createRandom } from '@egunet/train';
import fc from 'fast-check';

function permutations(n: number): number[][] {
  if (n === 1) return [[0]];
  return permutations(n - 1).flatMap((p) =>
    Array.from({ length: n }, (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)]),
  );
}

const costOf = (cost: Float64Array, assignment: ArrayLike<number>) =>
  Array.from(assignment).reduce((sum, column, row) => sum + cost[row * assignment.length + column]!, 0);

describe('assignment', () => {
  it('has the least cost of all permutations', () => {
    const all = Array.from({ length: 6 }, (_, i) => permutations(i + 1));
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), fc.boolean(), (seed, n, whole) => {
        const random = createRandom(seed);
        // Small whole numbers make ties.
        const cost = Float64Array.from({ length: n * n }, () => (whole ? random.integer(4) - 2 : random.normal()));
        const found = assignLeastCost(cost, n);
        assert.deepEqual([...found].sort(), [...Array(n).keys()]);
        const best = Math.min(...all[n - 1]!.map((p) => costOf(cost, p)));
        assert.ok(Math.abs(costOf(cost, found) - best) < 1e-9, `${costOf(cost, found)}, best ${best}`);
      }),
      { numRuns: 300 },
    );
  });

  it('assigns 30 rows to their hidden columns', () => {
    const hidden = createRandom(1).shuffle(Int32Array.from({ length: 30 }, (_, i) => i));
    const cost = Float64Array.from({ length: 900 }, (_, k) =>
      hidden[Math.floor(k / 30)] === k % 30 ? 0 : 1 + (k % 7),
    );
    assert.deepEqual(assignLeastCost(cost, 30), hidden);
  });

  it('matches spectra by angle, however bright', () => {
    const reference = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0.1, 1);
    const endmembers = Float32Array.of(0, 1, 9, 5, 0.2, 0, 0.1, 0.2, 0);
    assert.deepEqual([...assignByAngle(endmembers, reference, 3)], [1, 2, 0]);
  });

  it('matches maps by their differences', () => {
    const reference = Float32Array.of(1, 0, 0, 0, 1, 0, 0.2, 0, 0.8);
    const abundances = Float32Array.of(0, 0.9, 0.1, 0, 0.1, 0.9, 1, 0, 0);
    assert.deepEqual([...assignByAbundance(abundances, reference, 3)], [1, 2, 0]);
  });

  it('refuses other numbers of endmembers and spectra that are not finite', () => {
    assert.throws(() => assignByAngle(new Float32Array(6).fill(1), new Float32Array(9).fill(1), 3), {
      _tag: 'TrainError',
      message: 'evaluation: 2 endmembers against 3 reference materials; train with 3 endmembers to compare',
    });
    assert.throws(
      () => assignByAngle(Float32Array.of(1, Number.NaN, 0, 1), Float32Array.of(1, 0, 0, 1), 2),
      /cannot be matched, a spectrum is not finite/,
    );
    assert.throws(
      () => assignByAbundance(Float32Array.of(1, Number.NaN), Float32Array.of(1, 0), 2),
      /cannot be matched, an abundance is not finite/,
    );
  });
});
