import { refuse } from './refuse.js';
import { sampleSize } from './samples.js';
import type { SampleType } from './scene.js';

// Source: "MAT-File Format", The MathWorks: level 5 MAT-files.

/** Types of a data element that the reader names. */
export const MI = { int8: 1, int32: 5, uint32: 6, matrix: 14, compressed: 15 } as const;

/** How the numbers of an element are stored; `int64` and `uint64` have no sample type and are read apart. */
export const STORAGE: Readonly<Record<number, SampleType | 'int64' | 'uint64'>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
};

/** Bytes of one stored number. */
export const storageSize = (storage: SampleType | 'int64' | 'uint64'): number =>
  storage === 'int64' || storage === 'uint64' ? 8 : sampleSize(storage);

/** A tagged piece of a file: its type and its bytes. */
export interface MatElement {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface MatTag {
  readonly type: number;
  readonly length: number;
  /** Bytes of the tag itself; 4 for the small form, whose data follow in the other 4. */
  readonly tagLength: 4 | 8;
}

/** The tag in the first 8 bytes of an element. */
export function readTag(bytes: Uint8Array, bigEndian: boolean): MatTag {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const first = view.getUint32(0, !bigEndian);
  const smallLength = first >>> 16;
  if (smallLength !== 0) return { type: first & 0xffff, length: smallLength, tagLength: 4 };
  return { type: first, length: view.getUint32(4, !bigEndian), tagLength: 8 };
}

/** A walk over the elements inside a matrix; `name` is that of the file, for messages. */
export interface ElementReader {
  /** The next element; throws RasterError where the bytes end. */
  next(): MatElement;
}

export function elementReader(bytes: Uint8Array, bigEndian: boolean, name: string): ElementReader {
  let at = 0;
  return {
    next() {
      if (at + 8 > bytes.length) refuse(name, 'damaged: a variable ends before its values; fetch the file again');
      const { type, length, tagLength } = readTag(bytes.subarray(at, at + 8), bigEndian);
      const start = at + tagLength;
      if (tagLength === 4 ? length > 4 : start + length > bytes.length)
        refuse(name, `damaged: a part of ${length} bytes does not fit into its variable; fetch the file again`);
      at = tagLength === 4 ? at + 8 : start + Math.ceil(length / 8) * 8;
      return { type, bytes: bytes.subarray(start, start + length) };
    },
  };
}
