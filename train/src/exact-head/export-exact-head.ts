// Exact unmixing as a model file, with a run's endmembers or with given ones. Legend: n pixels, B bands, C endmembers.
import { encodeModel, type Graph, traceFunction } from '@egunet/export';
import { type ExactUnmixing, exactAbundances } from '@egunet/models';
import { assertModelCard, type ExactMethod } from '@egunet/models/card';
import type * as tf from '@tensorflow/tfjs-core';
import { type CardOrigin, type CardOwn, cardOf } from '../card-of.js';
import { TrainError } from '../error.js';
import type { Checkpoint, RunFacts } from '../fit/checkpoint.js';
import type { Head } from '../head.js';
import { modelMetadata } from '../model-metadata.js';
import { fclsAbundances } from '../nnls/fcls.js';
import { nnlsAbundances } from '../nnls/nnls.js';
import { runHead } from '../run-head.js';
import { largestDifference } from '../same-head.js';
import { exactUnmixing } from './exact-unmixing.js';
import { PROBE_SEED, probeOf } from './probe.js';

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
export function exportExactHead(checkpoint: Checkpoint, method: ExactMethod, options: CardOrigin): Promise<Head> {
  const { facts, probe, inputScale, settings, dataDigest } = checkpoint;
  const { seed, schedule, learningRate, dropRate, weightDecay } = settings;
  const training = { seed, epochs: 0, steps: 0, schedule, learningRate, dropRate, weightDecay };
  return exportExact({ facts, probe, method, own: { inputScale, dataDigest, training } }, options);
}

/** Endmembers that no run has found. */
export interface GivenEndmembers {
  /** Of no scene: without rows, pixels and candidates. */
  readonly facts: RunFacts;
  /** sha256 of where they are from. */
  readonly dataDigest: string;
}

/** The same for given endmembers. The solver is compared on 1,024 of their mixtures, with noise. */
export function exportGivenHead(
  { facts, dataDigest }: GivenEndmembers,
  method: ExactMethod,
  options: CardOrigin,
): Promise<Head> {
  const training = { seed: PROBE_SEED, epochs: 0, steps: 0, schedule: 'none', learningRate: 0, dropRate: 0, weightDecay: 0 }; // biome-ignore format: one line says more
  const probe = probeOf(endmembersOf(facts), facts.endmembers.length);
  return exportExact({ facts, probe, method, own: { inputScale: 1, dataDigest, training } }, options);
}

/** Spectra [C, B]. */
const endmembersOf = ({ endmembers }: RunFacts): Float32Array =>
  Float32Array.from(endmembers.flatMap(({ spectrum }) => [...spectrum]));

interface ExactExport {
  readonly facts: RunFacts;
  /** Pixels to compare on [n, B]. */
  readonly probe: Float32Array;
  readonly method: ExactMethod;
  readonly own: Pick<CardOwn, 'inputScale' | 'dataDigest' | 'training'>;
}

async function exportExact({ facts, probe, method, own }: ExactExport, options: CardOrigin): Promise<Head> {
  const [B, C] = [facts.bands.length, facts.endmembers.length];
  const endmembers = endmembersOf(facts);
  const card = cardOf(facts, { ...own, kind: 'pixel', network: { name: method, layers: [C] } }, options);
  assertModelCard(card);
  const metadata = modelMetadata(card, facts.scene.pixelSize);
  const graph = exactHeadGraph(exactUnmixing(endmembers, C, method), method);
  const bytes = encodeModel(graph, { metadata, producerVersion: options.softwareVersion });
  const expected =
    method === 'fcls' ? fclsAbundances(endmembers, probe, B) : nnlsAbundances(endmembers, probe, B).abundances;
  const maxDifference = largestDifference(await runHead(bytes, probe, B), expected);
  if (!(maxDifference <= EXACT_TOLERANCE))
    throw new TrainError(
      `export: ${method} in float32 differs from float64 by ${maxDifference} (limit ${EXACT_TOLERANCE}): the endmembers are too much alike; take fewer of them. Nothing was written`,
    );
  return { bytes, card, maxDifference };
}
