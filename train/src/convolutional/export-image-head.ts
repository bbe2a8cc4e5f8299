// The head of a convolutional network as a model file. Legend: h x w pixels of the probe, B bands, C endmembers.
import { encodeModel } from '@egunet/export';
import { convolutionalHead, ENCODER_LAYERS, evaluationConvolutions, headHalo } from '@egunet/models';
import { assertModelCard, type ModelCard } from '@egunet/models/card';
import * as tf from '@tensorflow/tfjs-core';
import { type CardOrigin, cardOf } from '../card-of.js';
import { computeOnCpu } from '../cpu.js';
import { TrainError } from '../error.js';
import type { Checkpoint, RunFacts } from '../fit/checkpoint.js';
import type { Head, HeadOptions } from '../head.js';
import { modelMetadata } from '../model-metadata.js';
import { assertSame, largestDifference } from '../same-head.js';
import { ofValid, runSpatialHead, withGaps } from '../spatial/check-layer.js';
import type { ImageFitResult } from './fit-images.js';
import { convolutionalHeadGraph } from './head.js';
import { networkStateOf, toProbe } from './paper-run.js';
import { imageSettings } from './paper-settings.js';
import type { NetworkState } from './statistics.js';

/** Abundances [h * w, C] of an image [h * w, B] by the unfolded network, on tfjs's CPU backend. */
function evaluateImage(
  { network, inputScale, parameters, moving }: NetworkState,
  { rows, cols, spectra, valid }: { rows: number; cols: number; spectra: Float32Array; valid: Float32Array },
): Promise<Float32Array> {
  return computeOnCpu(() => {
    const mask = tf.tensor4d(valid, [1, rows, cols, 1]);
    const flat = { parameters: tf.tensor1d(parameters), moving: tf.tensor1d(moving), valid: mask };
    const images = tf.tensor4d(spectra, [1, rows, cols, network.bands]);
    return convolutionalHead(images, evaluationConvolutions(network, flat), { network, valid: mask, inputScale });
  });
}

/** What an export needs of a training. */
type TrainedImages = Omit<ImageFitResult, 'averages'>;

function imageCard(trained: TrainedImages, facts: RunFacts, origin: CardOrigin): ModelCard {
  const { network, inputScale, settings, dataDigest } = trained;
  const { form, seed, steps, schedule, learningRate, dropRate, weightDecay } = settings;
  const own = {
    kind: 'spatial',
    halo: Math.max(1, headHalo(network)), // a card of this kind has one, be every kernel a pixel
    inputScale,
    network: {
      name: `egunet-ss-${form}`,
      layers: network.widths.slice(0, ENCODER_LAYERS),
      kernels: network.kernels.slice(0, ENCODER_LAYERS),
    },
    training: { seed, epochs: steps, steps, schedule, learningRate, dropRate, weightDecay },
    dataDigest,
  } as const;
  return cardOf(facts, own, origin);
}

/**
 * Exports the encoder of images with batch-norm folded, its halo in the card. Compared with the unfolded network on the probe, with gaps; throws
 * TrainError above EXPORT_TOLERANCE. A step counts as an epoch.
 */
export async function exportImageHead(trained: TrainedImages, facts: RunFacts, origin: CardOrigin): Promise<Head> {
  const card = imageCard(trained, facts, origin);
  assertModelCard(card);
  const metadata = modelMetadata(card, facts.scene.pixelSize);
  const bytes = encodeModel(convolutionalHeadGraph(trained), { metadata, producerVersion: origin.softwareVersion });
  const { bands } = trained.network;
  const valid = withGaps(trained.probe.valid);
  const image = { ...trained.probe, valid };
  const [actual, expected] = [
    await runSpatialHead(bytes, { ...image, bands }),
    await evaluateImage(trained, image),
  ].map((values) => ofValid(values, valid));
  const maxDifference = largestDifference(actual!, expected!);
  assertSame(maxDifference);
  return { bytes, card, maxDifference };
}

/** Exports a run of `ss-paper`. Throws TrainError where it was cut off before its statistics were summed, and for another precision than float32. */
export async function exportPaperHead(checkpoint: Checkpoint, { precision = 'float32', ...origin }: HeadOptions) {
  if (precision !== 'float32')
    throw new TrainError(
      `export: a run of --model ss-paper is exported in float32 alone, not in ${precision}; leave --precision out, or train --model ss`,
    );
  const { settings, dataDigest, facts } = checkpoint;
  const trained = {
    ...networkStateOf(checkpoint),
    settings: imageSettings(settings),
    dataDigest,
    probe: toProbe(checkpoint),
  };
  return exportImageHead(trained, facts, origin);
}
