// A step of few, narrow layers on two small images with NoData, for the tests of the convolutional forms.
import {
  type ConvolutionalForm,
  convolutionalLayers,
  convolutionalNetwork,
  countParameters,
  drawParameters,
  type Pooling,
  startStatistics,
} from '@egunet/models';
import { createRandom, type ImageArrays, type ImageProblem, type TrainState } from '@egunet/train';

const [N, H, W, B, C] = [2, 8, 7, 6, 3];
const WIDTHS = [9, 7, 5] as const;
const CANDIDATES = 11;

/** Which of the pixels have data: a corner, a row's end and single ones have none. */
export const hasData = (row: number, col: number): boolean =>
  !(row + col < 2 || (row === 4 && col > 4) || (row * 7 + col) % 11 === 5);

/** Positive rows that sum to 1 [rows, C]. */
function shares(rows: number, uniform: () => number): Float32Array {
  const out = Float32Array.from({ length: rows * C }, () => uniform() ** 3 + 0.01);
  for (let at = 0; at < out.length; at += C) {
    const sum = out.subarray(at, at + C).reduce((a, b) => a + b, 0);
    for (let c = 0; c < C; c++) out[at + c]! /= sum;
  }
  return out;
}

/** A problem, its data and a start; the data of halo pixels (the last column) does not count. */
export function tinyProblem({ form, pooling }: { form: ConvolutionalForm; pooling: Pooling }) {
  const random = createRandom(5);
  const uniform = () => random.uniform();
  const network = convolutionalNetwork({ form, pooling, bands: B, endmembers: C, widths: WIDTHS });
  const valid = Float32Array.from({ length: N * H * W }, (_, i) => (hasData(Math.floor(i / W) % H, i % W) ? 1 : 0));
  const counted = valid.map((one, i) => (i % W === W - 1 ? 0 : one));
  const keep = (pixels: number) => Uint8Array.from({ length: pixels * WIDTHS[0] }, () => (uniform() < 0.1 ? 0 : 1));
  const guides = shares(N * H * W, uniform).map((share, i) =>
    counted[Math.floor(i / C)] === 1 && Math.floor(i / C) % 3 === 0 ? share : 0,
  );
  const arrays: ImageArrays = {
    images: Float32Array.from({ length: N * H * W * B }, (_, i) => uniform() * valid[Math.floor(i / B)]!),
    valid,
    counted,
    keep: keep(N * H * W),
    ...(form === 'guided' ? { targets: guides } : { candidateKeep: keep(CANDIDATES) }),
  };
  const spectra = Float32Array.from({ length: CANDIDATES * B }, uniform);
  const problem: ImageProblem = {
    network,
    shape: [N, H, W],
    dropRate: 0.1,
    weightDecay: 0.005,
    ...(form === 'paper' && { candidates: { spectra, labels: shares(CANDIDATES, uniform) } }),
  };
  const layers = convolutionalLayers(network);
  const zeros = () => new Float32Array(countParameters(layers));
  const start: TrainState = {
    parameters: drawParameters(layers, uniform),
    first: zeros(),
    second: zeros(),
    moving: startStatistics(layers),
  };
  return { problem, arrays, start };
}
