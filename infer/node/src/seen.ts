// What went through the model, over all goes of the work: a map that was interrupted is judged as one that was not.
import { type Seen, sumSeen, type Window } from '@egunet/infer';
import type { MapFile } from '@egunet/raster/node';
import { type Compared, sumCompared } from './likeness.js';
import { keepNote, keyOfWindow, notesOf } from './notes.js';
import type { FinishedWindow, SceneSeen } from './pool.js';

const KIND = 'seen';

interface SeenNote {
  readonly window: Window;
  readonly scenes: readonly SceneSeen[];
  readonly compared?: Compared | undefined;
}

/** Keeps with the map's finished tiles what of a window went through the model, before those tiles are kept. */
export async function noteSeen(
  map: MapFile,
  { window, seen: scenes, compared }: Pick<FinishedWindow, 'window' | 'seen' | 'compared'>,
): Promise<void> {
  if (scenes.length > 0) await keepNote(map, KIND, { window, scenes, compared } satisfies SeenNote);
}

/** The last note on each window: one that was unmixed again in a later go counts once. */
const lastNotes = (map: MapFile): SeenNote[] => [
  ...new Map(notesOf<SeenNote>(map, KIND).map((note) => [keyOfWindow(note.window), note])).values(),
];

/** The pixels that were compared with the training's; undefined where the model says nothing of that. */
export function sumNotedCompared(map: MapFile): Compared | undefined {
  const all = lastNotes(map).flatMap(({ compared }) => (compared ? [compared] : []));
  return all.length > 0 ? sumCompared(all) : undefined;
}

/** The sum for each scene, by its path. */
export function sumNotedSeen(map: MapFile): Map<string, Seen> {
  const sums = new Map<string, Seen>();
  for (const { scene, seen } of lastNotes(map).flatMap(({ scenes }) => scenes))
    sums.set(scene, sumSeen([seen, sums.get(scene) ?? sumSeen([])]));
  return sums;
}
