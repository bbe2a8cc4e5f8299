// A small ENVI image in memory.

import { openEnvi, type Scene, type Window } from '@egunet/raster';
import { memorySource } from './memory.js';

export const HEADER = { samples: 3, lines: 2, bands: 2, 'data type': 2, interleave: 'bsq', 'byte order': 0 };

export function headerText(keys: Readonly<Record<string, string | number | undefined>>): string {
  const lines = Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  return ['ENVI', ...lines, ''].join('\n');
}

/** A 2 x 3 x 2 int16 bsq image: value = band * 100 + row * 10 + col. */
export const smallData = new Uint8Array(Int16Array.of(0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112).buffer);

export const openSmall = (keys: Readonly<Record<string, string | number | undefined>> = {}): Scene =>
  openEnvi({ text: headerText({ ...HEADER, ...keys }), name: 'small.hdr' }, memorySource(smallData, 'small'));

export const wholeOf = (scene: Scene): Window => ({ row: 0, col: 0, rows: scene.rows, cols: scene.cols });
