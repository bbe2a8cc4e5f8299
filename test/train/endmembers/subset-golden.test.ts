// Each stage of the subset method against numpy and scipy, fed with the same spectra and the same draws.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  agreement,
  clusterSpectra,
  createRandom,
  extractBundles,
  floorMagnitudes,
  judgedPixels,
  labelCandidates,
  leadingDirections,
  leastAngle,
  nnls,
  overCluster,
  purify,
  selectSubset,
  unexplained,
} from '@egunet/train';
import fc from 'fast-check';
import { root } from '../../support/index.js';

interface Golden {
  bundles: { bands: number; count: number; blocks: number[][]; draws: number[]; spectra: number[] };
  clusters: {
    bands: number;
    directions: number;
    clusters: number;
    least: number;
    count: number;
    spectra: number[];
    draws: number[];
    labels: number[];
    means: number[];
  }[];
  selections: {
    width: number;
    count: number;
    spectra: number[];
    pixels: number[];
    members: number[];
    residual: number;
  }[];
  pure: {
    bands: number;
    endmembers: number[];
    pixels: number[];
    floor: number;
    nearPure: number;
    leastNearPure: number;
    passes: number;
    purified: number[];
    direction: number;
    brightness: Record<string, number>;
    floored: Record<string, number[]>;
    dropped: number[];
    labels: number[];
  };
  agreement: { bands: number; restarts: number[][]; costs: number[]; agreed: number[] };
}

/** What fixtures/golden/train/make_subset.py made. */
const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/subset.json'), 'utf8')) as Golden;

function assertClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= tolerance, `${i}: ${actual[i]}, numpy ${value}`);
  });
}

/** Numbers of a list, one after the other. */
const from = (draws: readonly number[]) => {
  let next = 0;
  return () => draws[next++]!;
};

/** Spectra of about 1 in float32, and sums of them. */
const FLOAT32 = 1e-6;

describe('the subset method, stage by stage, equals numpy', () => {
  it('bundles: VCA block by block, negative values as 0, blocks of few pixels or of zeros left out', async () => {
    const { bands, count, blocks, draws, spectra } = golden.bundles;
    const { spectra: found, positions } = await extractBundles(
      {
        bands,
        pixels: new Float32Array(),
        blocks: blocks.map((block, i) => ({
          spectra: Float32Array.from(block),
          positions: Float64Array.from({ length: block.length / bands }, (_, k) => 100 * i + k),
        })),
      },
      { count, random: { ...createRandom(1), normal: from(draws) }, pause: async () => {} },
    );
    assertClose(found, spectra, FLOAT32);
    assert.deepEqual(
      [...positions].map((position) => Math.floor(position / 100)),
      [0, 0, 0, 1, 1, 1, 3, 3, 3],
    );
  });

  for (const { bands, directions, clusters, least, count, spectra, draws, labels, means } of golden.clusters)
    it(`over-clustering: ${clusters} clusters of 90 spectra, those of ${least} or more`, () => {
      const candidates = Float32Array.from(spectra);
      const points = leadingDirections(candidates, bands, directions);
      const assignment = overCluster(points, directions, { clusters, random: { uniform: from(draws) } });
      assert.deepEqual([...assignment], labels);
      assertClose(clusterSpectra(candidates, assignment, { bands, least, count }), means, FLOAT32);
    });

  for (const { width, count, spectra, pixels, members, residual } of golden.selections)
    it(`selection: ${count} of ${spectra.length / width} spectra`, () => {
      const found = selectSubset(Float64Array.from(spectra), Float64Array.from(pixels), { width, count });
      assert.deepEqual(found.members, members);
      // The ridge of the normal equations, 1e-12 of their diagonal, and differences of energies: 1e-16 of about 1e3.
      assert.ok(Math.abs(found.residual - residual) < 1e-9, `${found.residual}, numpy ${residual}`);
    });

  const { bands, floor, nearPure, leastNearPure, passes, purified, floored, dropped, labels } = golden.pure;
  const pixels = Float32Array.from(golden.pure.pixels);

  it('purification: means of near-pure pixels, but an endmember with few of them stays', () => {
    const start = Float32Array.from(golden.pure.endmembers);
    const found = purify(start, pixels, { bands, floor, nearPure, leastNearPure, passes });
    assertClose(found, purified, FLOAT32);
    assert.deepEqual(found.subarray(2 * bands), start.subarray(2 * bands));
    assert.notDeepEqual(found.subarray(0, bands), start.subarray(0, bands));
    assert.deepEqual(purify(start, pixels, { bands, floor, nearPure, leastNearPure, passes: 0 }), start);
  });

  for (const [least, brightness] of Object.entries(golden.pure.brightness))
    it(`judge, floor ${least}: the mean squared sine of the angle to the reconstruction and the spread of the sums, a pixel of zeros left out`, () => {
      const judged = judgedPixels(pixels, bands);
      const left = unexplained(Float32Array.from(purified), judged, { bands, floor: Number(least) });
      const { direction } = golden.pure;
      assert.ok(Math.abs(left.direction / direction - 1) < 1e-5, `${left.direction}, numpy ${direction}`);
      assert.ok(Math.abs(left.brightness / brightness - 1) < 1e-5, `${left.brightness}, numpy ${brightness}`);
      assert.equal(leastAngle.cost(left), left.direction);
      const both = direction * Math.hypot(brightness, 0.05);
      assert.ok(Math.abs(agreement.cost(left) / both - 1) < 1e-5, `${agreement.cost(left)}, ${both}`);
    });

  for (const [least, expected] of Object.entries(floored))
    it(`magnitudes: at least ${least} of the longest`, () => {
      assertClose(floorMagnitudes(Float32Array.from(purified), bands, Number(least)), expected, FLOAT32);
    });

  it('labels: NNLS divided by its sum, what nothing explains is dropped', () => {
    const positions = Float64Array.from({ length: pixels.length / bands }, (_, n) => n);
    const endmembers = Float32Array.from(floored['0.5']!);
    const found = labelCandidates(endmembers, { spectra: pixels, positions }, bands);
    // float32 spectra, times the conditioning of the endmembers.
    assertClose(found.labels, labels, 1e-5);
    assert.equal(found.dropped, dropped.length);
    assert.ok(dropped.every((n) => !found.candidates.positions.includes(n)));
  });
});

describe('verdicts on restarts', () => {
  const { bands, costs, agreed } = golden.agreement;
  const restarts = golden.agreement.restarts.map((values, i) => ({
    endmembers: Float32Array.from(values),
    cost: costs[i]!,
  }));

  it('agreement: the mean of those that cost hardly more than the best, matched by their angles', () => {
    assertClose(agreement.settle(restarts, bands), agreed, FLOAT32);
  });

  it('least angle: the best, as it is', () => {
    assert.deepEqual(leastAngle.settle(restarts, bands), restarts[2]!.endmembers);
  });

  it('agreement on one restart is that restart', () => {
    assert.deepEqual(agreement.settle([restarts[1]!], bands), restarts[1]!.endmembers);
  });

  it('brightness: none is left where all pixels have one sum, or nothing explains any', () => {
    const endmembers = Float32Array.of(1, 0, 0, 0.5);
    const left = (...pixels: number[]) =>
      unexplained(endmembers, judgedPixels(Float32Array.from(pixels), 2), { bands: 2, floor: 0 }).brightness;
    assert.ok(left(1, 0, 0.5, 0.25, 0, 0.5) < 1e-6);
    assert.ok(Math.abs(left(1, 0, 2, 0) - 1 / 3) < 1e-6);
    assert.equal(left(-1, 0, 0, -1), 0);
  });
});

describe('selectSubset', () => {
  /** Random positive spectra [10, 6] and pixels [30, 6]. */
  const problem = (seed: number) => {
    const random = createRandom(seed);
    return {
      spectra: Float64Array.from({ length: 60 }, random.uniform),
      pixels: Float64Array.from({ length: 180 }, random.uniform),
    };
  };

  /** The squared residual of the pixels as a share of their energy, by NNLS on the spectra themselves. */
  const residualOf = ({ spectra, pixels }: ReturnType<typeof problem>, members: readonly number[]) => {
    const chosen = Float32Array.from(members.flatMap((k) => [...spectra.subarray(6 * k, 6 * k + 6)]));
    const coefficients = nnls(chosen, Float32Array.from(pixels), 6);
    let [left, total] = [0, 0];
    pixels.forEach((value, i) => {
      const row = Math.floor(i / 6) * members.length;
      const fit = members.reduce((sum, _, c) => sum + coefficients[row + c]! * chosen[6 * c + (i % 6)]!, 0);
      left += (value - fit) ** 2;
      total += value ** 2;
    });
    return left / total;
  };

  it('chooses such that no exchange of one spectrum lowers the residual', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const given = problem(seed);
        const { members, residual } = selectSubset(given.spectra, given.pixels, { width: 6, count: 3 });
        assert.equal(new Set(members).size, 3);
        // float32: 1e-7 of the pixels' energy.
        assert.ok(Math.abs(residualOf(given, members) - residual) < 1e-6);
        for (let i = 0; i < 3; i++)
          for (let k = 0; k < 10; k++) {
            const exchanged = members.map((member, j) => (j === i ? k : member));
            if (!members.includes(k)) assert.ok(residualOf(given, exchanged) > residual - 1e-6);
          }
      }),
      { numRuns: 30 },
    );
  });

  it('chooses the same spectra in whatever order pixels come', () => {
    const { spectra, pixels } = problem(5);
    const reversed = Float64Array.from({ length: 180 }, (_, i) => pixels[180 - 6 * (Math.floor(i / 6) + 1) + (i % 6)]!);
    const options = { width: 6, count: 3 };
    assert.deepEqual(selectSubset(spectra, reversed, options).members, selectSubset(spectra, pixels, options).members);
  });

  it('finds the materials among their mixtures, whatever the brightness', () => {
    const corners = [0, 1, 2].map((c) => Float64Array.from({ length: 6 }, (_, i) => (i % 3 === c ? 1 : 0.1)));
    const random = createRandom(3);
    const mixture = () => {
      const weights = corners.map(() => random.uniform());
      return Array.from({ length: 6 }, (_, i) => corners.reduce((sum, m, c) => sum + weights[c]! * m[i]!, 0));
    };
    const spectra = Float64Array.from(
      [mixture(), corners[2]!, mixture(), corners[0]!, mixture(), corners[1]!].flatMap((s) => [...s]),
    );
    const pixels = Float64Array.from(Array.from({ length: 50 }, mixture).flat());
    const { members, residual } = selectSubset(spectra, pixels, { width: 6, count: 3 });
    assert.deepEqual([...members].sort(), [1, 3, 5]);
    assert.ok(residual < 1e-9, `${residual}`);
  });
});
