// What a training engine does. Legend: N mixed pixels, m pseudo-endmembers, B bands, C endmembers, S steps an epoch, n pixels and k candidates a batch.
import { type PixelwiseNetwork, parameterCount, statisticsCount } from '@egunet/models';

/** Training data, scaled to [0, 1] as the network takes it. */
export interface TrainingData {
  /** [N, B] */
  readonly mixed: Float32Array;
  /** [m, B] */
  readonly candidates: Float32Array;
  /** Soft labels of the candidates [m, C]. */
  readonly labels: Float32Array;
}

/** What is fixed over a training. */
export interface Problem {
  readonly network: PixelwiseNetwork;
  readonly data: TrainingData;
  /** Pixels a batch of UR-Net. */
  readonly batch: number;
  /** Candidates a batch of E-Net. */
  readonly candidateBatch: number;
  /** Steps an epoch: whole batches only. */
  readonly steps: number;
  readonly dropRate: number;
  readonly weightDecay: number;
}

/** What training changes, as flat vectors of float32. */
export interface TrainState {
  readonly parameters: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly moving: Float32Array;
}

/** The random draws and rates of one epoch. */
export interface EpochPlan {
  /** Pixels of each batch [S, n]. */
  readonly order: Int32Array;
  /** Candidates of each batch [S, k]. */
  readonly candidateOrder: Int32Array;
  /** Adam's step sizes [S]. */
  readonly stepSizes: Float32Array;
  /** 1 = keep, 0 = drop, for layer 1: [S, 256, n] and [S, 256, k]. */
  readonly mixedKeep: Uint8Array;
  readonly candidateKeep: Uint8Array;
}

export interface EpochResult {
  readonly state: TrainState;
  /** [S, 3]: total, cross-entropy, reconstruction. */
  readonly losses: Float32Array;
}

/** Runs epochs of one problem. */
export interface Engine {
  readonly name: string;
  runEpoch(state: TrainState, plan: EpochPlan): Promise<EpochResult>;
  release(): Promise<void>;
}

/** The order of the state's vectors wherever they are listed. */
export const STATE_KEYS = ['parameters', 'first', 'second', 'moving'] as const;

/** Length of each vector of the state. */
export function stateSizes(network: PixelwiseNetwork): Record<(typeof STATE_KEYS)[number], number> {
  const parameters = parameterCount(network);
  return { parameters, first: parameters, second: parameters, moving: statisticsCount(network) };
}
