import assert from 'node:assert/strict';
import { decodeModel } from '@egunet/export';
import { parseModelCard } from '@egunet/models/card';
import {
  type Checkpoint,
  createRandom,
  exportHead,
  fit,
  type Head,
  loadRun,
  runSpatialHead,
  saveRun,
  stacItem,
  TrainError,
} from '@egunet/train';
import fc from 'fast-check';
import { temporaryFolder } from '../../support/index.js';
import { runHead } from '../run-head.js';
import { BANDS, COUNT, noisyImage, SIDE } from './noisy-image.js';

const options = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };
const refused = (pattern: RegExp) => (error: unknown) => error instanceof TrainError && pattern.test(error.message);

/** A window of the image, cut from it with its validity. */
interface Window {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}
const WHOLE: Window = { row: 0, col: 0, rows: SIDE, cols: SIDE };

/** Values [SIDE * SIDE, size] within a window. */
const cut = (values: Float32Array, size: number, { row, col, rows, cols }: Window) =>
  Float32Array.from({ length: rows * cols * size }, (_, i) => {
    const pixel = Math.floor(i / size);
    return values[((row + Math.floor(pixel / cols)) * SIDE + col + (pixel % cols)) * size + (i % size)]!;
  });

/** Mean over pixels of the root mean square error over endmembers (eq. 9). */
const armse = (abundances: Float32Array, truth: Float32Array) => {
  let sum = 0;
  for (let n = 0; n < truth.length; n += COUNT) {
    let square = 0;
    for (let c = 0; c < COUNT; c++) square += (abundances[n + c]! - truth[n + c]!) ** 2;
    sum += Math.sqrt(square / COUNT);
  }
  return (sum * COUNT) / truth.length;
};

describe('EGU-Net-ss', () => {
  const folder = temporaryFolder();
  const { set, facts, truth } = noisyImage();
  let checkpoint: Checkpoint;
  let head: Head;
  const run = (window: Window, valid: Float32Array, spectra = set.pixels) =>
    runSpatialHead(head.bytes, {
      ...window,
      bands: BANDS,
      spectra: cut(spectra, BANDS, window),
      valid: cut(valid, 1, window),
    });

  before(async () => {
    ({ checkpoint } = await fit(set, facts, { model: 'ss', epochs: 30, batch: 256, threads: 1 }));
    head = await exportHead(checkpoint, options);
  });

  it('is nearer to the truth than the pixel-wise network with the same weights', async () => {
    const alike = { ...checkpoint, settings: { ...checkpoint.settings, model: 'pw' as const } };
    const { spatial: _, ...pixelwise } = alike;
    const pw = armse(await runHead((await exportHead(pixelwise, options)).bytes, set.pixels, BANDS), truth);
    const ss = armse(await run(WHOLE, new Float32Array(SIDE * SIDE).fill(1)), truth);
    assert.ok(ss < 0.85 * pw, `${pw} -> ${ss}`);
  });

  it('says in its card that it is spatial, and how far it looks; its sidecar has both inputs', () => {
    const { card } = head;
    assert.deepEqual([card.kind, card.halo, card.network.name], ['spatial', 2, 'egunet-ss']);
    const { metadata, graph } = decodeModel(head.bytes);
    assert.deepEqual(parseModelCard(metadata.egunet!), card);
    assert.deepEqual(Object.keys(metadata), ['egunet']); // no keys of tools that know one input alone
    assert.deepEqual(
      graph.inputs.map(({ name, shape }) => [name, ...shape]),
      [
        ['image', 'rows', 'cols', BANDS],
        ['valid', 'rows', 'cols'],
      ],
    );
    const { properties } = stacItem(card, { href: 'a.onnx', bytes: 1, sha256: '00' }) as {
      properties: Record<string, { name: string; result?: { shape: number[] } }[]>;
    };
    assert.deepEqual(
      properties['mlm:input']!.map(({ name }) => name),
      ['image', 'valid'],
    );
    assert.deepEqual(properties['mlm:output']![0]!.result!.shape, [-1, -1, COUNT]);
    assert.equal(properties['mlm:name'], 'EGU-Net-ss noisy');
  });

  it('gives in a tile with its halo what it gives in the whole scene, at gaps too', async () => {
    const random = createRandom(4);
    const valid = Float32Array.from({ length: SIDE * SIDE }, () => Number(random.uniform() > 0.2));
    const whole = await run(WHOLE, valid);
    const part = fc.tuple(
      fc.nat(SIDE - 1),
      fc.nat(SIDE - 1),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(part, async ([row, col, height, width]) => {
        const [rows, cols] = [Math.min(height, SIDE - row), Math.min(width, SIDE - col)];
        const [top, left] = [Math.max(0, row - 2), Math.max(0, col - 2)];
        const outer = {
          row: top,
          col: left,
          rows: Math.min(SIDE, row + rows + 2) - top,
          cols: Math.min(SIDE, col + cols + 2) - left,
        };
        const tile = await run(outer, valid);
        for (let r = row; r < row + rows; r++)
          for (let c = col; c < col + cols; c++) {
            if (!valid[r * SIDE + c]) continue;
            for (let e = 0; e < COUNT; e++) {
              const [a, b] = [
                tile[((r - top) * outer.cols + c - left) * COUNT + e]!,
                whole[(r * SIDE + c) * COUNT + e]!,
              ];
              assert.ok(Math.abs(a - b) <= 1e-5, `${r}, ${c}: ${a}, ${b}`);
            }
          }
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('does not look at pixels without data, whatever they hold', async () => {
    const valid = Float32Array.from({ length: SIDE * SIDE }, (_, i) => Number(i % 5 !== 0));
    const other = set.pixels.map((value, i) => (Math.floor(i / BANDS) % 5 === 0 ? 7 : value));
    const [a, b] = [await run(WHOLE, valid), await run(WHOLE, valid, other)];
    const ofValid = (values: Float32Array) => values.filter((_, i) => valid[Math.floor(i / COUNT)] === 1);
    assert.deepEqual(ofValid(a), ofValid(b));
    let sum = 0;
    for (const value of ofValid(a)) sum += value;
    assert.ok(a.every((value) => value >= 0) && Math.abs(sum / (ofValid(a).length / COUNT) - 1) < 1e-5);
  });

  for (const precision of ['int8', 'float16'] as const)
    it(`is exported in ${precision} too, within the limits`, async () => {
      const full = await run(WHOLE, new Float32Array(SIDE * SIDE).fill(1));
      const { bytes, card } = await exportHead(checkpoint, { ...options, precision });
      assert.equal(card.quantisation!.precision, precision);
      const reduced = await runSpatialHead(bytes, {
        ...WHOLE,
        bands: BANDS,
        spectra: set.pixels,
        valid: new Float32Array(SIDE * SIDE).fill(1),
      });
      const difference = reduced.reduce((worst, value, i) => Math.max(worst, Math.abs(value - full[i]!)), 0);
      assert.ok(difference > 0 && difference < 0.05, `${difference}`);
    });

  it('comes back from disk, and an interrupted training ends with the same layer', async () => {
    await saveRun(folder, { checkpoint, request: null });
    assert.deepEqual((await loadRun(folder)).checkpoint, checkpoint);
    const abort = new AbortController();
    const settings = { model: 'ss', epochs: 4, batch: 256, threads: 1 } as const;
    const onEpoch = ({ epoch }: { epoch: number }) => {
      if (epoch === 2) abort.abort();
    };
    const part = await fit(set, facts, { ...settings, onEpoch, signal: abort.signal });
    const whole = await fit(set, facts, settings);
    assert.notDeepEqual(part.checkpoint.spatial, whole.checkpoint.spatial);
    const seen: (Checkpoint['spatial'] | undefined)[] = [];
    const resumed = await fit(set, facts, {
      resume: part.checkpoint,
      threads: 1,
      onEpoch: ({ checkpoint: now }) => void seen.push(now.spatial),
    });
    assert.deepEqual(resumed.checkpoint, whole.checkpoint);
    assert.deepEqual(seen, [undefined, undefined]); // the layer of two epochs is not that of more
  });

  it('is not exported before its layer is fitted', async () => {
    const { spatial: _, ...unfinished } = checkpoint;
    await assert.rejects(
      exportHead(unfinished, options),
      refused(/spatial layer is fitted when a training ends.*--resume/),
    );
  });

  it('needs patches, whole and finite', async () => {
    const train = (patches: typeof set.patches) => {
      const { patches: _, ...others } = set;
      return fit({ ...others, ...(patches && { patches }) }, facts, { model: 'ss', epochs: 1 });
    };
    const [patch] = set.patches!;
    await assert.rejects(
      train(undefined),
      refused(/needs patches of the scene with data in 256 of their pixels.*--model pw/),
    );
    await assert.rejects(train([]), refused(/there are none/));
    const short = { ...patch!, spectra: patch!.spectra.subarray(1) };
    await assert.rejects(train([short]), refused(/finite spectra of 12 bands for 2304 positions, got 27647 values/));
    const broken = { ...patch!, spectra: patch!.spectra.map((value, i) => (i === 5 ? Number.NaN : value)) };
    await assert.rejects(train([broken]), refused(/finite spectra/));
  });

  it('is another run with other patches', async () => {
    const { checkpoint: begun } = await fit(set, facts, { model: 'ss', epochs: 1, batch: 256 });
    const fewer = {
      ...set,
      patches: [{ ...set.patches![0]!, positions: set.patches![0]!.positions.map((p) => p + 1) }],
    };
    await assert.rejects(fit(fewer, facts, { resume: begun }), refused(/not what this run began with/));
  });

  it('is fitted without knowing the noise where there are fewer pixels than bands', async () => {
    const few = { ...set, pixels: set.pixels.slice(0, 10 * BANDS) };
    const { checkpoint: found } = await fit(few, { ...facts, pixels: 10 }, { model: 'ss', epochs: 1, batch: 5 });
    const known = (await fit({ ...set, pixels: set.pixels }, facts, { model: 'ss', epochs: 1, batch: 256 })).checkpoint;
    assert.notDeepEqual(found.spatial!.noiseShares, known.spatial!.noiseShares);
    assert.ok(found.spatial!.noiseShares.every((share) => share >= 0 && share < 1));
  });
});
