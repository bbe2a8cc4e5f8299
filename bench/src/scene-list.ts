// The scenes of the benchmarks by the names that their options take.
import { jasperRidge, type ReferenceScene, samson } from './scenes.js';
import { sim1, synthetic, urban } from './simulated-scenes.js';

const scenes: Readonly<Record<string, () => Promise<ReferenceScene>>> = {
  jasper: jasperRidge,
  samson,
  synthetic,
  sim1: () => sim1(30),
  'sim1-20db': () => sim1(20),
  'sim1-clean': () => sim1(),
  urban4: () => urban(4),
  urban5: () => urban(5),
};

/** What `--scenes` takes. */
export const SCENE_NAMES: readonly string[] = Object.keys(scenes);

/** Throws Error where a name is of no scene. */
export function assertSceneNames(names: readonly string[]): void {
  const unknown = names.find((name) => !SCENE_NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`no scene '${unknown}': one of ${SCENE_NAMES.join(', ')}`);
}

/** Reads or makes a scene. Throws Error where there is none of this name. */
export function sceneNamed(name: string): Promise<ReferenceScene> {
  assertSceneNames([name]);
  return scenes[name]!();
}

/** The middle of a scene, at most `side` pixels high and wide. Legend: N pixels, row by row; W values of a pixel. */
export function middleOf(scene: ReferenceScene, side: number): ReferenceScene {
  const [rows, cols] = [Math.min(side, scene.rows), Math.min(side, scene.cols)];
  if (rows === scene.rows && cols === scene.cols) return scene;
  const [top, left] = [Math.floor((scene.rows - rows) / 2), Math.floor((scene.cols - cols) / 2)];
  const cut = (values: Float32Array) => {
    const width = values.length / (scene.rows * scene.cols);
    const out = new Float32Array(rows * cols * width);
    for (let row = 0; row < rows; row++) {
      const from = ((top + row) * scene.cols + left) * width;
      out.set(values.subarray(from, from + cols * width), row * cols * width);
    }
    return out; // [N, W]
  };
  const name = `${scene.name}, its middle ${rows} x ${cols} pixels`;
  return { ...scene, name, rows, cols, spectra: cut(scene.spectra), reference: cut(scene.reference) };
}
