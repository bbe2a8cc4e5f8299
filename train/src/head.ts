// The abundance head as a model file. Legend: n pixels, B bands, C endmembers.
import { encodeModel, type Graph } from '@egunet/export';
import {
  abundanceHead,
  type Block,
  ENCODER_LAYERS,
  evaluationBlock,
  standardisedBlock,
  unflatten,
} from '@egunet/models';
import { assertModelCard, type ModelCard, type Precision } from '@egunet/models/card';
import * as tf from '@tensorflow/tfjs-core';
import { type CardOrigin, cardOf } from './card-of.js';
import { exportPaperHead } from './convolutional/export-image-head.js';
import { computeOnCpu } from './cpu.js';
import { TrainError } from './error.js';
import { type Checkpoint, type InputStandard, isWithoutEnd } from './fit/checkpoint.js';
import { combine, encodersGraph, foldEncoders, networkOf } from './head-graph.js';
import { memberState } from './library/members.js';
import { scoreMetrics } from './library/scores.js';
import { modelMetadata } from './model-metadata.js';
import { type ErrorLimits, reduceHead } from './reduce-head.js';
import { runHead } from './run-head.js';
import { assertSame, largestDifference } from './same-head.js';
import { filterOnCpu, ofValid, probeImage, runSpatialHead } from './spatial/check-layer.js';
import { spatialHeadGraph } from './spatial/spatial-head-graph.js';

export interface HeadOptions extends ErrorLimits, CardOrigin {
  /** How the file stores its numbers; float32 when absent. */
  readonly precision?: Precision;
}

export interface Head {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  readonly card: ModelCard;
  /** Largest difference of an abundance between the head in float32 in onnxruntime and the training's forward pass, over the checkpoint's probe. */
  readonly maxDifference: number;
}

/**
 * Exports the encoder with batch-norm folded. In float32 it is compared with the unfolded network on the checkpoint's probe; throws TrainError
 * above EXPORT_TOLERANCE. In another precision it is compared with the one in float32 besides; throws TrainError above the limits. A network of images
 * has no other precision.
 */
export async function exportHead(checkpoint: Checkpoint, options: HeadOptions): Promise<Head> {
  if (checkpoint.settings.model === 'ss-paper') return exportPaperHead(checkpoint, options);
  const { precision = 'float32', softwareVersion } = options;
  const { inputScale, probe: pixels, facts } = checkpoint;
  const card = modelCard(checkpoint, options);
  assertModelCard(card);
  const encode = (pixelwise: Graph, described: ModelCard) => {
    const metadata = modelMetadata(described, facts.scene.pixelSize);
    return encodeModel(withLayer(pixelwise, checkpoint), { metadata, producerVersion: softwareVersion });
  };
  const encoders = foldEncoders(checkpoint);
  const pixelwise = encodersGraph(encoders, inputScale);
  const abundances = await runHead(encodeModel(pixelwise), pixels, card.bands.length);
  const expected = await evaluateNetwork(checkpoint, pixels);
  const bytes = encode(pixelwise, card);
  const maxDifference = Math.max(
    largestDifference(abundances, expected),
    await layerDifference(bytes, { checkpoint, expected }),
  );
  assertSame(maxDifference);
  if (precision === 'float32') return { bytes, card, maxDifference };
  const reduced = await reduceHead({ encoders, inputScale, pixels, abundances }, precision, options);
  const full = { ...card, quantisation: reduced.quantisation };
  return { bytes: encode(reduced.graph, full), card: full, maxDifference };
}

/** The graph of a pixel-wise head with the spatial layer behind it, where the run has one. */
function withLayer(pixelwise: Graph, { spatial, facts }: Checkpoint): Graph {
  if (!spatial) return pixelwise;
  const [bands, endmembers] = [facts.bands.length, facts.endmembers.length];
  return spatialHeadGraph(pixelwise, spatial, { bands, endmembers });
}

/** Largest difference of the model file with the spatial layer from tfjs's own, on the probe laid out as an image; 0 where there is no layer. */
async function layerDifference(
  bytes: Uint8Array,
  { checkpoint, expected }: { checkpoint: Checkpoint; expected: Float32Array },
): Promise<number> {
  const { spatial, probe, facts } = checkpoint;
  if (!spatial) return 0;
  const [B, C] = [facts.bands.length, facts.endmembers.length];
  const image = probeImage(probe.length / B);
  const pixels = image.valid.length;
  const spectra = probe.subarray(0, pixels * B);
  const abundances = expected.subarray(0, pixels * C);
  const [actual, reference] = [
    await runSpatialHead(bytes, { ...image, bands: B, spectra }),
    await filterOnCpu(spatial, { ...image, endmembers: C, abundances }),
  ].map((values) => ofValid(values, image.valid));
  return largestDifference(actual!, reference!);
}

/** Abundances [n, C] by the unfolded network with its moving averages, on tfjs's CPU backend. */
export function evaluateNetwork(checkpoint: Checkpoint, spectra: Float32Array): Promise<Float32Array> {
  const network = networkOf(checkpoint);
  const { state, inputScale, library } = checkpoint;
  const members = library?.members ?? 1;
  return computeOnCpu(() => {
    const pixels = tf.tensor2d(spectra, [spectra.length / network.bands, network.bands]);
    const abundances = Array.from({ length: members }, (_, k) => {
      const { parameters, moving } = memberState(state, k, members);
      const block = evaluationBlock(network, unflatten(network, tf.tensor1d(parameters)), tf.tensor1d(moving));
      return abundanceHead(pixels, library ? standardised(block, library.standard) : block, inputScale);
    });
    return combine(abundances)[0];
  });
}

const standardised = (block: Block, { mean, deviation }: InputStandard): Block =>
  standardisedBlock(block, tf.tensor1d([...mean]), tf.tensor1d([...deviation]));

/** How the model looks at pixels. Throws TrainError where the spatial layer is missing. */
function kindOf({ settings, spatial }: Checkpoint): Pick<ModelCard, 'kind' | 'halo'> {
  if (isWithoutEnd(settings)) return { kind: 'pixel' };
  if (!spatial)
    throw new TrainError(
      'export: the spatial layer is fitted when a training ends, and this one was cut off before; go on with it (--resume), then export',
    );
  return { kind: 'spatial', halo: spatial.radius };
}

function modelCard(checkpoint: Checkpoint, options: HeadOptions): ModelCard {
  const { settings, facts, epoch, inputScale, dataDigest, probe } = checkpoint;
  const { seed, schedule, learningRate, dropRate, weightDecay, batch } = settings;
  const steps = settings.model === 'library' ? epoch : epoch * Math.floor(facts.pixels / batch);
  const own = {
    ...kindOf(checkpoint),
    inputScale,
    network: { name: `egunet-${settings.model}`, layers: networkOf(checkpoint).widths.slice(0, ENCODER_LAYERS) },
    training: { seed, epochs: epoch, steps, schedule, learningRate, dropRate, weightDecay },
    dataDigest,
    probe,
  };
  const names = facts.endmembers.map(({ name }) => name);
  const { scores } = checkpoint.library ?? {};
  const metrics = [...(scores ? scoreMetrics(scores, names) : []), ...(options.metrics ?? [])];
  return cardOf(facts, own, { ...options, metrics });
}
