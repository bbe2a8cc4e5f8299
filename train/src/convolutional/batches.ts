// What each step of a convolutional training sees. Legend: N images of h x w pixels, B bands, C endmembers.
import { reconstructionHalo } from '@egunet/models';
import { drawKept, gapTable } from '../fit/plan.js';
import { scaleData } from '../fit/scale-data.js';
import type { TrainingSet } from '../fit/training-set.js';
import { joinArrays } from '../linear-algebra.js';
import { createRandom, type Random } from '../random.js';
import type { SceneShape } from '../sample/windows.js';
import type { ImageArrays, ImageProblem } from './engine.js';
import { drawPatch, type Patch, readPatch, type TrainingImage, targetsOf } from './patches.js';
import type { ImageFitSettings } from './settings.js';

type Size = Pick<SceneShape, 'rows' | 'cols'>;

/** Whether every step takes the whole scene. */
export const isWhole = ({ rows, cols }: Size, { mostPixels }: ImageFitSettings) => rows * cols <= mostPixels;

/** Patches are no larger than the scene. */
const coreOf = ({ rows, cols }: Size, { patchSize }: ImageFitSettings) => ({
  rows: Math.min(patchSize, rows),
  cols: Math.min(patchSize, cols),
});

/** The images of a step [N, h, w]: the scene, or patches with a halo. */
export function stepShape(scene: Size, settings: ImageFitSettings, halo: number): [number, number, number] {
  if (isWhole(scene, settings)) return [1, scene.rows, scene.cols];
  const core = coreOf(scene, settings);
  return [settings.patches, core.rows + 2 * halo, core.cols + 2 * halo];
}

/** Pixels of the images of a step, halos not counted. */
export const stepPixels = (scene: Size, settings: ImageFitSettings): number =>
  stepShape(scene, settings, 0).reduce((a, b) => a * b, 1);

/** What a training on images draws its batches from. */
export interface BatchData {
  readonly set: TrainingSet;
  readonly image: TrainingImage;
  readonly settings: ImageFitSettings;
  readonly inputScale: number;
}

/** All there is to say of some patches, but for what is drawn. */
async function arraysOf(
  patches: readonly Patch[],
  { set, image, settings, inputScale }: BatchData,
): Promise<Omit<ImageArrays, 'keep' | 'candidateKeep'>> {
  const spectra = joinArrays(patches.map((patch) => patch.spectra));
  const [images] = await scaleData([spectra], { bands: set.bands, inputScale });
  const common = {
    images: images!,
    valid: joinArrays(patches.map(({ valid }) => valid)),
    counted: joinArrays(patches.map(({ counted }) => counted)),
  };
  if (settings.form === 'paper') return common;
  return { ...common, targets: joinArrays(patches.map((patch) => targetsOf(patch, image.positions, set.labels))) };
}

/** Gives the data of each step by its number (0-based): it depends on the seed and that number alone. */
export function createBatches(problem: ImageProblem, data: BatchData): (step: number) => Promise<ImageArrays> {
  const { settings, image, set } = data;
  const root = createRandom(settings.seed);
  const gaps = gapTable(settings.dropRate);
  const width = problem.network.widths[0]!;
  const pixels = problem.shape.reduce((a, b) => a * b, 1);
  let whole: ReturnType<typeof arraysOf> | undefined;
  const arraysAt = async (random: Random) => {
    if (isWhole(image.reader, settings)) {
      const { rows, cols } = image.reader;
      whole ??= readPatch(image, { row: 0, col: 0, rows, cols }, 0).then((patch) => arraysOf([patch], data));
      return whole;
    }
    const patches: Patch[] = [];
    const what = { size: coreOf(image.reader, settings), halo: reconstructionHalo(problem.network) };
    while (patches.length < settings.patches) patches.push(await drawPatch(image, what, random));
    return arraysOf(patches, data);
  };
  return async (step) => {
    const random = root.fork(`step ${step}`);
    const arrays = await arraysAt(random.fork('patches'));
    const keep = drawKept(pixels * width, gaps, random.fork('dropout'));
    if (settings.form === 'guided') return { ...arrays, keep };
    const candidates = set.labels.length / set.endmembers;
    return { ...arrays, keep, candidateKeep: drawKept(candidates * width, gaps, random.fork('candidate dropout')) };
  };
}
