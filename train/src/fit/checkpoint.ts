// What a training run is, between two epochs. Legend: N pixels, m candidates, B bands, C endmembers.
import type { SpatialFilter } from '@egunet/models';
import type { CardBand, CardEndmember, CardLibrary } from '@egunet/models/card';
import type { TrainState } from '../engines/engine.js';
import type { LibraryScores } from '../library/scores.js';
import type { MixtureSettings } from '../library/settings.js';
import type { FitSettings } from './settings.js';

/** What the network cannot know of its data and the model card must say. */
export interface RunFacts {
  readonly sensor: string | null;
  /** Bands of the training pixels, in order. */
  readonly bands: readonly CardBand[];
  /** Names and spectra (reflectance) of the endmembers, in the order of the labels. */
  readonly endmembers: readonly CardEndmember[];
  /** How the endmembers were found. */
  readonly endmemberMethod: string;
  /** The training scene: its name, size and the side of a pixel in metres where known. */
  readonly scene: {
    readonly name: string;
    readonly rows: number;
    readonly cols: number;
    readonly pixelSize: number | null;
    /** Bands of the whole scene, where the bands have their `index` in it. */
    readonly bands?: number;
  };
  /** Of a pool of scenes, which `scene` tells the size of as one image of them below each other: which they are, and what each gave. */
  readonly scenes?: readonly PooledScene[];
  readonly pixels: number;
  readonly candidates: number;
  /** The library that mixtures were drawn from, where it is not a scene that was trained on. */
  readonly library?: CardLibrary;
}

/** A scene of a pool. */
export interface PooledScene {
  readonly name: string;
  /** Its files: names, sizes and times of change, or versions on a web server. */
  readonly files: readonly string[];
  readonly rows: number;
  readonly cols: number;
  /** Pixels and blocks taken from it. */
  readonly pixels: number;
  readonly blocks: number;
}

/** Whether nothing of a run is left to be done: not its epochs, nor what ends them. */
export const isComplete = (run: Pick<Checkpoint, 'settings' | 'epoch' | 'spatial' | 'statistics'>): boolean =>
  run.epoch === run.settings.epochs && (isWithoutEnd(run.settings) || (run.spatial ?? run.statistics) !== undefined);

/** Whether a network is done with its epochs. */
export const isWithoutEnd = ({ model }: FitSettings): boolean => model === 'pw' || model === 'library';

/** Mean and deviation of each band of the scaled input [B], which the first layer standardises it by. */
export interface InputStandard {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** What a run on a library has of its own. */
export interface LibraryTraining {
  readonly mixtures: MixtureSettings;
  /** Encoders in the state, one after the other. */
  readonly members: number;
  readonly standard: InputStandard;
  /** Of a training that is done; absent from runs of earlier versions. */
  readonly scores?: LibraryScores;
}

/** Mean losses over the steps of one epoch. */
export interface EpochLosses {
  readonly total: number;
  readonly crossEntropy: number;
  readonly reconstruction: number;
}

/** A training run after `epoch` epochs: all that export needs, and with the same data all that resuming needs. `n` pixels of the probe. */
export interface Checkpoint {
  readonly settings: FitSettings;
  /** The network's input is clip(reflectance * inputScale, 0, 1). */
  readonly inputScale: number;
  /** sha256 of the training data: resuming with other data is refused. */
  readonly dataDigest: string;
  /** Epochs done; of a library, steps. */
  readonly epoch: number;
  readonly history: readonly EpochLosses[];
  readonly state: TrainState;
  /** Some of the training pixels, reflectance [n, B]: what an exported model is compared with the network on. Of `ss-paper` an image, NaN where it has no data. */
  readonly probe: Float32Array;
  /** The spatial layer of EGU-Net-ss, fitted when the epochs end; a pixel-wise network has none. */
  readonly spatial?: SpatialFilter;
  /** Exact batch-norm statistics of the encoder of `ss-paper`, summed when the epochs end; other networks have none. */
  readonly statistics?: readonly number[];
  /** Of a run on a library. */
  readonly library?: LibraryTraining;
  readonly facts: RunFacts;
}
