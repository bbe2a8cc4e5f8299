// When the refined method changes what the subset method finds, and when it leaves it alone.
import assert from 'node:assert/strict';
import { createRandom, findEndmembers, type SpectraSample } from '@egunet/train';
import { angle, materials } from './golden.js';

const bands = 12;
const material = (c: number) => materials.subarray(c * bands, (c + 1) * bands);

/** Blocks of 25 mixtures of four materials, none above `purest`; each material's spectrum varies by `variability` from pixel to pixel. */
function sampleOf(options: { seed: number; blocks: number; purest: number; variability?: number }): SpectraSample {
  const { seed, purest, variability = 0 } = options;
  const random = createRandom(seed);
  const shares = () => {
    for (;;) {
      const drawn = Array.from({ length: 4 }, () => -Math.log(1 - random.uniform()));
      if (purest === 1 && random.uniform() < 0.5) drawn[Math.floor(4 * random.uniform())] = 1e3;
      const sum = drawn.reduce((a, b) => a + b, 0);
      if (Math.max(...drawn) <= purest * sum) return drawn.map((share) => share / sum);
    }
  };
  const pixel = () => {
    const mix = shares();
    const turns = mix.map(() => variability * random.normal());
    return Array.from({ length: bands }, (_, b) => {
      const value = mix.reduce(
        (sum, share, c) => sum + share * material(c)[b]! * (1 + turns[c]! * Math.sin(2 * b + c)),
        0,
      );
      return Math.max(0, value + 1e-3 * random.normal());
    });
  };
  const blocks = Array.from({ length: options.blocks }, (_, i) => ({
    spectra: Float32Array.from(Array.from({ length: 25 }, pixel).flat()),
    positions: Float64Array.from({ length: 25 }, (_, k) => 25 * i + k),
  }));
  return { bands, blocks, pixels: Float32Array.from(blocks.flatMap(({ spectra }) => [...spectra])) };
}

/** What both methods find. */
async function both(sample: SpectraSample) {
  const found = (method: 'subset' | 'refined') => findEndmembers(sample, { seed: 1, count: 4, method });
  const [subset, refined] = [await found('subset'), await found('refined')];
  return { subset: subset.endmembers, refined: refined.endmembers };
}

/** The largest angle from a material to its nearest endmember, radians. */
const farthest = (endmembers: Float32Array) =>
  Math.max(
    ...[0, 1, 2, 3].map((c) =>
      Math.min(...[0, 1, 2, 3].map((i) => angle(endmembers.subarray(i * bands, (i + 1) * bands), material(c)))),
    ),
  );

describe('the refined method', () => {
  it('finds materials that no pixel is made of alone', async () => {
    const { subset, refined } = await both(sampleOf({ seed: 1, blocks: 60, purest: 0.75 }));
    assert.ok(farthest(refined) < 0.5 * farthest(subset), `${farthest(refined)} and ${farthest(subset)}`);
    assert.ok(refined.every((value) => value >= 0));
  });

  it('leaves variable materials alone, whose residuals are no noise', async () => {
    const { subset, refined } = await both(sampleOf({ seed: 2, blocks: 60, purest: 0.75, variability: 0.1 }));
    assert.deepEqual(refined, subset);
  });

  it('leaves endmembers alone outside which only noise lies', async () => {
    const { subset, refined } = await both(sampleOf({ seed: 3, blocks: 60, purest: 1 }));
    assert.deepEqual(refined, subset);
  });

  it('leaves scenes alone that are too small to tell noise from signal', async () => {
    const { subset, refined } = await both({
      ...sampleOf({ seed: 4, blocks: 6, purest: 0.75 }),
      pixels: sampleOf({ seed: 4, blocks: 6, purest: 0.75 }).pixels.slice(0, 24 * bands),
    });
    assert.deepEqual(refined, subset);
  });
});
