// What went through the model, over all goes of the work: a map that was interrupted is judged as one that was not.
import { type Seen, sumSeen, type Window } from '@egunet/infer';
import type { MapShard } from '@egunet/raster/node';
import { keepNote, keyOfWindow, notesOf } from './notes.js';
import type { SceneSeen } from './pool.js';

const KIND = 'seen';

interface SeenNote {
  readonly window: Window;
  readonly scenes: readonly SceneSeen[];
}

/** Keeps with the map's finished tiles what of a window went through the model, before those tiles are kept. */
export async function noteSeen(map: MapShard, window: Window, scenes: readonly SceneSeen[]): Promise<void> {
  if (scenes.length > 0) await keepNote(map, KIND, { window, scenes } satisfies SeenNote);
}

/** The last note on each window: one that was unmixed again in a later go counts once. */
const lastNotes = (map: MapShard): SeenNote[] => [
  ...new Map(notesOf<SeenNote>(map, KIND).map((note) => [keyOfWindow(note.window), note])).values(),
];

/** The sum for each scene, by its path. */
export function sumNotedSeen(map: MapShard): Map<string, Seen> {
  const sums = new Map<string, Seen>();
  for (const { scene, seen } of lastNotes(map).flatMap(({ scenes }) => scenes))
    sums.set(scene, sumSeen([seen, sums.get(scene) ?? sumSeen([])]));
  return sums;
}
