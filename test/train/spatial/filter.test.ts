import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SpatialFilter } from '@egunet/models';
import {
  type AbundancePatch,
  createRandom,
  extrapolateNugget,
  krigingWeights,
  noiseShare,
  spatialFilter,
  TrainError,
} from '@egunet/train';
import { root } from '../../support/index.js';
import { smoothed } from './smoothed.js';

/** What fixtures/golden/train/make_spatial.py made. */
interface Golden {
  endmembers: number;
  patches: { rows: number; cols: number; abundances: (number | null)[]; noised: (number | null)[] }[];
  noiseShares: number[];
  kernels: number[][];
  image: { rows: number; cols: number; abundances: number[]; valid: number[]; smoothed: number[] };
}
const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/spatial.json'), 'utf8')) as Golden;

const floats = (values: (number | null)[]) => Float32Array.from(values, (value) => value ?? Number.NaN);
const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `${i}: ${actual[i]}, expected ${expected[i]}`);
};

/** What the difference of the neighbour at `place` is multiplied by [C, C]. */
function kernelAt({ toFactors, fromFactors, weights, noiseShares }: SpatialFilter, place: number): number[] {
  const q = noiseShares.length;
  const C = toFactors.length / q;
  return Array.from({ length: C * C }, (_, i) => {
    const [a, b] = [Math.floor(i / C), i % C];
    let sum = 0;
    for (let f = 0; f < q; f++) sum += toFactors[a * q + f]! * weights[place * q + f]! * fromFactors[f * C + b]!;
    return sum;
  });
}

/** A patch of two abundances: `of` gives the first. */
function patchOf(rows: number, cols: number, of: (row: number, col: number) => number): AbundancePatch {
  const abundances = new Float32Array(rows * cols * 2);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      const first = of(row, col);
      abundances.set([first, 1 - first], (row * cols + col) * 2);
    }
  return { rows, cols, abundances };
}

describe('the spatial filter', () => {
  const patches = golden.patches.map(({ rows, cols, abundances }) => ({ rows, cols, abundances: floats(abundances) }));
  const noised = golden.patches.map(({ rows, cols, noised: n }) => ({ rows, cols, abundances: floats(n) }));
  const filter = spatialFilter({ patches, noised }, golden.endmembers);

  it('is that of numpy and scipy: shares of noise, and what every neighbour is multiplied by', () => {
    near([...filter.noiseShares].sort(), [...golden.noiseShares].sort(), 1e-6);
    golden.kernels.forEach((kernel, place) => {
      if (place !== 12) near(kernelAt(filter, place), kernel, 1e-6);
    });
    near(kernelAt(filter, 12), new Array(16).fill(0), 0); // differences with oneself
  });

  it('smooths an image with gaps as a loop over pixels does', async () => {
    const { rows, cols, abundances, valid, smoothed: expected } = golden.image;
    near(await smoothed(filter, { rows, cols, valid }, floats(abundances)), expected, 1e-5); // float32
  });

  it('leaves a plane without noise alone, to the last bit', async () => {
    const plane = patchOf(20, 20, (row, col) => 0.1 + 0.02 * row + 0.015 * col);
    const found = spatialFilter({ patches: [plane] }, 2);
    assert.ok(found.noiseShares[0]! < 1e-3, `${found.noiseShares}`);
    const sharp = spatialFilter({ patches: [patchOf(20, 20, (row, col) => Number(row > 7 && col > 11))] }, 2);
    assert.deepEqual(sharp.noiseShares, [0]);
    const edge = patchOf(9, 9, (row) => Number(row > 4)).abundances;
    assert.deepEqual(await smoothed(sharp, { rows: 9, cols: 9 }, edge), edge);
  });

  it('averages noise on a constant over all 25 pixels: its variance falls to a 25th', async () => {
    const random = createRandom(3);
    const noise = () => patchOf(64, 64, () => 0.5 + 0.05 * random.normal());
    const found = spatialFilter({ patches: [noise(), noise()] }, 2);
    assert.ok(found.noiseShares[0]! > 0.9);
    const other = noise();
    const result = await smoothed(found, { rows: 64, cols: 64 }, other.abundances);
    const variance = (values: Float32Array) => {
      const first = values.filter((_, i) => i % 2 === 0);
      return first.reduce((sum, v) => sum + (v - 0.5) ** 2, 0) / first.length;
    };
    const ratio = variance(result) / variance(other.abundances);
    assert.ok(ratio < 0.06, `${ratio}`); // 1/25, and a little where the share found is below 1 and at the edges
  });

  it('takes the noise of the spectra where the variogram shows less', () => {
    const random = createRandom(5);
    // Waves of 8 pixels, which differ most 4 pixels apart, with noise of .03; and the same with as much noise again.
    const wave = (row: number, col: number) =>
      0.5 + 0.1 * (Math.sin((Math.PI * row) / 4) + Math.sin((Math.PI * col) / 4));
    const noisy = patchOf(64, 64, (row, col) => wave(row, col) + 0.03 * random.normal());
    const again = { ...noisy, abundances: noisy.abundances.slice() };
    for (let i = 0; i < again.abundances.length; i += 2) {
      const change = 0.03 * random.normal();
      again.abundances[i]! += change;
      again.abundances[i + 1]! -= change;
    }
    // The extrapolation from a variogram of waves falls below 0. Next neighbours differ by .005 (1 - cos(pi / 4)) along either wave, and by .03^2.
    assert.deepEqual(spatialFilter({ patches: [noisy] }, 2).noiseShares, [0]);
    const [share] = spatialFilter({ patches: [noisy], noised: [again] }, 2).noiseShares;
    const expected = 0.03 ** 2 / (0.03 ** 2 + 0.005 * (1 - Math.cos(Math.PI / 4)));
    assert.ok(Math.abs(share! - expected) < 0.05, `${share}, expected ${expected}`);
  });

  it('changes nothing where all abundances are alike, of all pixels or of an endmember', async () => {
    const found = spatialFilter({ patches: [patchOf(8, 8, () => 0.25)] }, 2);
    assert.deepEqual(found.noiseShares, []);
    const some = patchOf(8, 8, (row) => row / 8).abundances;
    assert.deepEqual(await smoothed(found, { rows: 8, cols: 8 }, some), some);
  });

  it('leaves a factor alone whose weights too few pairs decide', () => {
    // Five pixels a side: one pair in each diagonal direction is 4 rows and 4 columns apart.
    const random = createRandom(11);
    const shares = Array.from({ length: 30 }, () => {
      const found = spatialFilter({ patches: [patchOf(5, 5, () => random.uniform())] }, 2);
      const sum = found.weights.reduce((total, weight) => total + Math.abs(weight), 0);
      assert.ok(sum <= 3 + 1, `${sum}`); // the middle's own weight is not among them
      assert.equal(sum > 0, found.noiseShares[0]! > 0);
      return found.noiseShares[0]!;
    });
    assert.ok(shares.includes(0));
  });

  it('is refused where no pixels lie far enough apart: scenes 2 pixels wide', () => {
    assert.throws(
      () => spatialFilter({ patches: [patchOf(40, 2, (row) => row / 40)] }, 2),
      (error) => error instanceof TrainError && /4 rows and columns apart.*--model pw/.test(error.message),
    );
  });
});

describe('the nugget of a factor', () => {
  it('is what is left at distance 0 of c h^a + nugget, for every exponent from 1 to 2', () => {
    for (const exponent of [1, 1.3, 2]) {
      const g = (h: number) => 0.3 + 0.7 * h ** exponent;
      assert.ok(Math.abs(extrapolateNugget([g(1), g(2), g(4)]) - 0.3) < 1e-12);
    }
  });

  it('keeps exponents within 1 and 2, and is all of it where nothing grows', () => {
    assert.ok(Math.abs(extrapolateNugget([1, 1.5, 1.6]) - 0.5) < 1e-12); // 2^a would be .2: taken for 2
    assert.ok(Math.abs(extrapolateNugget([1, 1.3, 4]) - 0.9) < 1e-12); // 9: taken for 4
    assert.equal(extrapolateNugget([1, 1, 1]), 1);
  });
});

describe('the noise of a factor', () => {
  it('is the larger of the usual nugget and of what the spectra show, within what the variogram allows', () => {
    const linear = [1, 1.6, 2.8] as const; // nugget .4; at exponent 2 it would be .8
    assert.ok(Math.abs(noiseShare(linear, { usual: linear, ofSpectra: 0.1 }) - 0.4) < 1e-12);
    assert.equal(noiseShare(linear, { usual: linear, ofSpectra: 0.5 }), 0.5);
    assert.ok(Math.abs(noiseShare(linear, { usual: linear, ofSpectra: 3 }) - 0.8) < 1e-12);
    assert.ok(Math.abs(noiseShare(linear, { usual: [0.1, 0.16, 0.28], ofSpectra: 0 }) - 0.04) < 1e-12);
  });

  it('is never all of it, nor less than nothing', () => {
    assert.equal(noiseShare([1, 1, 1], { usual: [1, 1, 1], ofSpectra: 0 }), 0.99);
    assert.equal(noiseShare([1, 4, 16], { usual: [1, 4, 16], ofSpectra: 0.7 }), 0); // a plane
    assert.equal(noiseShare([1, 1, 1], { usual: [0, 0, 0], ofSpectra: 0 }), 0); // most pixels do not differ at all
  });

  it('is not what single pixels and roads have of their own', async () => {
    const random = createRandom(17);
    const roof = (row: number, col: number) => (row * 64 + col) % 97 === 0; // one pixel in a hundred
    const road = (row: number, col: number) => Math.round(20 + 8 * Math.sin(col / 7)) === row;
    for (const rare of [roof, road]) {
      const image = patchOf(64, 64, (row, col) => (rare(row, col) ? 0.9 : 0.3 + 0.002 * row) + 0.005 * random.normal());
      const after = await smoothed(spatialFilter({ patches: [image] }, 2), { rows: 64, cols: 64 }, image.abundances);
      let [kept, count] = [0, 0];
      for (let n = 0; n < 64 * 64; n++)
        if (rare(Math.floor(n / 64), n % 64)) [kept, count] = [kept + after[2 * n]!, count + 1];
      assert.ok(kept / count > 0.88, `${kept / count}`);
    }
  });
});

describe('kriging weights', () => {
  const linear = (rows: number, cols: number) => Math.hypot(rows, cols);

  it('sum to 1 and leave the middle as it is where there is no noise', () => {
    const weights = krigingWeights(2, { variogram: linear, nugget: 0 })!;
    weights.forEach((weight, i) => {
      assert.ok(Math.abs(weight - Number(i === 12)) < 1e-9);
    });
  });

  it('are all the same for noise alone', () => {
    for (const weight of krigingWeights(1, { variogram: () => 1, nugget: 1 })!)
      assert.ok(Math.abs(weight - 1 / 9) < 1e-12);
  });

  it('have the least variance of error: no other weights that sum to 1 do better', () => {
    const [nugget, g] = [0.4, (r: number, c: number) => 0.4 + linear(r, c)];
    const weights = krigingWeights(1, { variogram: g, nugget })!;
    const places = Array.from({ length: 9 }, (_, i) => [Math.floor(i / 3), i % 3] as const);
    // Variance of sum w z - signal, from variograms: 2 sum w g(i, middle) - sum w w g - nugget, g(middle, middle) being the nugget.
    const error = (w: ArrayLike<number>) => {
      let sum = -nugget;
      places.forEach(([r, c], i) => {
        sum += 2 * w[i]! * (i === 4 ? nugget : g(r - 1, c - 1));
        places.forEach(([r2, c2], j) => {
          if (i !== j) sum -= w[i]! * w[j]! * g(r - r2, c - c2);
        });
      });
      return sum;
    };
    const least = error(weights);
    const random = createRandom(8);
    for (let trial = 0; trial < 50; trial++) {
      const other = weights.map((w) => w + 0.05 * random.normal());
      const total = other.reduce((a, b) => a + b, 0);
      assert.ok(error(other.map((w) => w + (1 - total) / 9)) >= least - 1e-12);
    }
    assert.ok(weights.reduce((a, b) => a + b, 0) - 1 < 1e-12);
  });

  it('are undefined where the variogram says nothing', () => {
    assert.equal(krigingWeights(1, { variogram: () => 0, nugget: 0 }), undefined);
  });
});
