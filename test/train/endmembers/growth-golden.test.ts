// Whitened directions and the growing simplex against numpy and scipy, from the same pixels and the same start.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSignalView, excessOf, growSimplex, logSize, REFINE, sumToOne } from '@egunet/train';
import { root } from '../../support/index.js';

interface Golden {
  bands: number;
  count: number;
  pixels: number[];
  remainder: number;
  start: number[];
  points: number[];
  startExcess: number;
  settledExcess: number;
  excess: number;
  rounds: number;
  spectra: number[];
  logSize: number;
  vertices: number[];
  sumToOne: number[];
}

/** What fixtures/golden/train/make_growth.py made. */
const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/growth.json'), 'utf8')) as Golden[];

function assertNear(found: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(found[i]! - value) <= tolerance, `value ${i}: ${found[i]} instead of ${value}`);
  });
}

describe('a growing simplex', () => {
  for (const { bands, count, ...expected } of golden)
    describe(`of ${count} endmembers in ${bands} bands, none of them pure anywhere`, () => {
      const pixels = Float32Array.from(expected.pixels);
      const view = createSignalView(pixels, bands, count);
      const points = view.project(pixels);
      const start = view.project(Float32Array.from(expected.start));

      it('is seen in directions outside of which is noise alone', () => {
        // The regression on Gram matrices has a ridge of 1e-10; coordinates are tens to hundreds of noise deviations.
        assert.ok(Math.abs(view.remainder / expected.remainder - 1) < 1e-4, `${view.remainder}`);
        assertNear(start, expected.points, 1e-2);
      });

      it('has an excess above 1 at the start, and grows until noise alone is left outside', () => {
        assert.ok(Math.abs(excessOf(start, points) / expected.startExcess - 1) < 1e-3);
        const { settledExcess } = expected;
        const grown = growSimplex(start, points, { settledExcess, rounds: expected.rounds });
        assert.ok(Math.abs(grown.excess / expected.excess - 1) < 1e-3, `${grown.excess}`);
        assertNear(view.spectra(grown.endmembers), expected.spectra, 1e-4);
        assert.ok(Math.abs(logSize(grown.endmembers) - expected.logSize) < 1e-3);
        const cutShort = growSimplex(start, points, { settledExcess, rounds: expected.rounds - 1 });
        assert.ok(cutShort.excess > settledExcess);
      });

      it('makes vertices of single pixels as bright as sums of 1 ask for', () => {
        const vertices = Float64Array.from(expected.vertices);
        assertNear(sumToOne(vertices, points), expected.sumToOne, 1e-2);
      });
    });

  it('stays where an endmember is nowhere, and where nothing lies outside', () => {
    const pixels = Float64Array.of(1, 0, 2, 0);
    const start = Float64Array.of(1, 0, 0, 1);
    assert.deepEqual(growSimplex(start, pixels, REFINE), { endmembers: start, excess: 0 });
    const outside = Float64Array.of(1, -1, 2, -3);
    const { endmembers, excess } = growSimplex(start, outside, REFINE);
    assert.deepEqual(endmembers, start);
    assert.equal(excess, 5);
  });
});
