// What went through the model, over all goes of the work: a map that was interrupted is judged as one that was not.
import { type Seen, sumSeen, type Window } from '@egunet/infer';
import type { MapFile } from '@egunet/raster/node';
import type { SceneSeen } from './pool.js';

interface SeenNote {
  readonly window: Window;
  readonly seen: readonly SceneSeen[];
}

/** Keeps with the map's finished tiles what of a window went through the model, before those tiles are kept. */
export async function noteSeen(map: MapFile, window: Window, seen: readonly SceneSeen[]): Promise<void> {
  if (seen.length > 0) await map.note(JSON.stringify({ window, seen } satisfies SeenNote));
}

/** The sum for each scene, by its path. A window that was unmixed again in a later go counts once. */
export function sumNotedSeen(map: MapFile): Map<string, Seen> {
  const windows = new Map<string, readonly SceneSeen[]>();
  for (const note of map.notes()) {
    const { window, seen } = JSON.parse(note) as Partial<SeenNote>;
    if (window && seen) windows.set([window.row, window.col, window.rows, window.cols].join(), seen);
  }
  const sums = new Map<string, Seen>();
  for (const { scene, seen } of [...windows.values()].flat())
    sums.set(scene, sumSeen([seen, sums.get(scene) ?? sumSeen([])]));
  return sums;
}
