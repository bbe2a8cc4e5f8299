// Exact unmixing with a run's endmembers as a model file. Legend: n pixels, B bands, C endmembers.
import { encodeModel, type Graph, traceFunction } from '@egunet/export';
import { type ExactUnmixing, exactAbundances } from '@egunet/models';
import { assertModelCard, type ExactMethod } from '@egunet/models/card';
import type * as tf from '@tensorflow/tfjs-core';
import { type CardOrigin, cardOf } from '../card-of.js';
import { TrainError } from '../error.js';
import type { Checkpoint } from '../fit/checkpoint.js';
import type { Head } from '../head.js';
import { modelMetadata } from '../model-metadata.js';
import { fclsAbundances } from '../nnls/fcls.js';
import { nnlsAbundances } from '../nnls/nnls.js';
import { runHead } from '../run-head.js';
import { largestDifference } from '../same-head.js';
import { exactUnmixing } from './exact-unmixing.js';

/** What float32 may differ by from the solver in float64: the more alike endmembers are, the more. */
export const EXACT_TOLERANCE = 1e-3;

/** `spectra` [n, B] -> `abundances` [n, C]. */
export function exactHeadGraph(exact: ExactUnmixing, method: ExactMethod): Graph {
  const inputs = [{ name: 'spectra', shape: ['pixels', exact.basis.length / exact.dimensions] }];
  return traceFunction((spectra: tf.Tensor) => exactAbundances(spectra as tf.Tensor2D, exact), inputs, {
    outputs: ['abundances'],
    graphName: method,
  });
}

/**
 * Exports the exact solution for the run's endmembers, up to 8, in place of its network. It is compared with the solver in float64 on the checkpoint's probe;
 * throws TrainError above EXACT_TOLERANCE.
 */
export async function exportExactHead(checkpoint: Checkpoint, method: ExactMethod, options: CardOrigin): Promise<Head> {
  const { facts, probe, inputScale, settings, dataDigest } = checkpoint;
  const [B, C] = [facts.bands.length, facts.endmembers.length];
  const endmembers = Float32Array.from(facts.endmembers.flatMap(({ spectrum }) => [...spectrum]));
  const { seed, schedule, learningRate, dropRate, weightDecay } = settings;
  const card = cardOf(
    facts,
    {
      ...{ kind: 'pixel', inputScale, dataDigest, network: { name: method, layers: [C] } },
      training: { seed, epochs: 0, steps: 0, schedule, learningRate, dropRate, weightDecay },
    },
    options,
  );
  assertModelCard(card);
  const metadata = modelMetadata(card, facts.scene.pixelSize);
  const graph = exactHeadGraph(exactUnmixing(endmembers, C, method), method);
  const bytes = encodeModel(graph, { metadata, producerVersion: options.softwareVersion });
  const expected =
    method === 'fcls' ? fclsAbundances(endmembers, probe, B) : nnlsAbundances(endmembers, probe, B).abundances;
  const maxDifference = largestDifference(await runHead(bytes, probe, B), expected);
  if (!(maxDifference <= EXACT_TOLERANCE))
    throw new TrainError(
      `export: ${method} in float32 differs from float64 by ${maxDifference} (limit ${EXACT_TOLERANCE}): the endmembers are too much alike; find fewer of them. Nothing was written`,
    );
  return { bytes, card, maxDifference };
}
