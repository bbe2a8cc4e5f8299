import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fclsAbundances } from '@egunet/train';
import { root } from '../support/index.js';

interface Case {
  readonly count: number;
  readonly bands: number;
  readonly endmembers: number[];
  readonly pixels: number[];
  readonly abundances: number[];
}

const goldens = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/fcls.json'), 'utf8')) as Case[];

describe('fully constrained least squares', () => {
  for (const { count, bands, endmembers, pixels, abundances } of goldens)
    it(`equals trying every support, with ${count} endmembers`, () => {
      const found = fclsAbundances(Float32Array.from(endmembers), Float32Array.from(pixels), bands);
      assert.equal(found.length, abundances.length);
      // float32, and the conditioning of D.
      found.forEach((value, i) => {
        assert.ok(Math.abs(value - abundances[i]!) <= 1e-6, `${i}: ${value}, expected ${abundances[i]}`);
      });
    });
});
