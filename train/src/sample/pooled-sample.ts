// Samples of several scenes put together. Legend: S scenes, n pixels, B bands.
import type { SpectraBlock } from '../endmembers/types.js';
import { createStatistics } from './band-statistics.js';
import type { SceneSample } from './sample-scene.js';

/** What is known of a scene while its sample is not in memory. */
export interface PoolScene {
  readonly rows: number;
  readonly cols: number;
  /** Its sample; asked for several times, and let go in between. */
  read(): Promise<SceneSample>;
}

/** Several scenes as one sample: positions are those in an image of the scenes below each other, as wide as the widest. */
export interface PooledSample extends SceneSample {
  readonly rows: number;
  readonly cols: number;
  /** What each scene gave, in their order [S]. */
  readonly scenes: readonly { readonly pixels: number; readonly blocks: number }[];
}

/** Which of each scene's pixels, blocks and patches are taken [S][k]. */
export type Chosen = Readonly<Record<'pixels' | 'blocks' | 'patches', readonly Uint32Array[]>>;

/** Puts together what is chosen of each scene. */
export function createPool(scenes: readonly PoolScene[], chosen: Chosen, bands: number) {
  const count = chosen.pixels.reduce((sum, { length }) => sum + length, 0);
  const pixels = new Float32Array(count * bands);
  const positions = new Float64Array(count);
  const [blocks, patches]: SpectraBlock[][] = [[], []];
  const statistics = createStatistics(bands);
  const cols = scenes.reduce((most, scene) => Math.max(most, scene.cols), 0);
  let [at, top] = [0, 0];
  const totals = { validPixels: 0, nonFinitePixels: 0, totalPixels: 0 };
  return {
    add(sample: SceneSample, s: number): void {
      const place = placeIn(scenes[s]!, top, cols);
      for (const n of chosen.pixels[s]!) {
        pixels.set(sample.pixels.subarray(n * bands, (n + 1) * bands), at * bands);
        positions[at++] = place(sample.positions[n]!);
      }
      for (const [from, to, which] of [
        [sample.blocks, blocks, chosen.blocks],
        [sample.patches ?? [], patches, chosen.patches],
      ] as const)
        for (const i of which[s]!) {
          const { spectra, positions } = from[i]!;
          to!.push({ spectra: spectra.slice(), positions: positions.map(place) });
        }
      statistics.merge(sample.validPixels, sample.bandStatistics);
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += sample[name];
      top += scenes[s]!.rows;
    },
    result(): PooledSample {
      const { count: _, ...bandStatistics } = statistics.result();
      return {
        ...{ bands, pixels, positions, blocks: blocks!, ...totals, bandStatistics },
        ...(patches!.length > 0 && { patches: patches! }),
        ...{ rows: top, cols },
        scenes: scenes.map((_, s) => ({ pixels: chosen.pixels[s]!.length, blocks: chosen.blocks[s]!.length })),
      };
    },
  };
}

/** Where a position of a scene, row * its cols + col, lies in the image of all. */
const placeIn =
  ({ cols: own }: PoolScene, top: number, cols: number) =>
  (position: number): number =>
    (top + Math.floor(position / own)) * cols + (position % own);
