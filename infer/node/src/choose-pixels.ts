// Which pixels of a scene are unmixed: those of an area of interest that no mask leaves out. Legend: N pixels of a window.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { assertMapSize, InferError, joinMarks, sharedWindow, type Window } from '@egunet/infer';
import {
  boxArea,
  type Grid,
  isLayerWord,
  type MaskedScene,
  type MaskRule,
  openMask,
  type PlacedArea,
  parseArea,
  placeArea,
  type SceneAccess,
  type SceneMask,
} from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { digestOf, sceneIdentity } from './identity.js';

/** A rectangle on the ground. */
export interface BoundingBox {
  /** XMIN, YMIN, XMAX, YMAX; longitude or easting first. */
  readonly bounds: readonly [number, number, number, number];
  /** EPSG code of its coordinates; the scene's own system when absent. */
  readonly epsg?: number;
}

export interface PixelOptions {
  /** The part of the scene to unmix, in pixels; all of it when absent. */
  readonly window?: Window;
  /** Cuts the map to the pixels whose centre lies in it. */
  readonly bbox?: BoundingBox;
  /** GeoJSON file of polygons: cuts the map to their bounds; pixels whose centre lies outside stay without data. */
  readonly aoi?: string;
  /** What leaves pixels out. */
  readonly masks?: readonly MaskRule[];
}

/**
 * Pixels that are not unmixed, and why: outside the area, else masked. Of several scenes a pixel counts as masked where a raster on their grid marks it,
 * or every scene that covers it leaves it out by quality layers of its own.
 */
export interface PixelCounts {
  readonly outsidePixels: number;
  readonly maskedPixels: number;
  /** Pixels inside the area that each mask leaves out; a pixel may be in several. Of several scenes: in at least one of those that cover a masked pixel. */
  readonly masks: readonly { readonly name: string; readonly pixels: number }[];
}

/** Which pixels are unmixed. Close it when the work is done. */
export interface PixelChoice {
  /** The part of the scene that the map shows. */
  readonly window: Window;
  readonly counts: PixelCounts;
  /** What of it decides about the map's content. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** For the map's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** [N], 1 = outside the area of interest; undefined where there is none. */
  outside(window: Window): Uint8Array | undefined;
  /** [N], 1 = some mask leaves the pixel out; undefined where there are none. */
  masked(window: Window): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** None of a scene's pixels is left: what is asked for lies beside it, or masks leave out all. */
export class NoPixelsError extends InferError {}

/** The pixels that two windows share; throws where there are none. */
function intersect(a: Window, b: Window, names: string): Window {
  const shared = sharedWindow(a, b);
  if (!shared) throw new NoPixelsError(`${names} have no pixel in common; leave one of them out`);
  return shared;
}

/** No outline of an area comes near this; a raster given by mistake does. */
const MOST_AREA_BYTES = 2 ** 28;

async function readArea(path: string, scene: Grid): Promise<PlacedArea> {
  const { size } = await stat(path);
  if (size > MOST_AREA_BYTES)
    throw new InferError(
      `${path}: an area of ${size} bytes, more than ${MOST_AREA_BYTES}; give a GeoJSON file, simplified with ogr2ogr -simplify`,
    );
  return placeArea(parseArea(await readFile(path, 'utf8'), path), scene);
}

/** Opens the masks of a scene, or of a grid. Rejects with RasterError where one cannot be read or does not fit. */
export async function openMasks(
  scene: MaskedScene,
  rules: readonly MaskRule[],
  access: SceneAccess,
): Promise<SceneMask[]> {
  const masks: SceneMask[] = [];
  try {
    for (const rule of rules) masks.push(await openMask(scene, rule, (path) => openScene(path, {}, access)));
    return masks;
  } catch (error) {
    await Promise.all(masks.map((mask) => mask.close()));
    throw error;
  }
}

/** What leaves pixels out. */
interface Reasons {
  readonly area: PlacedArea | undefined;
  readonly masks: readonly SceneMask[];
}

/** Marks what masks leave out of a window [N]; tells `seen` of each. */
async function markMasked(
  window: Window,
  masks: readonly SceneMask[],
  seen?: (m: number, one: Uint8Array) => void,
): Promise<Uint8Array | undefined> {
  let all: Uint8Array | undefined;
  for (const [m, mask] of masks.entries()) {
    const one = await mask.leavesOut(window);
    all = joinMarks(all, one);
    seen?.(m, one);
  }
  return all;
}

/** Pixels that are marked, but not `except`. */
function countMarked(marks: Uint8Array | undefined, except?: Uint8Array): number {
  let pixels = 0;
  for (let i = 0; i < (marks?.length ?? 0); i++) if (marks![i] === 1 && except?.[i] !== 1) pixels++;
  return pixels;
}

/** Counts over the windows that the map is made of, one after another. */
async function count(windows: Iterable<Window>, { area, masks }: Reasons, signal?: AbortSignal): Promise<PixelCounts> {
  const pixels = masks.map(() => 0);
  let [outsidePixels, maskedPixels] = [0, 0];
  for (const window of windows) {
    await setImmediate(); // where nothing is read, signals would not be heard
    signal?.throwIfAborted();
    const outside = area?.outside(window);
    const masked = await markMasked(window, masks, (m, one) => {
      pixels[m]! += countMarked(one, outside);
    });
    outsidePixels += countMarked(outside);
    maskedPixels += countMarked(masked, outside);
  }
  return { outsidePixels, maskedPixels, masks: masks.map(({ name }, m) => ({ name, pixels: pixels[m]! })) };
}

/** Pixels that are counted at a time, about, and columns at most. */
const COUNTED_PIXELS = 2 ** 20;
const COUNTED_COLS = 2 ** 12;

function* stripsOf({ row, col, rows, cols }: Window): Generator<Window> {
  for (let left = 0; left < cols; left += COUNTED_COLS) {
    const width = Math.min(COUNTED_COLS, cols - left);
    const most = Math.floor(COUNTED_PIXELS / width);
    for (let top = 0; top < rows; top += most)
      yield { row: row + top, col: col + left, rows: Math.min(most, rows - top), cols: width };
  }
}

/** Throws where nothing is left to unmix. */
function assertSome({ outsidePixels, maskedPixels, masks }: PixelCounts, { rows, cols }: Window, name: string): void {
  if (outsidePixels + maskedPixels < rows * cols) return;
  const inside = rows * cols - outsidePixels;
  const each = masks.map((mask) => `${mask.name} ${mask.pixels}`).join(', ');
  throw new NoPixelsError(
    inside === 0
      ? `${name}: no pixel's centre lies inside the area of interest; give a larger one`
      : `${name}: all of its ${inside} pixels are masked (${each}); give fewer masks, or another scene`,
  );
}

/** Of which files the masks are, and which values of them count. */
const maskIdentity = (rules: readonly MaskRule[], access: SceneAccess) =>
  Promise.all(
    rules.map(async ({ name, source }) => [name, isLayerWord(source) ? [] : await sceneIdentity(source, access)]),
  );

/** What of the area and the masks decides about the pixels that are unmixed. */
export const pixelIdentity = async (
  { aoi, masks = [] }: Pick<PixelOptions, 'aoi' | 'masks'>,
  access: SceneAccess,
): Promise<Readonly<Record<string, unknown>>> => ({
  ...(aoi !== undefined && { 'area of interest': await digestOf(aoi) }),
  ...(masks.length > 0 && { masks: await maskIdentity(masks, access) }),
});

/**
 * Finds out which pixels of a scene, or of the grid of several, are to be unmixed, and counts the others. Rejects with RasterError where an area or a mask cannot be
 * read or does not fit the scene, with InferError where no pixel is left.
 */
export async function choosePixels(
  scene: Grid,
  options: PixelOptions,
  { access, openMasks }: { access: SceneAccess; openMasks: (rules: readonly MaskRule[]) => Promise<SceneMask[]> },
): Promise<PixelChoice> {
  const { bbox, aoi, masks: rules = [] } = options;
  let window = options.window ?? { row: 0, col: 0, rows: scene.rows, cols: scene.cols };
  const box = bbox && (await placeArea(boxArea(bbox.bounds, bbox.epsg), scene));
  if (box) window = intersect(window, box.window, 'the bounding box and the window');
  const area = aoi === undefined ? undefined : await readArea(aoi, scene);
  if (area) window = intersect(window, area.window, `${aoi} and the rest of the map`);
  assertMapSize(window);
  const reasons = { area, masks: await openMasks(rules) };
  const close = async () => {
    await Promise.all(reasons.masks.map((mask) => mask.close()));
  };
  try {
    const some = area !== undefined || rules.length > 0;
    const counts = await count(some ? stripsOf(window) : [], reasons, access.signal);
    assertSome(counts, window, scene.name);
    return {
      window,
      counts,
      identity: await pixelIdentity(options, access),
      metadata: {
        ...(aoi !== undefined && { EGUNET_AREA: basename(aoi), EGUNET_OUTSIDE_PIXELS: String(counts.outsidePixels) }),
        ...(rules.length > 0 && {
          EGUNET_MASKS: rules.map(({ name }) => name).join(', '),
          EGUNET_MASKED_PIXELS: String(counts.maskedPixels),
        }),
      },
      outside: (at) => area?.outside(at),
      masked: (at) => markMasked(at, reasons.masks),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
