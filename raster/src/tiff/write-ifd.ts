// A TIFF's header and its one directory, in little-endian order, with the values that do not fit an entry right behind it.
import { FIELD, FIELD_BYTES } from './tags.js';

/** One tag with its values; text is ASCII with its closing NUL added here. */
export interface Field {
  readonly tag: number;
  readonly type: (typeof FIELD)[keyof typeof FIELD];
  readonly values: ArrayLike<number> | string;
}

const toBytes = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

function put(view: DataView, at: number, type: Field['type'], values: ArrayLike<number>): void {
  const width = FIELD_BYTES[type]!;
  for (let i = 0; i < values.length; i++) {
    const [p, value] = [at + i * width, values[i]!];
    if (type === FIELD.ascii) view.setUint8(p, value);
    else if (type === FIELD.short) view.setUint16(p, value, true);
    else if (type === FIELD.long) view.setUint32(p, value, true);
    else if (type === FIELD.double) view.setFloat64(p, value, true);
    else view.setBigUint64(p, BigInt(value), true);
  }
}

/** The bytes of a file up to its first block of samples. Their number depends on the fields' types and counts alone. */
export function encodeHeader(fields: readonly Field[], big: boolean): Uint8Array {
  const sorted = [...fields].sort((a, b) => a.tag - b.tag);
  const encoded = sorted.map(({ tag, type, values }) => {
    const numbers = typeof values === 'string' ? toBytes(values) : values;
    return { tag, type, numbers, bytes: numbers.length * FIELD_BYTES[type]! };
  });
  const pointer = big ? 8 : 4;
  const header = big ? 16 : 8;
  const entry = big ? 20 : 12;
  const first = header + (big ? 8 : 2);
  const directoryEnd = first + encoded.length * entry + pointer;
  const aligned = (at: number): number => Math.ceil(at / 8) * 8;
  let end = aligned(directoryEnd);
  const places = encoded.map(({ bytes }) => {
    if (bytes <= pointer) return undefined;
    const at = end;
    end = aligned(end + bytes);
    return at;
  });
  const view = new DataView(new ArrayBuffer(end));
  put(view, 0, FIELD.short, big ? [0x4949, 43, 8, 0] : [0x4949, 42]);
  put(view, big ? 8 : 4, big ? FIELD.long8 : FIELD.long, [header]);
  put(view, header, big ? FIELD.long8 : FIELD.short, [encoded.length]);
  for (const [i, { tag, type, numbers }] of encoded.entries()) {
    const at = first + i * entry;
    const place = places[i];
    put(view, at, FIELD.short, [tag, type]);
    put(view, at + 4, big ? FIELD.long8 : FIELD.long, [numbers.length]);
    if (place !== undefined) put(view, at + 4 + pointer, big ? FIELD.long8 : FIELD.long, [place]);
    put(view, place ?? at + 4 + pointer, type, numbers);
  }
  return new Uint8Array(view.buffer);
}
