// The abundance head as a model file. Legend: n pixels, B bands, C endmembers.
import { encodeModel, foldBatchNorm, type Graph, traceFunction } from '@egunet/export';
import {
  abundanceHead,
  BATCH_NORM,
  ENCODER_LAYERS,
  evaluationBlock,
  foldedBlock,
  hasBatchNorm,
  layerSizes,
  type PixelwiseNetwork,
  parameterList,
  pixelwiseNetwork,
  statisticsList,
  unflatten,
} from '@egunet/models';
import { assertModelCard, CARD_VERSION, type CardMetric, type ModelCard } from '@egunet/models/card';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { computeOnCpu } from './cpu.js';
import { deepnessMetadata } from './deepness.js';
import { TrainError } from './error.js';
import type { Checkpoint } from './fit/checkpoint.js';

/** Largest difference between the model file and the training's own forward pass that an export may show. */
export const EXPORT_TOLERANCE = 1e-5;

export interface HeadOptions {
  /** Version of the software, for the card. */
  readonly softwareVersion: string;
  /** When the model is made; goes into the card. */
  readonly created: Date;
  readonly metrics?: readonly CardMetric[];
}

export interface Head {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  readonly card: ModelCard;
  /** Largest difference of an abundance between the file in onnxruntime and the training's forward pass, over the checkpoint's probe. */
  readonly maxDifference: number;
}

/** Exports the encoder with batch-norm folded and compares it with the unfolded one on the checkpoint's probe; throws TrainError above EXPORT_TOLERANCE. */
export async function exportHead(checkpoint: Checkpoint, options: HeadOptions): Promise<Head> {
  const card = modelCard(checkpoint, options);
  assertModelCard(card);
  const bytes = encodeModel(headGraph(checkpoint), {
    metadata: { egunet: JSON.stringify(card), ...deepnessMetadata(card, checkpoint.facts.scene.pixelSize) },
    producerVersion: options.softwareVersion,
  });
  const maxDifference = await compare(checkpoint, bytes);
  if (!(maxDifference <= EXPORT_TOLERANCE))
    throw new TrainError(
      `export: the model file differs from the trained network by ${maxDifference} (limit ${EXPORT_TOLERANCE}); nothing was written`,
    );
  return { bytes, card, maxDifference };
}

function networkOf({ facts }: Checkpoint): PixelwiseNetwork {
  return pixelwiseNetwork(facts.bands.length, facts.endmembers.length);
}

/** The folded head as a graph: `spectra` [pixels, B] -> `abundances` [pixels, C]. */
export function headGraph(checkpoint: Checkpoint): Graph {
  const { inputScale } = checkpoint;
  const folded = foldEncoder(checkpoint);
  const head = (spectra: tf.Tensor) => {
    const layers = folded.map(({ kernel, bias, inputs, outputs }) => ({
      kernel: tf.tensor2d(kernel, [inputs, outputs]),
      bias: tf.tensor1d(bias),
    }));
    return abundanceHead(spectra as tf.Tensor2D, foldedBlock(layers), inputScale);
  };
  const inputs = [{ name: 'spectra', shape: ['pixels', checkpoint.facts.bands.length] }];
  return traceFunction(head, inputs, { outputs: ['abundances'], graphName: 'egunet-pw' });
}

/** Kernel and bias of the encoder's layers with the moving averages folded in. */
function foldEncoder(checkpoint: Checkpoint) {
  const network = networkOf(checkpoint);
  const { parameters, moving } = checkpoint.state;
  const list = parameterList(network);
  const part = (layer: number, role: string) => {
    const { offset, size } = list.find(({ name }) => name === `layer${layer + 1}/${role}`)!;
    return parameters.slice(offset, offset + size);
  };
  return layerSizes(network)
    .slice(0, ENCODER_LAYERS)
    .map(({ inputs, outputs }, layer) => {
      const kernel = part(layer, 'kernel');
      if (!hasBatchNorm(layer)) return { kernel, bias: part(layer, 'bias'), inputs, outputs };
      const { offset, size } = statisticsList(network).find((entry) => entry.layer === layer)!;
      const folded = foldBatchNorm({
        kernel,
        gamma: part(layer, 'gamma'),
        beta: part(layer, 'beta'),
        mean: moving.slice(offset, offset + size),
        variance: moving.slice(offset + size, offset + 2 * size),
        epsilon: BATCH_NORM.epsilon,
        inputs,
        outputs,
      });
      return { ...folded, inputs, outputs };
    });
}

/** Abundances [n, C] by the unfolded network with its moving averages, on tfjs's CPU backend. */
export function evaluateNetwork(checkpoint: Checkpoint, spectra: Float32Array): Promise<Float32Array> {
  const network = networkOf(checkpoint);
  return computeOnCpu(() => {
    const layers = unflatten(network, tf.tensor1d(checkpoint.state.parameters));
    const block = evaluationBlock(network, layers, tf.tensor1d(checkpoint.state.moving));
    const pixels = tf.tensor2d(spectra, [spectra.length / network.bands, network.bands]);
    return abundanceHead(pixels, block, checkpoint.inputScale);
  });
}

async function compare(checkpoint: Checkpoint, bytes: Uint8Array): Promise<number> {
  const { probe } = checkpoint;
  const bands = checkpoint.facts.bands.length;
  const expected = await evaluateNetwork(checkpoint, probe);
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  try {
    const spectra = new ort.Tensor('float32', probe, [probe.length / bands, bands]);
    const { abundances } = await session.run({ spectra });
    const actual = abundances!.data as Float32Array;
    return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual[i]!)), 0);
  } finally {
    await session.release();
  }
}

function modelCard(checkpoint: Checkpoint, { softwareVersion, created, metrics }: HeadOptions): ModelCard {
  const { settings, facts, epoch, inputScale, dataDigest } = checkpoint;
  const { rows, cols, name, bands } = facts.scene;
  const stepsAnEpoch = Math.floor(facts.pixels / settings.batch);
  return {
    version: CARD_VERSION,
    software: { name: 'egunet', version: softwareVersion },
    created: created.toISOString(),
    kind: 'pixel',
    sensor: facts.sensor,
    bands: [...facts.bands],
    endmembers: [...facts.endmembers],
    inputScale,
    network: { name: 'egunet-pw', layers: networkOf(checkpoint).widths.slice(0, ENCODER_LAYERS) },
    training: {
      seed: settings.seed,
      epochs: epoch,
      steps: epoch * stepsAnEpoch,
      schedule: settings.schedule,
      learningRate: settings.learningRate,
      dropRate: settings.dropRate,
      weightDecay: settings.weightDecay,
      pixels: facts.pixels,
      candidates: facts.candidates,
      endmemberMethod: facts.endmemberMethod,
    },
    data: { scene: name, rows, cols, ...(bands === undefined ? {} : { bands }), sha256: dataDigest },
    metrics: [...(metrics ?? [])],
  };
}
