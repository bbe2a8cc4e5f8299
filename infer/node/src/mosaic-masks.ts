// Masks that each scene of a mosaic has for itself: what one scene's leaves out may be seen in another. Legend: N pixels of a window,
// n pixels of a scene's part of it.
import { type Marks, rowsIn, sharedWindow, type Window, windowFrom } from '@egunet/infer';
import type { MaskRule, SceneMask } from '@egunet/raster';
import { keepOpen } from './keep-open.js';
import type { MosaicScene } from './mosaic-scenes.js';

/** The masks of a mosaic's scenes. */
export interface SceneMasks {
  /**
   * On the mosaic's grid, one for each rule: a pixel is left out where every scene that covers it leaves it out, by this mask or another, and this
   * one marks it in at least one of them.
   */
  readonly masks: readonly SceneMask[];
  /** What a scene leaves out of its part of a window, on the mosaic's grid. */
  masked(window: Window, scene: number): Promise<Marks | undefined>;
}

/** What is left out of a window. */
interface AllMarks {
  /** Of each scene's part [n], by the scene's number. */
  readonly ofScene: ReadonlyMap<number, Marks>;
  /** By each rule [N]. */
  readonly ofRule: readonly Uint8Array[];
}

/** Scenes whose masks are open at a time. */
const MOST_SCENES = 4;

/** The masks of a scene, opened. */
interface OpenMasks {
  readonly masks: readonly SceneMask[];
  close(): Promise<void>;
}

/** The masks that `rules` mean in each scene; `open` opens those of one. They are closed with the first of `masks`. */
export function maskScenes(
  scenes: readonly MosaicScene[],
  rules: readonly MaskRule[],
  open: (scene: MosaicScene) => Promise<OpenMasks>,
): SceneMasks {
  const kept = keepOpen<OpenMasks>(MOST_SCENES);
  const marks = new WeakMap<Window, Promise<AllMarks>>(); // for those who ask several times of one window
  let queue: Promise<unknown> = Promise.resolve(); // what is open must be used before another is opened
  const markAll = async (window: Window): Promise<AllMarks> => {
    const N = window.rows * window.cols;
    const [covered, left] = [new Uint32Array(N), new Uint32Array(N)]; // scenes that have the pixel, and leave it out
    const ofRule = rules.map(() => new Uint8Array(N));
    const ofScene = new Map<number, Marks>();
    for (const [s, scene] of scenes.entries()) {
      const part = sharedWindow(window, scene.place);
      if (!part) continue;
      const { masks } = await kept.get(String(s), () => open(scene));
      const out = new Uint8Array(part.rows * part.cols);
      const ofMask: Uint8Array[] = [];
      for (const mask of masks) ofMask.push(await mask.leavesOut(windowFrom(scene.place, part)));
      let at = 0;
      for (const [from, to] of rowsIn(window, part))
        for (let i = from; i < to; i++, at++) {
          for (const [m, one] of ofMask.entries()) {
            if (one[at] !== 1) continue;
            out[at] = 1;
            ofRule[m]![i] = 1;
          }
          covered[i]!++;
          left[i]! += out[at]!;
        }
      ofScene.set(s, { window: part, marks: out });
    }
    for (const one of ofRule) for (let i = 0; i < N; i++) if (left[i]! < covered[i]!) one[i] = 0;
    return { ofScene, ofRule };
  };
  const marksOf = (window: Window): Promise<AllMarks> => {
    const found = marks.get(window);
    if (found) return found;
    const made = queue.then(() => markAll(window));
    queue = made.catch(() => {});
    marks.set(window, made);
    return made;
  };
  return {
    masks: rules.map(({ name }, r) => ({
      name,
      leavesOut: async (window) => (await marksOf(window)).ofRule[r]!,
      close: () => kept.close(),
    })),
    masked: async (window, scene) => (await marksOf(window)).ofScene.get(scene),
  };
}
