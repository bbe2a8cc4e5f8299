import assert from 'node:assert/strict';
import {
  createRandom,
  type EvaluationInput,
  evaluateAbundances,
  type MapEvaluation,
  nnlsAbundances,
} from '@egunet/train';
import fc from 'fast-check';
import { materials } from '../endmembers/golden.js';

const bands = 12;
const names = ['tree', 'water', 'dirt', 'road'];

/** An exact linear scene of 40 pixels, the first four pure, and a map of it that is off by up to .1. */
function scene(seed: number): Required<Omit<EvaluationInput, 'baseline'>> {
  const random = createRandom(seed);
  const normalised = (x: number[]) => x.map((value) => value / x.reduce((sum, v) => sum + v, 0));
  const rows = Array.from({ length: 40 }, (_, n) =>
    n < 4 ? names.map((_, c) => Number(c === n)) : normalised(names.map(() => random.uniform())),
  );
  const reference = Float32Array.from(rows.flat());
  const abundances = Float32Array.from(rows.flatMap((row) => normalised(row.map((a) => a + 0.1 * random.uniform()))));
  const spectra = Float32Array.from({ length: 40 * bands }, (_, k) =>
    names.reduce(
      (sum, _, c) => sum + reference[Math.floor(k / bands) * 4 + c]! * materials[c * bands + (k % bands)]!,
      0,
    ),
  );
  return {
    abundances,
    reference,
    names,
    spectra,
    referenceEndmembers: materials,
    endmembers: Float32Array.from(materials),
  };
}

const value = ({ figures }: Pick<MapEvaluation, 'figures'>, name: string) => {
  const figure = figures.find((f) => f.name === name);
  assert.ok(figure, `no figure ${name}`);
  return figure.value;
};

/** Columns (or rows of spectra) moved: new place i holds old `order[i]`. */
const columns = (x: Float32Array, order: number[]) => x.map((_, k) => x[k - (k % 4) + order[k % 4]!]!);
const rows = (x: Float32Array, width: number, order: number[]) =>
  Float32Array.from(order.flatMap((i) => [...x.subarray(i * width, (i + 1) * width)]));

describe('evaluateAbundances', () => {
  it('gives zeros for the reference itself, and a perfect baseline on exact mixtures', () => {
    const input = scene(1);
    const found = evaluateAbundances({ ...input, abundances: input.reference });
    assert.equal(found.matching, 'spectral angle of the endmembers');
    assert.deepEqual([found.pixels, found.skippedPixels], [40, 0]);
    for (const name of ['aRMSE', 'RMSE']) assert.equal(value(found, name), 0);
    for (const name of ['aSAD (eq. 12)', 'aSAD (near-pure)']) assert.ok(value(found, name) < 1e-3);
    assert.ok(value(found.baseline!, 'aRMSE') < 1e-5);
    for (const material of found.materials) {
      assert.equal(value(material, 'RMSE'), 0);
      assert.deepEqual(material.nearPure, { pixels: 1, leastAbundance: 1 });
    }
  });

  it('says of every figure what it is', () => {
    const found = evaluateAbundances(scene(1));
    const all = [...found.figures, ...found.materials.flatMap((m) => m.figures), ...found.baseline!.figures];
    assert.equal(all.length, 4 + 4 * 3 + 4);
    for (const { name, definition, unit, value: number } of all) {
      assert.ok(definition.length > 30, name);
      assert.equal(unit, name.includes('SAD') ? 'rad' : 'abundance');
      assert.ok(Number.isFinite(number));
    }
    assert.match(found.figures[0]!.definition, /eq\. 9/);
  });

  it('does not depend on the order of endmembers, nor on that of pixels', () => {
    fc.assert(
      fc.property(fc.nat(), fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (seed, order) => {
        const input = scene(seed);
        const found = evaluateAbundances(input);
        const moved = evaluateAbundances({
          ...input,
          abundances: columns(input.abundances, order),
          endmembers: rows(input.endmembers, bands, order),
        });
        assert.deepEqual(
          moved.materials.map((m) => order[m.endmember]),
          [0, 1, 2, 3],
        );
        const pixels = [...createRandom(seed).shuffle(Int32Array.from({ length: 40 }, (_, n) => n))];
        const shuffled = evaluateAbundances({
          ...input,
          abundances: rows(input.abundances, 4, pixels),
          reference: rows(input.reference, 4, pixels),
          spectra: rows(input.spectra, bands, pixels),
        });
        for (const other of [moved, shuffled])
          found.figures.forEach(({ value: expected }, i) => {
            assert.ok(Math.abs(other.figures[i]!.value - expected) < 1e-5);
          });
      }),
      { numRuns: 30 },
    );
  });

  it('puts NNLS on the same endmembers beside the map, matched alike', () => {
    const input = scene(2);
    const order = [2, 0, 3, 1];
    const endmembers = rows(materials, bands, order).map((v, k) => v * (1 + 0.05 * Math.sin(k)));
    const { baseline } = evaluateAbundances({ ...input, abundances: columns(input.abundances, order), endmembers });
    const { abundances } = nnlsAbundances(endmembers, input.spectra, bands);
    const direct = evaluateAbundances({ ...input, abundances, endmembers });
    assert.deepEqual(baseline!.figures, direct.figures);
    const given = { ...input, abundances: columns(input.abundances, order), endmembers, baseline: abundances };
    assert.deepEqual(evaluateAbundances(given).baseline, baseline);
    const other = evaluateAbundances({ ...given, baseline: given.abundances });
    assert.deepEqual(other.baseline!.figures, other.figures);
    assert.deepEqual(
      baseline!.materials.map((m) => m.endmember),
      [1, 3, 0, 2],
    );
  });

  it('matches on the endmembers of eq. 12 where none are given, on abundances where there is no reference spectrum', () => {
    const { abundances, reference, spectra, referenceEndmembers } = scene(3);
    const moved = columns(abundances, [3, 1, 0, 2]);
    const byFit = evaluateAbundances({ abundances: moved, reference, names, spectra, referenceEndmembers });
    assert.equal(byFit.matching, 'spectral angle of the endmembers of eq. 12');
    const byMap = evaluateAbundances({ abundances: moved, reference, names });
    assert.equal(byMap.matching, 'abundances');
    for (const found of [byFit, byMap]) {
      assert.deepEqual(
        found.materials.map((m) => m.endmember),
        [2, 1, 3, 0],
      );
      assert.equal(found.baseline, undefined);
    }
    assert.equal(byMap.figures.length, 2);
    assert.equal(byMap.materials[0]!.nearPure, undefined);
  });

  it('leaves pixels without data or reference out and counts them', () => {
    const input = scene(4);
    const first = evaluateAbundances({
      ...input,
      abundances: input.abundances.subarray(0, 37 * 4),
      reference: input.reference.subarray(0, 37 * 4),
      spectra: input.spectra.subarray(0, 37 * bands),
    });
    const abundances = Float32Array.from(input.abundances).fill(Number.NaN, 37 * 4, 38 * 4);
    const reference = Float32Array.from(input.reference);
    reference[38 * 4 + 1] = Number.NaN;
    const spectra = Float32Array.from(input.spectra);
    spectra[39 * bands] = Number.POSITIVE_INFINITY;
    const baseline = nnlsAbundances(input.endmembers, input.spectra, bands).abundances.fill(9, 37 * 4);
    const found = evaluateAbundances({ ...input, abundances, reference, spectra, baseline });
    assert.deepEqual(found.baseline, first.baseline);
    assert.deepEqual([found.pixels, found.skippedPixels], [37, 3]);
    assert.deepEqual(found.figures, first.figures);
  });

  it('counts a material that the map never shows as orthogonal', () => {
    const input = scene(5);
    const abundances = input.abundances.map((a, k) => (k % 4 === 3 ? 0 : a));
    const found = evaluateAbundances({ ...input, abundances });
    assert.ok(Math.abs(value(found.materials[3]!, 'SAD (eq. 12)') - Math.PI / 2) < 1e-12);
    assert.deepEqual(found.materials[3]!.nearPure, { pixels: 20, leastAbundance: 0 });
  });

  it('refuses what cannot be compared', () => {
    const input = scene(6);
    const refused = (change: Partial<EvaluationInput>, message: RegExp) =>
      assert.throws(() => evaluateAbundances({ ...input, ...change }), { _tag: 'TrainError', message });
    refused({ abundances: new Float32Array(40 * 5) }, /5 endmembers against 4 reference materials; train with 4/);
    refused({ abundances: new Float32Array(7) }, /no whole number for each of the reference's 40 pixels/);
    refused({ baseline: new Float32Array(4) }, /expected a baseline of 160 values, as many as the map, got 4/);
    refused({ names: ['one'] }, /expected a reference of 1 >= 2 named materials/);
    refused({ reference: new Float32Array(0) }, /got 0 values/);
    refused({ spectra: new Float32Array(41) }, /expected whole spectra for 40 pixels, got 41 values/);
    refused({ endmembers: new Float32Array(11) }, /expected 4 endmembers of 12 bands, got 11 values/);
    refused({ referenceEndmembers: new Float32Array(4 * 13) }, /expected 4 reference endmembers of 12 bands/);
    refused(
      { reference: new Float32Array(160).fill(Number.NaN) },
      /none of 40 pixels has abundances, reference and data/,
    );
  });
});
