import assert from 'node:assert/strict';
import { nearestWeight, WEIGHT_LIMIT } from '@egunet/export';
import { createRandom, roundCompensating } from '@egunet/train';

describe('rounding of weights that makes up for itself', () => {
  const random = createRandom(3);
  const weights = Float64Array.from({ length: 12 * 5 }, () => 60 * (2 * random.uniform() - 1)); // [12, 5]

  it('rounds to the nearest where the inputs have nothing to do with each other', () => {
    // Every input by itself, up and down: uncorrelated, of equal variance.
    const samples = new Float32Array(24 * 12);
    for (let i = 0; i < 12; i++) [samples[24 * i + i], samples[24 * i + 12 + i]] = [1, -1];
    assert.deepEqual(roundCompensating(weights, samples, 12), Int8Array.from(weights, nearestWeight));
    const alike = new Float32Array(3 * 12).fill(0.5); // these say nothing of how inputs vary
    assert.deepEqual(roundCompensating(weights, alike, 12), Int8Array.from(weights, nearestWeight));
  });

  it('keeps the sum of two weights whose inputs are always equal', () => {
    const samples = Float32Array.from([0, 1, 2, 5].flatMap((value) => [value, value]));
    // Each to the nearest would give 0 + 0 for 0.8, and 1 + 1 for 1.2.
    assert.deepEqual([...roundCompensating(Float64Array.of(0.4, 0.6, 0.4, 0.6), samples, 2)], [0, 1, 1, 0]);
  });

  it('changes the products of inputs that go together far less than the nearest integers do', () => {
    const samples = new Float32Array(200 * 12); // two patterns, mixed, with a little noise
    for (let n = 0; n < 200; n++) {
      const [a, b] = [random.normal(), random.normal()];
      for (let i = 0; i < 12; i++) samples[12 * n + i] = a + b * Math.sin(i) + 0.05 * random.normal();
    }
    const squares = (rounded: Int8Array) => {
      let sum = 0;
      for (let n = 0; n < 200; n++)
        for (let o = 0; o < 5; o++) {
          let error = 0;
          for (let i = 0; i < 12; i++) error += samples[12 * n + i]! * (rounded[5 * i + o]! - weights[5 * i + o]!);
          sum += error * error;
        }
      return sum;
    };
    const nearest = squares(Int8Array.from(weights, nearestWeight));
    assert.ok(squares(roundCompensating(weights, samples, 12)) < 0.3 * nearest);
  });

  it('never leaves the range of a weight', () => {
    const large = Float64Array.from({ length: 8 }, () => WEIGHT_LIMIT + 0.49);
    const samples = Float32Array.from({ length: 80 }, () => random.normal());
    for (const weight of roundCompensating(large, samples, 8)) assert.equal(weight, WEIGHT_LIMIT);
  });
});
