// Exact batch-norm statistics of a trained encoder: a layer's mean and variance over all valid pixels of the scene, the layers before it normalised by theirs.
// Legend: h x w pixels of a tile, Q statistics.
import { encodeModel, type Graph, traceFunction } from '@egunet/export';
import {
  type ConvolutionalNetwork,
  convolutionalLayers,
  encodeImage,
  evaluationConvolutions,
  headHalo,
  listStatistics,
  scaleInput,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { createRandom } from '../random.js';
import { imageStateSizes } from './engine.js';
import { type Patch, readPatch, type TrainingImage, tilesOf } from './patches.js';

/** A network as training leaves it. */
export interface NetworkState {
  readonly network: ConvolutionalNetwork;
  readonly inputScale: number;
  readonly parameters: Float32Array;
  /** Means and variances of the batch-norm layers, flat. */
  readonly moving: Float32Array;
}

/** Where the encoder's statistics lie: before all others. */
export const encoderStatistics = (network: ConvolutionalNetwork) =>
  listStatistics(convolutionalLayers(network)).filter(({ layer }) => layer < 3);

/** How many of the statistics are the encoder's. */
export const countEncoderStatistics = (network: ConvolutionalNetwork): number =>
  encoderStatistics(network).reduce((all, { size }) => all + 2 * size, 0);

/** More pixels than this change no statistics any more: tiles of a larger scene are drawn. */
const MOST_PIXELS = 2 ** 20;

/** Sums over a tile's counted pixels of z - mean, then of its square, of each batch-norm layer of the encoder. */
function sumsGraph(network: ConvolutionalNetwork, inputScale: number): Graph {
  const sizes = imageStateSizes(network);
  const sumsOf = (...[image, valid, counted, parameters, moving]: tf.Tensor[]) => {
    const where = encoderStatistics(network);
    const mask = valid as tf.Tensor4D;
    const sums: tf.Tensor1D[] = [];
    const flat = { parameters: parameters as tf.Tensor1D, moving: moving as tf.Tensor1D, valid: mask };
    const block = evaluationConvolutions(network, flat, (index, z) => {
      const { offset, size } = where.find(({ layer }) => layer === index)!;
      const centred = tf.sub(z, tf.slice(moving as tf.Tensor1D, [offset], [size]));
      const weighed = tf.mul(centred, counted!);
      sums.push(tf.sum(weighed, [0, 1, 2]), tf.sum(tf.mul(weighed, centred), [0, 1, 2]));
    });
    encodeImage(scaleInput(image as tf.Tensor4D, inputScale), block, { network, valid: mask });
    return tf.concat(sums);
  };
  const open = (name: string, channels: number) => ({ name, shape: [1, 'rows', 'cols', channels] });
  const state = (['parameters', 'moving'] as const).map((name) => ({ name, shape: [sizes[name]] }));
  return traceFunction(sumsOf, [open('image', network.bands), open('valid', 1), open('counted', 1), ...state], {
    outputs: ['sums'],
  });
}

/** What a tile gives to the graph. */
const feedsOf = ({ rows, cols, spectra, valid, counted }: Patch, bands: number) => ({
  image: new ort.Tensor('float32', spectra, [1, rows, cols, bands]),
  valid: new ort.Tensor('float32', valid, [1, rows, cols, 1]),
  counted: new ort.Tensor('float32', counted, [1, rows, cols, 1]),
});

export interface StatisticsOptions {
  /** Largest side of a tile in pixels. */
  readonly tileSize: number;
  readonly threads: number;
  /** Draws the tiles of a scene of more valid pixels than `mostPixels`; 1 when absent. */
  readonly seed?: number;
  /** Tiles are no longer read once they hold so many valid pixels; 1,048,576 when absent. */
  readonly mostPixels?: number;
  /** Rejects with its reason before the next tile. */
  readonly signal?: AbortSignal;
  /** Of the passes over the scene, how much is done. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

/** Sums of all tiles, and how many pixels they are of. */
async function sumTiles(
  session: ort.InferenceSession,
  { network, parameters, moving }: NetworkState,
  tiles: () => AsyncIterable<Patch>,
): Promise<{ sums: Float64Array; pixels: number }> {
  const sums = new Float64Array(countEncoderStatistics(network));
  let pixels = 0;
  const flat = (values: Float32Array) => new ort.Tensor('float32', values, [values.length]);
  for await (const tile of tiles()) {
    const state = { parameters: flat(parameters), moving: flat(moving) };
    const result = await session.run({ ...feedsOf(tile, network.bands), ...state });
    (result.sums!.data as Float32Array).forEach((sum, i) => {
      sums[i]! += sum;
    });
    for (const one of tile.counted) pixels += one;
  }
  return { sums, pixels };
}

/** Reads a pass of tiles with their halo: the scene, or as many tiles as hold `mostPixels`, in an order that the seed draws. `onShare` is told what share of them is read. */
async function* readTiles(
  image: TrainingImage,
  { halo, tileSize, seed = 1, mostPixels = MOST_PIXELS, signal }: Omit<StatisticsOptions, 'threads'> & { halo: number },
  onShare: (share: number) => void,
): AsyncGenerator<Patch> {
  const tiles = tilesOf(image.reader, tileSize);
  const order = createRandom(seed)
    .fork('statistics')
    .shuffle(Int32Array.from(tiles, (_, i) => i));
  let pixels = 0;
  for (const [i, tile] of order.entries()) {
    signal?.throwIfAborted();
    const patch = await readPatch(image, tiles[tile]!, halo);
    pixels += patch.counted.reduce((sum, one) => sum + one, 0);
    yield patch;
    onShare(Math.min(1, Math.max((i + 1) / tiles.length, pixels / mostPixels)));
    if (pixels >= mostPixels) return;
  }
}

/**
 * The encoder's statistics over the whole scene, or over as much of it as `mostPixels` says; those of other layers as they are. A pass over it for each
 * batch-norm layer. [Q]
 */
export async function exactStatistics(
  state: NetworkState,
  image: TrainingImage,
  { threads, onProgress, ...options }: StatisticsOptions,
): Promise<Float32Array> {
  const { network, inputScale } = state;
  const session = await ort.InferenceSession.create(encodeModel(sumsGraph(network, inputScale)), {
    intraOpNumThreads: threads,
  });
  const layers = encoderStatistics(network);
  const moving = state.moving.slice();
  try {
    let at = 0;
    for (const [pass, { offset, size }] of layers.entries()) {
      const onShare = (share: number) => onProgress?.({ done: pass + share, total: layers.length });
      const tiles = () => readTiles(image, { ...options, halo: headHalo(network) }, onShare);
      const { sums, pixels } = await sumTiles(session, { ...state, moving }, tiles);
      for (let o = 0; o < size; o++) {
        const [shift, square] = [sums[at + o]! / pixels, sums[at + size + o]! / pixels];
        moving[offset + o]! += shift;
        moving[offset + size + o] = Math.max(0, square - shift * shift); // rounding may bring it below 0
      }
      at += 2 * size;
    }
    return moving;
  } finally {
    await session.release();
  }
}
