import assert from 'node:assert/strict';
import { tracedKernels } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import { assertSameAsEager, onCpuBackend, seeded } from '../support.js';
import type { Case } from './case.js';
import { elementwiseCases } from './elementwise-cases.js';
import { matmulCases, normalisationCases, reductionCases } from './other-cases.js';
import { shapeCases } from './shape-cases.js';
import { windowCases } from './window-cases.js';

const groups = {
  'element by element': elementwiseCases,
  reductions: reductionCases,
  'matrix products': matmulCases,
  normalisations: normalisationCases,
  'moving elements': shapeCases,
  'sliding windows': windowCases,
};

/** Draws of each case: enough for ranks 0 to 4 and most combinations of axes. */
const DRAWS = 8;

/** Compares one draw of a case; returns the names of the kernels that tfjs ran. */
async function check({ draw, tolerance }: Case, seed: number): Promise<string[]> {
  const { inputs, run } = draw(seeded(seed));
  const profile = await tf.profile(() => tf.tidy(() => run(...inputs)));
  try {
    await assertSameAsEager(run, inputs, tolerance);
  } catch (cause) {
    const shapes = inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(', ');
    throw new Error(`seed ${seed}, inputs ${shapes}: ${(cause as Error).message}`, { cause });
  }
  return profile.kernelNames;
}

describe('traced kernels agree with the tfjs CPU backend', () => {
  onCpuBackend();

  for (const [group, cases] of Object.entries(groups))
    describe(group, () => {
      for (const [kernel, list] of Object.entries(cases))
        for (const one of list)
          it(`${kernel}: ${one.name}`, async () => {
            const ran = new Set<string>();
            for (let seed = 1; seed <= DRAWS; seed++) for (const name of await check(one, seed)) ran.add(name);
            assert.ok(ran.has(kernel), `the case does not run ${kernel} but ${[...ran]}`);
          });
    });

  it('every kernel that can be traced is tested here', () => {
    const tested = Object.values(groups).flatMap((cases) => Object.keys(cases));
    assert.deepEqual(tested.sort(), tracedKernels());
  });
});
