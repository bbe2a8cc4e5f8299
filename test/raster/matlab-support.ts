// A writer of MATLAB v5 files, after "MAT-File Format" (The MathWorks), for files that MATLAB would not write.

import { deflateSync } from 'node:zlib';
import { type ByteSource, openMatScene } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { memorySource } from './memory.js';

export interface Form {
  readonly bigEndian?: boolean;
  readonly compressed?: boolean;
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

export function words(values: readonly number[], bigEndian = false): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, !bigEndian);
  return new Uint8Array(view.buffer);
}

export function element(type: number, bytes: Uint8Array, bigEndian = false): Uint8Array {
  const padding = new Uint8Array(type === 15 ? 0 : (8 - (bytes.length % 8)) % 8);
  return concat([words([type, bytes.length], bigEndian), bytes, padding]);
}

export const header = (text = 'MATLAB 5.0 MAT-file', mark = 'IM'): Uint8Array =>
  new TextEncoder().encode(`${text.padEnd(124)}\0\u0001${mark}`);

export interface Variable {
  readonly name: string;
  readonly dims: readonly number[];
  /** MATLAB's class: 6 double, 11 uint16, 1 cell ... */
  readonly code?: number;
  /** 0x800 complex, 0x200 logical */
  readonly flags?: number;
  /** Storage type and bytes of the values. */
  readonly type?: number;
  readonly bytes: Uint8Array;
}

export function matrix({ name, dims, code = 6, flags = 0, type = 9, bytes }: Variable, bigEndian = false): Uint8Array {
  return element(
    14,
    concat([
      element(6, words([code | flags, 0], bigEndian), bigEndian),
      element(5, words(dims, bigEndian), bigEndian),
      element(1, new TextEncoder().encode(name), bigEndian),
      element(type, bytes, bigEndian),
    ]),
    bigEndian,
  );
}

export function matFile(
  variables: readonly Variable[],
  { bigEndian = false, compressed = false }: Form = {},
): Uint8Array {
  const elements = variables.map((variable) => {
    const plain = matrix(variable, bigEndian);
    return compressed ? element(15, deflateSync(plain), bigEndian) : plain;
  });
  return concat([header(undefined, bigEndian ? 'MI' : 'IM'), ...elements]);
}

export function doubles(values: readonly number[], bigEndian = false): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  for (const [i, value] of values.entries()) view.setFloat64(i * 8, value, !bigEndian);
  return new Uint8Array(view.buffer);
}

export const ramp = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
export const array = (name: string, dims: readonly number[]): Variable => ({
  name,
  dims,
  bytes: doubles(ramp(dims.reduce((a, b) => a * b, 1))),
});

export const sourceOf = (variables: readonly Variable[], form?: Form): ByteSource =>
  memorySource(matFile(variables, form), 'x.mat');
export const open = (variables: readonly Variable[], options = {}) =>
  openMatScene(sourceOf(variables), nodeCodecs, options);
