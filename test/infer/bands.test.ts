import assert from 'node:assert/strict';
import { matchBands, planBands, type ReaderBand } from '@egunet/infer';
import { assertModelCard, type ModelCard } from '@egunet/models/card';
import fc from 'fast-check';
import { cardBands, modelCard } from './support.js';

const scene = (bands: readonly Partial<ReaderBand>[], sensor?: string) => ({
  name: 'scene.tif',
  sensor,
  bands: bands.map((band, i) => ({ name: `band ${i + 1}`, bad: false, ...band })),
});
const at = (...wavelengths: number[]) => wavelengths.map((wavelength) => ({ wavelength }));

/** The test model's card, for other bands. */
const cardFor = (bands: ModelCard['bands'], sensor: string | null = null): ModelCard => ({
  ...modelCard(),
  sensor,
  bands,
});
const card = (...wavelengths: number[]) => cardFor(wavelengths.map((wavelength) => ({ wavelength, fwhm: 10 })));
const blind = (count: number) => cardFor(new Array(count).fill({ wavelength: null, fwhm: null }));
const refused = (run: () => unknown, message: RegExp) => assert.throws(run, { _tag: 'InferError', message });
const refusedButToResample = (run: () => unknown, message: RegExp) =>
  assert.throws(run, { _tag: 'InferError', message, remedy: 'resample' });

describe('band matching', () => {
  it('finds each band of the model by wavelength, wherever it stands in the scene', () => {
    const model = modelCard();
    fc.assert(
      fc.property(
        fc.shuffledSubarray(cardBands(model), { minLength: model.bands.length, maxLength: model.bands.length }),
        (bands) => {
          const matched = matchBands(scene(bands), model);
          assert.deepEqual(
            matched.map((i) => bands[i]!.wavelength),
            model.bands.map(({ wavelength }) => wavelength),
          );
        },
      ),
      { seed: 1 },
    );
  });

  it('ignores further bands, bands without a wavelength, and flags', () => {
    const bands = [{ wavelength: 400 }, {}, { wavelength: 551 }, { wavelength: 499, bad: true }];
    assert.deepEqual(matchBands(scene(bands), card(500, 550)), [3, 2]);
  });

  it("goes as far as half the model's FWHM, else the scene's, else 5 nm", () => {
    assert.deepEqual(matchBands(scene(at(505)), card(500)), [0]);
    refused(() => matchBands(scene(at(505.01)), card(500)), /no band within half a FWHM for 1 of the model's 1/);
    const unknown = cardFor([{ wavelength: 500, fwhm: null }]);
    assert.deepEqual(matchBands(scene([{ wavelength: 508, fwhm: 16 }]), unknown), [0]);
    refused(() => matchBands(scene([{ wavelength: 508.1, fwhm: 16 }]), unknown), /500 nm/);
    assert.deepEqual(matchBands(scene(at(505)), unknown), [0]);
    refused(() => matchBands(scene(at(505.1)), unknown), /500 nm/);
  });

  it('never gives one scene band to two bands of the model', () => {
    refused(() => matchBands(scene(at(500)), card(499, 501)), /for 1 of the model's 2 bands/);
    // 500 is nearest to both; the pair with the least sum of squares takes 497 for 498.
    assert.deepEqual(matchBands(scene(at(500, 497)), card(499.5, 498)), [0, 1]);
  });

  it('keeps the detectors apart where they overlap, even when all wavelengths moved a little', () => {
    // The nearest to 985.6 is 985.5, but that is the other detector's: 985.0 -> 985.5 and 985.6 -> 986.1 fit better.
    assert.deepEqual(matchBands(scene(at(985.5, 986.1)), card(985.0, 985.6)), [0, 1]);
  });

  it('assigns as many bands as can be, with the least sum of squared distances, as trying everything does', () => {
    const wavelengths = (max: number) => fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: max });
    /** Least [unmatched, sum of squares] over all one-to-one assignments. */
    const best = (model: number[], offered: number[], taken = 0, m = 0): [number, number] => {
      if (m === model.length) return [0, 0];
      const alone = best(model, offered, taken, m + 1);
      let least: [number, number] = [alone[0] + 1, alone[1]];
      for (const [s, wavelength] of offered.entries()) {
        const distance = Math.abs(wavelength - model[m]!);
        if (taken & (1 << s) || distance > 5) continue;
        const [unmatched, sum] = best(model, offered, taken | (1 << s), m + 1);
        const total = sum + distance ** 2;
        if (unmatched < least[0] || (unmatched === least[0] && total < least[1])) least = [unmatched, total];
      }
      return least;
    };
    fc.assert(
      fc.property(wavelengths(4), wavelengths(5), (model, offered) => {
        // Wavelengths are positive: shift by 100 nm.
        const shifted = (values: number[]) => values.map((value) => value + 100);
        const [unmatched, sum] = best(model, offered);
        const match = () => matchBands(scene(at(...shifted(offered))), card(...shifted(model)));
        if (unmatched > 0) return refused(match, new RegExp(`for ${unmatched} of the model's ${model.length} bands`));
        const matched = match();
        assert.equal(new Set(matched).size, model.length);
        const got = matched.reduce((total, s, m) => total + (offered[s]! - model[m]!) ** 2, 0);
        assert.equal(got, sum);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('lists the first of the missing bands, their number, the sensor and the remedy', () => {
    const model = cardFor(
      [400, 500, 600, 700, 800, 900, 1000.26].map((wavelength) => ({ wavelength, fwhm: 10 })),
      'EnMAP',
    );
    refusedButToResample(
      () => matchBands(scene(at(500)), model),
      /^scene\.tif: .*for 6 of the model's 7 bands \(sensor EnMAP\): 400, 600, 700, 800, 900 and 1 more nm; give a scene of that sensor, or train a model for this one$/,
    );
  });

  it('refuses a scene of another sensor, naming both, whatever its bands', () => {
    const model = cardFor([{ wavelength: 500, fwhm: 10 }], 'EnMAP');
    refusedButToResample(
      () => matchBands(scene(at(500), 'PRISMA'), model),
      /a scene of PRISMA, but the model is for EnMAP; train a model for PRISMA$/,
    );
    assert.deepEqual(matchBands(scene(at(500), 'enmap '), model), [0]);
    assert.deepEqual(matchBands(scene(at(500)), model), [0]);
    assert.deepEqual(matchBands(scene(at(500), 'PRISMA'), card(500)), [0]);
  });

  it('without wavelengths takes only scenes that have none either, and as many bands', () => {
    assert.deepEqual(matchBands(scene([{}, {}, {}]), blind(3)), [0, 1, 2]);
    refused(() => matchBands(scene([{}, {}]), blind(3)), /takes 3 bands \(without wavelengths\), the scene has 2/);
    const part = cardFor([3, 1].map((index) => ({ wavelength: null, fwhm: null, index })));
    part.data = { ...part.data, bands: 4 };
    assert.deepEqual(matchBands(scene([{}, {}, {}, {}]), part), [3, 1]);
    assert.deepEqual(matchBands(scene([{}, {}]), part), [0, 1]);
    refused(() => matchBands(scene([{}, {}, {}]), part), /takes 2 bands .*, or their scene of 4, the scene has 3/);
    const wrong = (index: number | undefined, bands: number | undefined) => () =>
      assertModelCard({
        ...modelCard(),
        data: { ...modelCard().data, ...(bands === undefined ? {} : { bands }) },
        bands: modelCard().bands.map((band, i) => ({ ...band, ...(index === undefined ? {} : { index: i * index }) })),
      });
    wrong(1, 8)();
    for (const [index, bands] of [
      [0, 8],
      [2, 8],
      [1, undefined],
      [undefined, 8],
      [1.5, 20],
    ] as const)
      assert.throws(wrong(index, bands), { _tag: 'ModelCardError', message: /bands\[\d\]\.index should be/ });
    refused(() => matchBands(scene(at(1, 2, 3)), blind(3)), /the scene has wavelengths, but the model .* without any/);
    assert.throws(() => matchBands(scene([{}, {}]), card(500, 600)), {
      message: /the scene's bands have no wavelengths/,
      remedy: undefined, // resampling needs them too
    });
    const half = cardFor([
      { wavelength: 500, fwhm: 10 },
      { wavelength: null, fwhm: null },
    ]);
    refused(() => matchBands(scene(at(500, 600)), half), /wavelengths for 1 of its 2 bands; it needs all or none/);
  });
});

describe("resampling to the model's bands", () => {
  const plan = (bands: readonly Partial<ReaderBand>[], model: ModelCard, sensor?: string) =>
    planBands(scene(bands, sensor), model, { resample: true });

  it('interpolates between the neighbours in wavelength, in any order, for any sensor', () => {
    const model = cardFor([504, 520, 510].map((wavelength) => ({ wavelength, fwhm: 10 })), 'EnMAP'); // biome-ignore format: one line says more
    const { bands, interpolation } = plan(at(520, 500, 510, 900), model, 'PRISMA');
    assert.deepEqual(bands, [1, 2, 0]); // 500, 510, 520: only what is needed, by wavelength
    assert.deepEqual([...interpolation!.low], [0, 2, 1]);
    assert.deepEqual([...interpolation!.high], [1, 2, 1]);
    assert.deepEqual([...interpolation!.weight], [0.4, 0, 0]);
  });

  it('uses no band that is flagged bad', () => {
    const { bands } = plan([{ wavelength: 500 }, { wavelength: 510, bad: true }, { wavelength: 520 }], card(512));
    assert.deepEqual(bands, [0, 2]);
  });

  it('does not reach over gaps wider than 25 nm or further than 5 nm beyond an edge', () => {
    assert.deepEqual(plan(at(500, 525), card(512)).bands, [0, 1]);
    refused(
      () => plan(at(500, 526), card(512)),
      /1 of the model's 1 bands lie where .* none to interpolate from: 512 nm/,
    );
    assert.deepEqual(plan(at(500, 600), card(504.9, 595, 495, 605)).bands, [0, 1]);
    refused(() => plan(at(500, 600), card(505.1)), /505\.1 nm/);
    refused(() => plan(at(500, 600), card(494.9, 500, 605.1)), /2 of the model's 3 bands .*: 494\.9, 605\.1 nm/);
    refused(() => plan([{ wavelength: 500, bad: true }], card(500)), /500 nm/);
  });

  it('needs wavelengths on both sides', () => {
    refused(() => plan(at(500), blind(1)), /cannot resample to a model that was trained on bands without wavelengths/);
    refused(() => plan([{}], card(500)), /the scene's bands have no wavelengths/);
  });

  it('is off unless asked for', () => {
    refusedButToResample(() => planBands(scene(at(492)), card(500)), /no band within half a FWHM/);
    assert.deepEqual(planBands(scene(at(496)), card(500)), { bands: [0] });
  });
});
