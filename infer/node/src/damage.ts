// What damaged blocks took from a map, over all goes of the work.
import { type DamagedPixels, InferError } from '@egunet/infer';
import type { MapShard } from '@egunet/raster/node';
import { keepNote, keyOfWindow, notesOf } from './notes.js';

/** Blocks of scenes that could not be decoded; their pixels are NoData, unless another scene has data there. */
export interface DamageSummary {
  readonly blocks: number;
  /** Pixels that they took from the map: neither those outside the area nor masked ones. */
  readonly pixels: number;
  /** The first hundred pieces of blocks, by their place: pixels of the scene, or of the grid of several. */
  readonly list: readonly DamagedPixels[];
}

const MOST_LISTED = 100;

const KIND = 'damage';

/** Keeps with the map's finished tiles what they lack, before those tiles are kept. */
export async function noteDamage(map: MapShard, damaged: readonly DamagedPixels[] = []): Promise<void> {
  for (const one of damaged) await keepNote(map, KIND, one);
}

/** What the map lacks. A piece that was found again in a later go counts once. */
export function sumDamage(map: MapShard): DamageSummary {
  const found = notesOf<DamagedPixels>(map, KIND);
  const pieces = new Map(found.map((one) => [`${keyOfWindow(one.window)},${one.block}`, one]));
  const list = [...pieces.values()].sort((a, b) => a.window.row - b.window.row || a.window.col - b.window.col);
  return {
    blocks: new Set(list.map(({ block }) => block)).size,
    pixels: list.reduce((sum, { pixels }) => sum + pixels, 0),
    list: list.slice(0, MOST_LISTED),
  };
}

/** Throws InferError where nothing could be decoded of the scene's pixels that are to be unmixed. */
export function assertSomeLeft({ pixels, list }: DamageSummary, scene: { name: string; pixels: number }): void {
  if (pixels < scene.pixels) return;
  throw new InferError(
    `${scene.name}: not one of its ${pixels} pixels can be decoded, ${list[0]!.block} first; the file is damaged, get it again`,
  );
}
