// The abundance head in 8-bit integers. Legend: n pixels, B bands, i inputs and o outputs of a layer.
import {
  type ByteGrid,
  byteGrid,
  type Graph,
  type LinearLayer,
  type QuantisedGemm,
  type QuantisedKernel,
  quantiseBias,
  quantiseGemms,
  quantiseKernel,
  type ValueRange,
} from '@egunet/export';
import { type Block, encode, scaleInput } from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import { computeOnCpu } from './cpu.js';
import { encodersGraph, layerTensors } from './head-graph.js';
import { roundCompensating } from './round-weights.js';

/**
 * What the layers in integers take: the clipped input, and tanh. These ranges hold for every scene, not for the calibration's alone.
 * The other two layers hold a twentieth of the products; in floats they cost less time and less accuracy than their conversion.
 */
const INPUT_RANGES: readonly ValueRange[] = [
  { low: 0, high: 1 },
  { low: -1, high: 1 },
];

export interface CalibrationOptions {
  /** Reflectance [n, B] that the rounding is fitted to. */
  readonly pixels: Float32Array;
  readonly inputScale: number;
}

/** A layer in integers, but for its bias. */
interface IntegerLayer extends QuantisedKernel {
  readonly grid: ByteGrid;
}

/** The head of these encoders as a graph, their wide layers in integers. */
export async function int8HeadGraph(
  encoders: readonly (readonly LinearLayer[])[],
  calibration: CalibrationOptions,
): Promise<Graph> {
  const rounded: Awaited<ReturnType<typeof roundLayers>>[] = [];
  for (const layers of encoders) rounded.push(await roundLayers(layers, calibration));
  return quantiseGemms(
    encodersGraph(rounded.map(({ layers }) => layers)),
    rounded.flatMap(({ gemms }) => gemms),
  );
}

/**
 * An encoder's layers with their biases corrected, and what of them is in integers. Weights are rounded so that the outputs on the calibration pixels change
 * least; then every layer's bias makes the mean of its outputs over those pixels what it is in floats.
 */
async function roundLayers(
  layers: readonly LinearLayer[],
  calibration: CalibrationOptions,
): Promise<{ layers: LinearLayer[]; gemms: (QuantisedGemm | undefined)[] }> {
  const integers: IntegerLayer[] = [];
  const all = await computeOnCpu(() => calibrate(layers, calibration, integers));
  let at = 0;
  const corrected = layers.map((layer) => {
    at += layer.outputs;
    return { ...layer, bias: all.slice(at - layer.outputs, at) };
  });
  const gemms = corrected.map(({ bias }, i) => {
    const layer = integers[i];
    if (!layer) return undefined;
    const { step } = layer.grid;
    return { ...layer, factor: i === 0 ? calibration.inputScale : 1, biases: quantiseBias(bias, step, layer.scales) };
  });
  return { layers: corrected, gemms };
}

/** Fills `integers` and gives the corrected biases of all layers, one after the other. */
function calibrate(
  layers: readonly LinearLayer[],
  { pixels, inputScale }: CalibrationOptions,
  integers: IntegerLayer[],
): tf.Tensor1D {
  const tensors = layerTensors(layers);
  const { inputs: B } = layers[0]!;
  const input = scaleInput(tf.tensor2d(pixels, [pixels.length / B, B]), inputScale);
  const means: tf.Tensor1D[] = []; // of each layer's outputs in floats [o]
  const exact: Block = (x, index, activation) => {
    const { kernel, bias } = tensors[index]!;
    const z = tf.add(tf.matMul(x, kernel), bias); // [n, o]
    means.push(tf.mean(z, 0) as tf.Tensor1D);
    return (activation ? activation.of(z) : z) as tf.Tensor2D;
  };
  const biases: tf.Tensor1D[] = [];
  const rounded: Block = (x, index, activation) => {
    const range = INPUT_RANGES[index];
    const z = range ? integerProduct(x, layers[index]!, { range, integers }) : tf.matMul(x, tensors[index]!.kernel); // [n, o]
    const bias = tf.sub(means[index]!, tf.mean(z, 0)) as tf.Tensor1D;
    biases.push(bias);
    const sum = tf.add(z, bias);
    return (activation ? activation.of(sum) : sum) as tf.Tensor2D;
  };
  encode(input, exact);
  encode(input, rounded);
  return tf.concat(biases);
}

/** Input [n, i] times kernel, both rounded: [n, o]. Appends the layer to `integers`. */
function integerProduct(
  x: tf.Tensor2D,
  layer: LinearLayer,
  { range, integers }: { readonly range: ValueRange; readonly integers: IntegerLayer[] },
): tf.Tensor2D {
  const { inputs, outputs } = layer;
  const grid = byteGrid(range);
  const seen = onGrid(x, grid); // [n, i]
  const samples = seen.dataSync() as Float32Array;
  const kernel = quantiseKernel(layer, grid.step, (weights) => roundCompensating(weights, samples, inputs));
  integers.push({ ...kernel, grid });
  const restored = Float32Array.from(kernel.weights, (weight, i) => weight * kernel.scales[i % outputs]!);
  return tf.matMul(seen, tf.tensor2d(restored, [inputs, outputs]));
}

/** Values rounded to a grid, as QuantizeLinear and DequantizeLinear do. */
function onGrid(x: tf.Tensor2D, { step, zeroPoint }: ByteGrid): tf.Tensor2D {
  const bytes = tf.clipByValue(tf.add(tf.round(tf.div(x, step)), zeroPoint), 0, 255);
  return tf.mul(tf.sub(bytes, zeroPoint), step) as tf.Tensor2D;
}
