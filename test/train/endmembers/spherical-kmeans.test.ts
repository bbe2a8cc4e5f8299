import assert from 'node:assert/strict';
import { createRandom, sphericalKmeans } from '@egunet/train';
import { materials } from './golden.js';

const pause = () => Promise.resolve();
const options = (seed: number, clusters: number, restarts = 10) => ({
  clusters,
  restarts,
  random: createRandom(seed),
  pause,
});

/** Sum over points of 1 - cosine to the mean direction of their cluster: m - sum over clusters of |sum of unit points|. */
function inertiaOf(spectra: Float32Array, bands: number, assignment: ArrayLike<number>): number {
  const sums = new Map<number, number[]>();
  for (let n = 0; n < assignment.length; n++) {
    const point = [...spectra.subarray(n * bands, (n + 1) * bands)];
    const length = Math.hypot(...point);
    const sum = sums.get(assignment[n]!) ?? new Array<number>(bands).fill(0);
    sums.set(
      assignment[n]!,
      sum.map((value, b) => value + point[b]! / length),
    );
  }
  return assignment.length - [...sums.values()].reduce((total, sum) => total + Math.hypot(...sum), 0);
}

describe('cosine K-means', () => {
  it('separates directions, however bright the spectra', async () => {
    const random = createRandom(1);
    const spectra = Float32Array.from({ length: 200 * 12 }, (_, i) => {
      const [n, b] = [Math.floor(i / 12), i % 12];
      return (1 + (n % 7)) * (materials[(n % 4) * 12 + b]! + 0.01 * random.normal());
    });
    const { assignment, sizes, inertia } = await sphericalKmeans(spectra, 12, options(2, 4));
    assert.deepEqual([...sizes], [50, 50, 50, 50]);
    for (let n = 4; n < 200; n++) assert.equal(assignment[n], assignment[n % 4]);
    assert.ok(Math.abs(inertia - inertiaOf(spectra, 12, assignment)) < 1e-3 * inertia);
  });

  it('finds the best of all partitions of a few points, or another that is nearly as tight', async () => {
    let hits = 0;
    for (let seed = 0; seed < 40; seed++) {
      const random = createRandom(seed);
      const spectra = Float32Array.from({ length: 8 * 3 }, random.uniform);
      const { inertia, assignment } = await sphericalKmeans(spectra, 3, options(seed, 2, 20));
      assert.ok(Math.abs(inertia - inertiaOf(spectra, 3, assignment)) < 1e-6);
      let best = Number.POSITIVE_INFINITY;
      for (let mask = 1; mask < 128; mask++)
        best = Math.min(
          best,
          inertiaOf(
            spectra,
            3,
            Array.from({ length: 8 }, (_, n) => (mask >> n) & 1),
          ),
        );
      if (inertia < best + 1e-6) hits++;
      // From no pair of seeds need the best be reached: K-means stops at the first partition that it cannot improve point by point.
      assert.ok(inertia < 1.25 * best, `${inertia}, best of all ${best}`);
    }
    assert.ok(hits >= 36, `best of all in ${hits} of 40`);
  });

  it('leaves no cluster empty, even with as many clusters as points', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { sizes } = await sphericalKmeans(materials, 12, options(seed, 4, 1));
      assert.deepEqual([...sizes], [1, 1, 1, 1]);
    }
  });

  it('gives the same clusters for the same seed', async () => {
    const random = createRandom(9);
    const spectra = Float32Array.from({ length: 100 * 6 }, random.uniform);
    const first = await sphericalKmeans(spectra, 6, options(4, 5, 3));
    assert.deepEqual(await sphericalKmeans(spectra, 6, options(4, 5, 3)), first);
  });

  it('refuses more clusters than there are directions', async () => {
    const spectra = Float32Array.of(1, 2, 2, 4, 3, 6, 2, 1);
    await assert.rejects(sphericalKmeans(spectra, 2, options(0, 3)), {
      _tag: 'TrainError',
      message: /2 distinct directions, 3 endmembers are asked for; ask for at most 2/,
    });
  });
});
