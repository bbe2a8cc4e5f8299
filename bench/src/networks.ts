// Networks of each model, trained and run on a whole scene. Legend: N pixels, C endmembers.
import { evaluateNetwork, exportHead, type FitSettings, fit, runSpatialHead } from '@egunet/train';
import type { BlindTraining } from './blind.js';
import type { ReferenceScene } from './scenes.js';

/** Settings of a training besides its seed and model. */
export type Settings = Partial<Omit<FitSettings, 'seed' | 'model'>> & { readonly threads?: number };

/** Trains a model on what was found blind, and gives its abundances of the scene [N, C]. */
export async function networkAbundances(
  { rows, cols, bands, spectra }: ReferenceScene,
  { set, facts }: BlindTraining,
  options: Settings & Pick<FitSettings, 'model' | 'seed'>,
): Promise<Float32Array> {
  const { checkpoint } = await fit(set, facts, options);
  if (options.model === 'pw') return evaluateNetwork(checkpoint, spectra);
  const { bytes } = await exportHead(checkpoint, { softwareVersion: 'bench', created: new Date(0) });
  const valid = new Float32Array(rows * cols).fill(1);
  return runSpatialHead(bytes, { rows, cols, bands, spectra, valid });
}
