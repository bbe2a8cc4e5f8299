// What is kept with a map's finished tiles, of several kinds: JSON, one object a note.
import type { Window } from '@egunet/infer';
import type { MapShard } from '@egunet/raster/node';

/** Keeps a value with the map's finished tiles; tiles that are kept later are never there without it. */
export const keepNote = (map: MapShard, kind: string, value: unknown): Promise<void> =>
  map.note(JSON.stringify({ [kind]: value }));

/** The values of a kind, of all goes of the work, in order. */
export const notesOf = <T>(map: MapShard, kind: string): T[] =>
  map.notes().flatMap((text) => {
    const { [kind]: value } = JSON.parse(text) as Readonly<Record<string, T>>;
    return value === undefined ? [] : [value];
  });

/** A window as a key: what is found again in a later go counts once. */
export const keyOfWindow = ({ row, col, rows, cols }: Window): string => [row, col, rows, cols].join();
