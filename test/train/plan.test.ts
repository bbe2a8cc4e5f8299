// What `fit` hands to its engine: the scaled data and each epoch's draws and rates.
// Legend: N pixels, n of them a batch, m candidates, S steps an epoch.
import assert from 'node:assert/strict';
import {
  type Engine,
  type EpochPlan,
  type FitOptions,
  type FitResult,
  fit,
  type Problem,
  type Schedule,
} from '@egunet/train';
import { mixtures } from './training-set.js';

// 23 pixels in batches of 5: 4 steps an epoch, 3 pixels left out. 3 epochs are 12 steps.
const [pixels, candidates, batch, steps, epochs] = [23, 6, 5, 4, 3];
const candidateBatch = candidates; // but where a test takes fewer
const { set, facts } = mixtures({ pixels, candidates });

interface Seen {
  readonly problem: Problem;
  readonly plans: readonly EpochPlan[];
  readonly released: number;
  readonly result: FitResult;
}

/** Runs `fit` with an engine that trains nothing but keeps what it is given. */
async function spied(options: FitOptions = {}, { set: training, facts: of } = { set, facts }): Promise<Seen> {
  const plans: EpochPlan[] = [];
  let [given, released]: [Problem | undefined, number] = [undefined, 0];
  const engine = async (problem: Problem): Promise<Engine> => {
    given = problem;
    return {
      name: 'spy',
      runEpoch: async (state, plan) => {
        plans.push(plan);
        return { state, losses: new Float32Array(3 * problem.steps) };
      },
      release: async () => {
        released++;
      },
    };
  };
  const result = await fit(training, of, { batch, candidateBatch, epochs, engine, ...options });
  return { problem: given!, plans, released, result };
}

describe('the order of the pixels', () => {
  it('is the beginning of a permutation, another one in each epoch', async () => {
    const { plans } = await spied();
    assert.equal(plans.length, epochs);
    for (const { order } of plans) {
      assert.equal(order.length, steps * batch);
      assert.equal(new Set(order).size, order.length, 'no pixel twice in an epoch');
      assert.ok(order.every((pixel) => pixel >= 0 && pixel < pixels));
    }
    const seen = new Set(plans.map(({ order }) => order.join()));
    assert.equal(seen.size, epochs);
  });

  it('leaves other pixels out in other epochs, and puts each in every place', async () => {
    const { plans } = await spied({ epochs: 200 });
    // A pixel is left out of 200 epochs 200 * 3 / 23 = 26 times, standard deviation 4.8; it is first 200 / 23 = 8.7 times, 2.9.
    for (let pixel = 0; pixel < pixels; pixel++) {
      const out = plans.filter(({ order }) => !order.includes(pixel)).length;
      const first = plans.filter(({ order }) => order[0] === pixel).length;
      assert.ok(Math.abs(out - 26.1) < 5 * 4.8, `pixel ${pixel} left out ${out} times`);
      assert.ok(Math.abs(first - 8.7) < 5 * 2.9, `pixel ${pixel} first ${first} times`);
    }
  });

  it('and every other draw are repeated by the seed, and by nothing but the seed', async () => {
    const [a, b, c] = [await spied({ seed: 3 }), await spied({ seed: 3 }), await spied({ seed: 4 })];
    assert.deepEqual(a.plans, b.plans);
    assert.notDeepEqual(a.plans[0]!.order, c.plans[0]!.order);
    assert.notDeepEqual(a.plans[0]!.mixedKeep, c.plans[0]!.mixedKeep);
    assert.notDeepEqual(a.plans[0]!.candidateKeep, c.plans[0]!.candidateKeep);
  });

  it('and every other draw continue in a resumed run as in an uninterrupted one', async () => {
    const whole = await spied();
    const abort = new AbortController();
    const begun = await spied({ signal: abort.signal, onEpoch: () => abort.abort() });
    const resumed = await spied({ resume: begun.result.checkpoint });
    assert.deepEqual([...begun.plans, ...resumed.plans], whole.plans);
    assert.equal(begun.released, 1);
    assert.equal(resumed.released, 1);
  });
});

describe('the candidates of a step', () => {
  it('are all, in their order, where a batch holds all', async () => {
    const { plans } = await spied();
    const all = Array.from({ length: candidates }, (_, i) => i);
    for (const { candidateOrder } of plans) assert.deepEqual([...candidateOrder], Array(steps).fill(all).flat());
  });

  it('are shuffled passes through all of them where it holds fewer, other ones in each epoch', async () => {
    const { plans, problem } = await spied({ candidateBatch: 4 });
    assert.equal(problem.candidateBatch, 4);
    for (const { candidateOrder, candidateKeep } of plans) {
      assert.equal(candidateOrder.length, steps * 4);
      assert.equal(candidateKeep.length, steps * 4 * 256);
      // 16 candidates of 6: two whole passes and 4 of a third.
      const passes = [candidateOrder.subarray(0, 6), candidateOrder.subarray(6, 12), candidateOrder.subarray(12)];
      assert.deepEqual(
        passes.map((pass) => new Set(pass).size),
        [6, 6, 4],
      );
      assert.ok(candidateOrder.every((candidate) => candidate >= 0 && candidate < candidates));
    }
    const passes = plans.flatMap(({ candidateOrder }) => [candidateOrder.slice(0, 6), candidateOrder.slice(6, 12)]);
    assert.ok(new Set(passes.map(String)).size >= 5, `${passes.join(' | ')}`);
  });

  it('come each equally often', async () => {
    const { plans } = await spied({ candidateBatch: 4, epochs: 300 });
    // 300 epochs of 16 draws: of the third pass's 4 places each of 6 candidates has 200, standard deviation 8.2, besides 600 of the whole passes.
    for (let candidate = 0; candidate < candidates; candidate++) {
      const times = plans
        .flatMap(({ candidateOrder }) => [...candidateOrder])
        .filter((one) => one === candidate).length;
      assert.ok(Math.abs(times - 800) < 5 * 8.2, `candidate ${candidate}: ${times} times`);
    }
  });

  it('do not change the other draws', async () => {
    const [all, some] = [await spied(), await spied({ candidateBatch: 4 })];
    for (const key of ['order', 'stepSizes', 'mixedKeep'] as const)
      assert.deepEqual(some.plans[1]![key], all.plans[1]![key]);
  });
});

describe('the size of a batch', () => {
  const sizes = async (given: FitOptions, of: { pixels: number; candidates: number }) => {
    const { batch, candidateBatch } = (
      await spied({ batch: undefined, candidateBatch: undefined, epochs: 1, ...given }, mixtures(of))
    ).problem;
    return [batch, candidateBatch];
  };

  it('is 512 of each stream, or as many as there are candidates or pixels', async () => {
    assert.deepEqual(await sizes({}, { pixels: 1100, candidates: 700 }), [512, 512]);
    assert.deepEqual(await sizes({}, { pixels: 1100, candidates: 300 }), [300, 300]);
    assert.deepEqual(await sizes({}, { pixels: 100, candidates: 300 }), [100, 100]);
  });

  it('of the candidates follows that of the pixels where it is not given', async () => {
    const of = { pixels: 1100, candidates: 300 };
    assert.deepEqual(await sizes({ batch: 50 }, of), [50, 50]);
    assert.deepEqual(await sizes({ batch: 900 }, of), [900, 300]);
    assert.deepEqual(await sizes({ candidateBatch: 70 }, of), [300, 70]);
    assert.deepEqual(await sizes({ batch: 50, candidateBatch: 300 }, of), [50, 300]);
  });
});

describe('the number of epochs', () => {
  const epochsOf = async (given: FitOptions, of: { pixels: number; candidates: number }) =>
    (await spied({ batch: 500, epochs: undefined, signal: AbortSignal.abort(), ...given }, mixtures(of))).result
      .checkpoint.settings.epochs;

  it('is what makes 4000 steps, whole epochs, but at most 200', async () => {
    assert.equal(await epochsOf({}, { pixels: 20_999, candidates: 600 }), 98); // 41 steps an epoch: 97.6
    assert.equal(await epochsOf({}, { pixels: 5000, candidates: 600 }), 200); // 10 steps
    assert.equal(await epochsOf({ epochs: 7 }, { pixels: 5000, candidates: 600 }), 7);
  });
});

describe('the step sizes', () => {
  /** Adam's bias correction in closed form, for the rate of each of the training's 12 steps. */
  function expected(rate: (step: number) => number): number[] {
    return Array.from({ length: steps * epochs }, (_, step) => {
      const t = step + 1;
      return (rate(step) * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
    });
  }

  const rates: [Schedule, (step: number) => number][] = [
    ['poly', (step) => 0.03 * (1 - step / 12) ** 0.99],
    // 6 candidates: x0.99^(8000 / 6) a step.
    ['released', (step) => 0.03 * 0.99 ** ((step * 8000) / 6)],
  ];
  for (const [schedule, rate] of rates)
    it(`of the ${schedule} schedule go on over the epochs, with Adam's bias correction`, async () => {
      const { plans } = await spied({ schedule, learningRate: 0.03 });
      const sizes = plans.flatMap(({ stepSizes }) => [...stepSizes]);
      assert.equal(sizes.length, 12);
      expected(rate).forEach((size, step) => {
        // Below float32's smallest normal number only the absolute size counts.
        assert.ok(
          Math.abs(sizes[step]! - size) <= 2 ** -23 * size + 1e-38,
          `step ${step}: ${sizes[step]}, expected ${size}`,
        );
      });
    });

  it('of the poly schedule end near 0 in the last step of the last epoch, no sooner', async () => {
    const { plans } = await spied({ schedule: 'poly', learningRate: 0.03, epochs: 50 });
    // Step 199 of 200: .03 / 200^.99; the correction is sqrt(1 - .999^200) / (1 - .9^200).
    const last = (0.03 / 200 ** 0.99) * (Math.sqrt(1 - 0.999 ** 200) / (1 - 0.9 ** 200));
    assert.ok(Math.abs(plans[49]!.stepSizes[3]! / last - 1) < 1e-6);
    assert.ok(plans[49]!.stepSizes[2]! > 1.9 * last);
  });
});

describe('the dropout masks', () => {
  it('keep 1 - rate of layer 1, drawn anew for each step, epoch and stream', async () => {
    for (const dropRate of [0.1, 0.4]) {
      const { plans, problem } = await spied({ dropRate });
      assert.equal(problem.dropRate, dropRate);
      const draws = plans.flatMap(({ mixedKeep, candidateKeep }) => {
        assert.equal(mixedKeep.length, steps * batch * 256);
        assert.equal(candidateKeep.length, steps * candidates * 256);
        const cut = (keep: Uint8Array) =>
          Array.from({ length: steps }, (_, i) =>
            keep.subarray((i * keep.length) / steps, ((i + 1) * keep.length) / steps),
          );
        return [...cut(mixedKeep), ...cut(candidateKeep)];
      });
      assert.equal(new Set(draws.map((draw) => draw.subarray(0, batch * 256).join(''))).size, 2 * steps * epochs);
      const bits = draws.flatMap((draw) => [...draw]);
      assert.ok(Math.max(...draws.map((draw) => Math.max(...draw))) === 1);
      const share = bits.reduce((a, b) => a + b, 0) / bits.length;
      // 3 * 4 * 11 * 256 = 33,792 bits: standard deviation sqrt(.4 * .6 / 33792) = .0027 at most.
      assert.ok(Math.abs(share - (1 - dropRate)) < 0.011, `${share} kept`);
    }
  });

  it('drop a tenth of the units at 0.1, each by itself, and none at 0', async () => {
    const { plans } = await spied({ epochs: 100 });
    const streams = plans.flatMap(({ mixedKeep, candidateKeep }) => [mixedKeep, candidateKeep]);
    let [bits, dropped, both] = [0, 0, 0];
    for (const keep of streams)
      keep.forEach((one, i) => {
        bits++;
        if (one) return;
        dropped++;
        if (keep[i - 1] === 0) both++;
      });
    // 100 * 4 * 11 * 256 = 1.1 million bits. Standard deviations: sqrt(.1 * .9 / 1.1e6) = .0003 of the share, .0001 of P(both) = .01.
    assert.equal(bits, 1_126_400);
    assert.ok(Math.abs(dropped / bits - 0.1) < 0.0012, `${dropped / bits} dropped`);
    assert.ok(Math.abs(both / bits - 0.01) < 0.0004, `${both / bits} neighbours dropped`);
    const { plans: whole } = await spied({ dropRate: 0 });
    for (const { mixedKeep, candidateKeep } of whole)
      assert.ok([...mixedKeep, ...candidateKeep].every((one) => one === 1));
  });
});

describe('the training data', () => {
  it('is scaled by one factor, 1 / the brightest pixel, and clipped to [0, 1]', async () => {
    // The brightest pixel is 0.5, so that the factor is 2 and every product is exact.
    const dim = set.pixels.map((v, i) => (i === 40 ? 0.5 : i === 7 ? -0.25 : Math.min(v, 0.4)));
    const bright = set.candidates.map((v, i) => (i === 11 ? 0.75 : i === 12 ? -0.125 : Math.min(v, 0.4)));
    const { problem, result } = await spied({}, { set: { ...set, pixels: dim, candidates: bright }, facts });
    const clipped = (values: Float32Array) => values.map((v) => Math.min(Math.max(2 * v, 0), 1));
    assert.equal(result.checkpoint.inputScale * 0.5, 1);
    assert.equal(Math.max(...problem.data.mixed), 1);
    assert.deepEqual(problem.data.mixed, clipped(dim));
    assert.deepEqual(problem.data.candidates, clipped(bright));
    assert.equal(problem.data.candidates[11], 1);
    assert.equal(problem.data.candidates[12], 0);
    assert.deepEqual(problem.data.labels, set.labels);
  });

  it('comes in whole batches', async () => {
    const { problem } = await spied();
    assert.equal(problem.steps, steps);
    assert.equal(problem.batch, batch);
    assert.equal(problem.data.mixed.length, set.pixels.length);
  });
});
