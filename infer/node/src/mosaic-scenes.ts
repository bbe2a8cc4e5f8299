// The scenes of a mosaic: each is opened once beforehand, to see that it fits the model and the others, and closed again.
import { type BandPlan, InferError, planBands, type TileShape, type Window } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import {
  type Grid,
  joinGrids,
  type MaskedScene,
  type MaskRule,
  type OpenOptions,
  type Scene,
  type SceneAccess,
} from '@egunet/raster';
import { holdScene, openScene } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { assertWidths } from './band-widths.js';
import { openMasks } from './choose-pixels.js';
import { sceneIdentity } from './identity.js';
import type { SceneSource } from './scene-list.js';

/** What must be known of a scene while it is closed. */
export interface MosaicScene {
  readonly path: string;
  /** Of which files it is made. */
  readonly files: readonly string[];
  /** Where it lies on the mosaic's grid. */
  readonly place: Window;
  /** The window shape that it reads fastest. */
  readonly block: TileShape;
  readonly plan: BandPlan;
}

/** Several scenes on one grid. */
export interface Mosaic {
  readonly grid: MaskedScene & Required<Grid>;
  readonly scenes: readonly MosaicScene[];
  /** Lets go of what was unpacked for them. */
  close(): Promise<void>;
}

export interface MosaicOptions {
  readonly card: ModelCard;
  readonly resample: boolean | undefined;
  readonly open: OpenOptions;
  readonly access: SceneAccess;
  /** Masks that each scene must have for itself. */
  readonly masks: readonly MaskRule[];
}

/** With so many scenes it takes a while to look at each. */
const MANY = 20;

const isSame = (a: number | undefined, b: number | undefined): boolean =>
  a === b || (Number.isNaN(a) && Number.isNaN(b));

/** Equal but for the digits that a text leaves out. */
const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.abs(b);

/** Throws InferError unless the scene is what the virtual mosaic takes it for. */
function assertAsInVrt(scene: Scene, { vrt }: SceneSource): void {
  if (!vrt) return;
  const { name, bands, source } = vrt;
  const unless = (right: boolean, difference: string, advice = '') => {
    if (!right) throw new InferError(`${name}: ${difference}; make the mosaic again with gdalbuildvrt${advice}`);
  };
  const { rows, cols } = source.place;
  unless(
    scene.rows === rows && scene.cols === cols,
    `${scene.name} has ${scene.rows} rows x ${scene.cols} columns, not ${rows} x ${cols}`,
  );
  unless(bands.length === scene.bands.length, `has ${bands.length} of the ${scene.bands.length} bands of ${scene.name}`, ' without -b'); // biome-ignore format: one call
  for (const [b, band] of scene.bands.entries()) {
    const { noData = band.noData } = source;
    const { gain = band.gain, offset = band.offset } = bands[b]!;
    const isNoData = isSame(band.noData, noData) || isSame(band.noData, Math.fround(noData ?? 0));
    unless(isNoData, `takes ${noData} of ${scene.name} for NoData, but ${band.name} of that has ${band.noData ?? 'none'}`, ', without -srcnodata'); // biome-ignore format: one call
    unless(
      isClose(gain, band.gain) && isClose(offset, band.offset),
      `scales band ${b + 1} by ${gain} and ${offset}, but ${scene.name} by ${band.gain} and ${band.offset}`,
    );
  }
}

/** Throws InferError unless the scenes of each virtual mosaic lie to each other as it says. */
function assertPlacesOfVrts(sources: readonly SceneSource[], places: readonly Window[]): void {
  const corners = new Map<string, { readonly row: number; readonly col: number }>();
  for (const [s, { path, vrt }] of sources.entries()) {
    if (!vrt) continue;
    const { place } = vrt.source;
    const [row, col] = [places[s]!.row - place.row, places[s]!.col - place.col];
    const corner = corners.get(vrt.name) ?? { row, col };
    corners.set(vrt.name, corner);
    if (corner.row !== row || corner.col !== col)
      throw new InferError(
        `${vrt.name}: puts ${publicPath(path)} at row ${place.row}, column ${place.col}, but by the scenes' georeferences it lies at row ${place.row + row - corner.row}, column ${place.col + col - corner.col}; make the mosaic again with gdalbuildvrt`,
      );
  }
}

/** Looks at a scene, which is closed again. */
async function lookAt(source: SceneSource, { card, resample, open, access, masks }: MosaicOptions) {
  const { path } = source;
  const scene = await openScene(path, open, access);
  try {
    assertAsInVrt(scene, source);
    assertWidths(scene, card);
    const plan = planBands(scene, card, { resample });
    for (const mask of await openMasks(scene, masks, access)) await mask.close();
    const { name, rows, cols, georeference, block } = scene;
    return { path, name, rows, cols, georeference, block, plan, files: await sceneIdentity(path, access) };
  } finally {
    await scene.close();
  }
}

/**
 * Looks at every scene of a mosaic and lays them on one grid. Rejects with RasterError or InferError, which name the scene, where one cannot be read, lacks the model's
 * bands or a mask, or does not lie on the grid of the first. Close it when the work is done: until then what archives were unpacked to stays.
 */
export async function openMosaic(sources: readonly SceneSource[], options: MosaicOptions): Promise<Mosaic> {
  const { access } = options;
  const held: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const release of held.splice(0)) await release();
  };
  try {
    if (sources.length >= MANY) access.onNotice?.(`looking at ${sources.length} scenes`);
    const looked: Awaited<ReturnType<typeof lookAt>>[] = [];
    for (const source of sources) {
      access.signal?.throwIfAborted();
      held.push(await holdScene(source.path, access));
      looked.push(await lookAt(source, options));
      joinGrids([looked[0]!, looked.at(-1)!]); // one that does not fit is known at once
    }
    const { places, ...grid } = joinGrids(looked);
    assertPlacesOfVrts(sources, places);
    const scenes = looked.map(({ path, files, block, plan }, s) => ({ path, files, block, plan, place: places[s]! }));
    const name = scenes.length === 1 ? looked[0]!.name : `mosaic of ${scenes.length} scenes`;
    return { grid: { ...grid, name, format: 'mosaic' }, scenes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
