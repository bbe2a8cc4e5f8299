// One training step of the convolutional EGU-Net-ss, by either engine. Legend: N images of H x W pixels, m candidates, B bands, C endmembers.
import {
  type ConvolutionalBatch,
  type ConvolutionalNetwork,
  convolutionalLayers,
  convolutionalLoss,
  countParameters,
  countStatistics,
  listStatistics,
  markKernels,
  moveAverages,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainState } from '../engines/engine.js';
import type { StepEngine, StepInput, StepOutcome, StepProblem, StepValues } from '../engines/step-engine.js';
import { descend, type StepResult, type StepState } from '../fit/step.js';

/** What is fixed over a training. */
export interface ImageProblem {
  readonly network: ConvolutionalNetwork;
  /** Images a step, and their size [N, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly dropRate: number;
  readonly weightDecay: number;
  /** Candidates of the paper's form, inputs scaled to [0, 1] [m, B], and their labels [m, C]. */
  readonly candidates?: { readonly spectra: Float32Array; readonly labels: Float32Array };
}

/** What one step sees, row by row. Keep masks are 1 or 0. */
export interface ImageArrays {
  /** [N, H, W, B], 0 where a pixel is not valid. */
  readonly images: Float32Array;
  /** [N, H, W] */
  readonly valid: Float32Array;
  /** [N, H, W] */
  readonly counted: Float32Array;
  /** `guided` [N, H, W, C]. */
  readonly targets?: Float32Array;
  /** [N, H, W, width of layer 1] */
  readonly keep: Uint8Array;
  /** `paper` [m, width of layer 1] */
  readonly candidateKeep?: Uint8Array;
}

/** Runs steps of one problem. */
export interface ImageEngine {
  readonly name: string;
  step(state: TrainState, arrays: ImageArrays, stepSize: number): Promise<StepOutcome>;
  release(): Promise<void>;
}

/** The data of a step, in order. */
function stepInputs({ network, shape, candidates }: ImageProblem): StepInput[] {
  const { bands, endmembers, widths } = network;
  const m = candidates ? candidates.labels.length / endmembers : 0;
  const float = (name: string, ...channels: number[]): StepInput => ({
    name,
    shape: [...shape, ...channels],
    dtype: 'float32',
  });
  const common = [float('images', bands), float('valid', 1), float('counted', 1)];
  const keep = { name: 'keep', shape: [...shape, widths[0]!], dtype: 'bool' } as const;
  if (!candidates) return [...common, float('targets', endmembers), keep];
  const pure = (name: string, channels: number, dtype: StepInput['dtype']) => ({
    name,
    shape: [1, 1, m, channels],
    dtype,
  });
  return [
    ...common,
    keep,
    pure('spectra', bands, 'float32'),
    pure('labels', endmembers, 'float32'),
    pure('candidateKeep', widths[0]!, 'bool'),
  ];
}

/** The problem as steps of its own. */
export const imageStepProblem = (problem: ImageProblem): StepProblem => ({
  inputs: stepInputs(problem),
  sizes: imageStateSizes(problem.network),
  step: (given) => imageStep(problem, given),
});

/** An engine of images that runs its steps on this one. */
export const imageEngine = ({ candidates }: ImageProblem, { name, step, release }: StepEngine): ImageEngine => ({
  name,
  step: (state, arrays, stepSize) => step(state, { ...arrays, ...candidates } as unknown as StepValues, stepSize),
  release,
});

/** One step as a tfjs function of tensors by the names of `stepInputs`. */
function imageStep(
  { network, dropRate, weightDecay }: ImageProblem,
  given: { state: StepState; data: Record<string, tf.Tensor>; stepSize: tf.Scalar },
): StepResult {
  return tf.tidy(() => {
    const layers = convolutionalLayers(network);
    const { images, valid, counted, targets, keep, spectra, labels, candidateKeep } = given.data;
    const floats = (x: tf.Tensor | undefined) => tf.cast(x!, 'float32');
    const batch = {
      ...{ images, valid, counted, targets, keep: floats(keep) },
      ...(spectra && { candidates: { spectra, labels, keep: floats(candidateKeep) } }),
    } as unknown as ConvolutionalBatch;
    const decayMask = tf.tensor1d(markKernels(layers));
    return descend(given.state, given.stepSize, {
      lossOf: (parameters) => convolutionalLoss(network, parameters, { batch, decayMask, weightDecay, dropRate }),
      average: (moving, statistics) => moveAverages(listStatistics(layers), moving, statistics),
    });
  });
}

/** Length of each vector of the state. */
export function imageStateSizes(network: ConvolutionalNetwork): Record<keyof TrainState, number> {
  const layers = convolutionalLayers(network);
  const parameters = countParameters(layers);
  return { parameters, first: parameters, second: parameters, moving: countStatistics(layers) };
}
