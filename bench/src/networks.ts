// Networks of each model, trained and run on a whole scene. Legend: N pixels, C endmembers.
import { type Checkpoint, evaluateNetwork, exportHead, type FitSettings, fit, runSpatialHead } from '@egunet/train';
import type { BlindTraining } from './blind.js';
import { timed } from './processor-time.js';
import type { ReferenceScene } from './scenes.js';

/** Settings of a training besides its seed and model. */
export type Settings = Partial<Omit<FitSettings, 'seed' | 'model'>> & { readonly threads?: number };

/** The models that are scored here, one behind the other; the paper's form has `bench:spatial`. */
export const SCORED_MODELS = ['pw', 'ss'] as const satisfies readonly FitSettings['model'][];

export type ScoredModel = (typeof SCORED_MODELS)[number];

/** A network of a model, and what making it took. */
interface Made {
  readonly checkpoint: Checkpoint;
  /** Processor seconds of the whole training. */
  readonly seconds: number;
}

/**
 * Trains networks of one seed on what was found blind. EGU-Net-ss is EGU-Net-pw with a layer fitted behind it: the epochs of the first model asked
 * for serve the others.
 */
export function createTrainer({ set, facts }: BlindTraining, options: Settings & Pick<FitSettings, 'seed'>) {
  let first: Made | undefined;
  return async (model: ScoredModel): Promise<Made> => {
    const before = first;
    const resume = before && { ...before.checkpoint, settings: { ...before.checkpoint.settings, model } };
    const { value, seconds } = await timed(() => fit(set, facts, { ...options, model, ...(resume && { resume }) }));
    const made = { checkpoint: value.checkpoint, seconds: seconds + (before?.seconds ?? 0) };
    first ??= made;
    return made;
  };
}

/** Abundances of the scene [N, C] by a trained network. */
export async function networkAbundances(
  checkpoint: Checkpoint,
  { rows, cols, bands, spectra }: ReferenceScene,
): Promise<Float32Array> {
  if (checkpoint.settings.model === 'pw') return evaluateNetwork(checkpoint, spectra);
  const { bytes } = await exportHead(checkpoint, { softwareVersion: 'bench', created: new Date(0) });
  const valid = new Float32Array(rows * cols).fill(1);
  return runSpatialHead(bytes, { rows, cols, bands, spectra, valid });
}
