// The exported convolutional head: against tfjs's own CPU backend with batch-norm unfolded, and in tiles.
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { encodeModel } from '@egunet/export';
import {
  convolutionalHead,
  convolutionalLayers,
  convolutionalNetwork,
  countStatistics,
  drawParameters,
  evaluationConvolutions,
  headHalo,
  POOLINGS,
  type Pooling,
} from '@egunet/models';
import { convolutionalHeadGraph, createRandom, type NetworkState } from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

const [ROWS, COLS, B, C] = [23, 19, 5, 3];

/** Parts of an image that have no data. */
const PATTERNS: Record<string, (row: number, col: number) => boolean> = {
  'all data': () => true,
  'a rotated footprint': (row, col) => row + col > 9 && row - col < 15,
  'single pixels without data': (row, col) => (3 * row + 5 * col) % 7 !== 0,
  'a stripe of one pixel': (row) => row === 8,
};

function stateOf(pooling: Pooling): NetworkState {
  const random = createRandom(3);
  const network = convolutionalNetwork({ form: 'guided', pooling, bands: B, endmembers: C, widths: [16, 12, 8] });
  const layers = convolutionalLayers(network);
  // Weights that make abundances differ from pixel to pixel. Larger ones multiply roundings too: with twice the weights of a start, logits of noise reach
  // tens and the largest difference without pools 2e-5; so it is below 1e-5 everywhere.
  const parameters = drawParameters(layers, () => random.uniform()).map((v) => 1.4 * v + 0.05 * random.normal());
  const moving = Float32Array.from({ length: countStatistics(layers) }, () => 0.2 + 0.3 * random.uniform());
  return { network, inputScale: 1.5, parameters, moving };
}

interface Image {
  readonly rows: number;
  readonly cols: number;
  readonly spectra: Float32Array;
  readonly valid: Float32Array;
}

function imageOf(pattern: (row: number, col: number) => boolean): Image {
  const random = createRandom(11);
  const valid = Float32Array.from({ length: ROWS * COLS }, (_, i) => (pattern(Math.floor(i / COLS), i % COLS) ? 1 : 0));
  // What stands where there is no data is of no account.
  const spectra = Float32Array.from({ length: ROWS * COLS * B }, (_, i) =>
    valid[Math.floor(i / B)] === 1 ? random.uniform() : -1000 * random.uniform(),
  );
  return { rows: ROWS, cols: COLS, spectra, valid };
}

async function run(session: ort.InferenceSession, { rows, cols, spectra, valid }: Image): Promise<Float32Array> {
  const image = new ort.Tensor('float32', spectra, [rows, cols, B]);
  const result = await session.run({ image, valid: new ort.Tensor('float32', valid, [rows, cols]) });
  assert.deepEqual(result.abundances!.dims, [rows, cols, C]);
  return result.abundances!.data as Float32Array;
}

function unfolded(
  { network, inputScale, ...state }: NetworkState,
  { rows, cols, spectra, valid }: Image,
): Float32Array {
  return tf.tidy(() => {
    const mask = tf.tensor4d(valid, [1, rows, cols, 1]);
    const flat = { parameters: tf.tensor1d(state.parameters), moving: tf.tensor1d(state.moving), valid: mask };
    const block = evaluationConvolutions(network, flat);
    const images = tf.tensor4d(spectra, [1, rows, cols, B]);
    return convolutionalHead(images, block, { network, valid: mask, inputScale }).dataSync() as Float32Array;
  });
}

/** The part of an image around a core, as far as there is an image. */
function cut({ spectra, valid }: Image, [row, col, side]: readonly [number, number, number], halo: number) {
  const [top, left] = [Math.max(0, row - halo), Math.max(0, col - halo)];
  const [rows, cols] = [Math.min(ROWS, row + side + halo) - top, Math.min(COLS, col + side + halo) - left];
  const part = (values: Float32Array, width: number) =>
    Float32Array.from({ length: rows * cols * width }, (_, i) => {
      const n = Math.floor(i / width);
      return values[((top + Math.floor(n / cols)) * COLS + left + (n % cols)) * width + (i % width)]!;
    });
  return { tile: { rows, cols, spectra: part(spectra, B), valid: part(valid, 1) }, top, left };
}

describe('the head of a convolutional network', () => {
  before(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  for (const pooling of POOLINGS)
    for (const [name, pattern] of Object.entries(PATTERNS))
      it(`equals tfjs's unfolded network, and its tiles the whole, within 1e-5: pools ${pooling}, ${name}`, async () => {
        const state = stateOf(pooling);
        const image = imageOf(pattern);
        const session = await ort.InferenceSession.create(encodeModel(convolutionalHeadGraph(state)));
        const whole = await run(session, image);
        const expected = unfolded(state, image);
        let spread = 0;
        const compare = (actual: Float32Array, at: number, from: number) => {
          let sum = 0;
          for (let c = 0; c < C; c++) {
            assert.ok(Math.abs(actual[at * C + c]! - expected[from * C + c]!) < 1e-5, `pixel ${from}`);
            sum += actual[at * C + c]!;
            spread = Math.max(spread, Math.abs(actual[at * C + c]! - expected[c]!));
          }
          assert.ok(Math.abs(sum - 1) < 1e-5);
        };
        for (let n = 0; n < ROWS * COLS; n++) if (image.valid[n] === 1) compare(whole, n, n);
        assert.ok(spread > 0.1, 'abundances differ from pixel to pixel');
        const side = 8;
        for (let row = 0; row < ROWS; row += side)
          for (let col = 0; col < COLS; col += side) {
            const { tile, top, left } = cut(image, [row, col, side], headHalo(state.network));
            const abundances = await run(session, tile);
            for (let r = row; r < Math.min(row + side, ROWS); r++)
              for (let c = col; c < Math.min(col + side, COLS); c++)
                if (image.valid[r * COLS + c] === 1)
                  compare(abundances, (r - top) * tile.cols + c - left, r * COLS + c);
          }
        await session.release();
      });
});
