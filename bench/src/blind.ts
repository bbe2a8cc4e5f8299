// A scene held in memory, made ready for blind training. Legend: N pixels, B bands, C endmembers.
import {
  type Endmembers,
  type FindEndmembersOptions,
  findEndmembers,
  type RunFacts,
  type SceneSample,
  sampleScene,
  type TrainingSet,
} from '@egunet/train';
import { type ReferenceScene, readerOf, type SceneInMemory } from './scenes.js';

/** What `fit` takes, and the endmembers that it came from. */
export interface BlindTraining {
  readonly set: TrainingSet;
  readonly facts: RunFacts;
  readonly found: Endmembers;
}

const allBands = ({ bands }: SceneInMemory) => Array.from({ length: bands }, (_, i) => i);

/** All pixels, and the blocks and patches that the seed draws. */
export const sampleWhole = (scene: SceneInMemory, seed: number): Promise<SceneSample> =>
  sampleScene(readerOf(scene), { bands: allBands(scene), seed, maxPixels: scene.rows * scene.cols, patches: true });

/** Endmembers and labels from all pixels of the scene; only the number of endmembers is told. */
export async function prepareBlind(
  scene: ReferenceScene,
  seed: number,
  how: Pick<FindEndmembersOptions, 'method' | 'brightness'> = {},
): Promise<BlindTraining> {
  const { name, rows, cols, bands, materials } = scene;
  const sample = await sampleWhole(scene, seed);
  const found = await findEndmembers(sample, { ...how, seed, count: materials.length });
  const { count, endmembers, candidates, labels, names, method } = found;
  const facts = {
    sensor: null,
    bands: allBands(scene).map(() => ({ wavelength: null, fwhm: null })),
    endmembers: names.map((endmember, i) => ({
      name: endmember,
      spectrum: [...endmembers.subarray(i * bands, (i + 1) * bands)],
    })),
    endmemberMethod: method,
    scene: { name, rows, cols, pixelSize: null },
    pixels: rows * cols,
    candidates: candidates.length / bands,
  };
  const { pixels, patches } = sample;
  return { set: { bands, endmembers: count, pixels, candidates, labels, ...(patches && { patches }) }, facts, found };
}
