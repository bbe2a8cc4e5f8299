import assert from 'node:assert/strict';
import { createRandom, type RandomState, restoreRandom, TrainError } from '@egunet/train';
import fc from 'fast-check';

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

describe('random', () => {
  it('gives the published outputs of xoshiro128** 1.1 from the state 1, 2, 3, 4', () => {
    const random = restoreRandom({ key: '0000000000000000', words: [1, 2, 3, 4] });
    assert.deepEqual(
      draw(10, random.uint32),
      [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
    );
  });

  it('fills its words with the halves of the published outputs of SplitMix64 from the seed 1234567, low half first', () => {
    const { words } = createRandom(1234567).state();
    assert.equal((BigInt(words[1]) << 32n) | BigInt(words[0]), 6457827717110365317n);
    assert.equal((BigInt(words[3]) << 32n) | BigInt(words[2]), 3203168211198807973n);
  });

  it('draws the same numbers from the same seed and others from another', () => {
    const of = (seed: number) => draw(20, createRandom(seed).uint32);
    assert.deepEqual(of(7), of(7));
    assert.notDeepEqual(of(7), of(8));
    assert.notDeepEqual(of(2 ** 32), of(0));
  });

  it('continues from a state that went through JSON', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(50), (seed, skip) => {
        const random = createRandom(seed);
        draw(skip, random.uint32);
        const copy = restoreRandom(JSON.parse(JSON.stringify(random.state())) as RandomState);
        assert.deepEqual(draw(10, copy.normal), draw(10, random.normal));
        assert.deepEqual(copy.fork('a').state(), random.fork('a').state());
      }),
    );
  });

  it('forks streams by name, whatever was drawn before', () => {
    const random = createRandom(3);
    const before = random.fork('blocks').uint32();
    draw(100, random.uint32);
    assert.equal(random.fork('blocks').uint32(), before);
    const streams = [random.fork('blocks'), random.fork('pixels'), random.fork('blocks').fork('pixels')];
    assert.equal(new Set(streams.map((stream) => stream.uint32())).size, 3);
  });

  it('draws uniform numbers in [0, 1) with mean 1/2 and variance 1/12', () => {
    const values = draw(100_000, createRandom(1).uniform);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Five standard errors: 5 * sqrt(1/12 / 1e5) = .0046 and 5 * sqrt(1/180 / 1e5) = .0012.
    assert.ok(Math.abs(mean - 0.5) < 0.0046, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1 / 12) < 0.0012, `variance ${variance}`);
  });

  it('draws normal numbers with mean 0, variance 1 and fourth moment 3', () => {
    const values = draw(100_000, createRandom(2).normal);
    const moment = (k: number) => values.reduce((sum, value) => sum + value ** k, 0) / values.length;
    // Five standard errors: sqrt(1 / n), sqrt(2 / n), sqrt(96 / n).
    assert.ok(Math.abs(moment(1)) < 0.016 && Math.abs(moment(2) - 1) < 0.023 && Math.abs(moment(4) - 3) < 0.155);
  });

  it('draws whole numbers below n, each as often (chi squared)', () => {
    const random = createRandom(4);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]!++;
    const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 6 degrees of freedom: above 27.9 with probability 1e-4.
    assert.ok(chi < 27.9, `chi squared ${chi}`);
    assert.equal(random.integer(1), 0);
  });

  it('shuffles in place: the same items, every order as often', () => {
    const random = createRandom(5);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(Int32Array.of(1, 2, 3)).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assert.equal(seen.size, 6);
    const chi = [...seen.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 5 degrees of freedom: above 25.7 with probability 1e-4.
    assert.ok(chi < 25.7, `chi squared ${chi}`);
    const many = random.shuffle(Uint32Array.from({ length: 100 }, (_, i) => i));
    assert.deepEqual(
      [...many].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('refuses seeds, bounds and states that are none', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
      assert.throws(() => createRandom(seed), { _tag: 'TrainError', message: /seed: expected a whole number/ });
    for (const n of [0, -3, 1.5, 2 ** 32 + 1]) assert.throws(() => createRandom(0).integer(n), TrainError);
    assert.throws(() => restoreRandom({ key: '0000000000000000', words: [0, 0, 0, 0] }), /random state/);
    assert.throws(() => restoreRandom({ key: 'seed', words: [1, 2, 3, 4] }), /random state/);
    assert.throws(() => restoreRandom({ key: '0000000000000000', words: [1, 2, 3, -4] }), /random state/);
  });
});
