// A TIFF's header and its directories, in little-endian order, each with the values that do not fit its entries right behind it.
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

interface Entry {
  readonly tag: number;
  readonly type: Field['type'];
  readonly numbers: ArrayLike<number>;
  /** Where the values lie; absent where they fit the entry. */
  readonly place?: number;
}

interface Directory {
  readonly at: number;
  readonly entries: readonly Entry[];
  readonly end: number;
}

const aligned = (at: number): number => Math.ceil(at / 8) * 8;

/** Bytes of a pointer, of a directory's count and of one of its entries. */
const sizes = (big: boolean) => (big ? { pointer: 8, count: 8, entry: 20 } : { pointer: 4, count: 2, entry: 12 });

/** Finds the places of a directory at `at` and of its values behind it. */
function layOut(fields: readonly Field[], at: number, big: boolean): Directory {
  const { pointer, count, entry } = sizes(big);
  const sorted = [...fields].sort((a, b) => a.tag - b.tag);
  let end = aligned(at + count + sorted.length * entry + pointer);
  const entries = sorted.map(({ tag, type, values }) => {
    const numbers = typeof values === 'string' ? toBytes(values) : values;
    const bytes = numbers.length * FIELD_BYTES[type]!;
    if (bytes <= pointer) return { tag, type, numbers };
    const place = end;
    end = aligned(end + bytes);
    return { tag, type, numbers, place };
  });
  return { at, entries, end };
}

function putDirectory(view: DataView, { at, entries }: Directory, { next, big }: { next: number; big: boolean }): void {
  const { pointer, count, entry } = sizes(big);
  put(view, at, big ? FIELD.long8 : FIELD.short, [entries.length]);
  for (const [i, { tag, type, numbers, place }] of entries.entries()) {
    const begin = at + count + i * entry;
    put(view, begin, FIELD.short, [tag, type]);
    put(view, begin + 4, big ? FIELD.long8 : FIELD.long, [numbers.length]);
    if (place !== undefined) put(view, begin + 4 + pointer, big ? FIELD.long8 : FIELD.long, [place]);
    put(view, place ?? begin + 4 + pointer, type, numbers);
  }
  put(view, at + count + entries.length * entry, big ? FIELD.long8 : FIELD.long, [next]);
}

/**
 * The bytes of a file up to its first block of samples: header, `preamble` (ASCII), one directory after the other. Their number depends
 * on the preamble and the fields' types and counts alone.
 */
export function encodeHeader(
  images: readonly (readonly Field[])[],
  { big, preamble = '' }: { readonly big: boolean; readonly preamble?: string },
): Uint8Array {
  const header = big ? 16 : 8;
  const directories: Directory[] = [];
  let end = aligned(header + preamble.length);
  for (const fields of images) {
    const directory = layOut(fields, end, big);
    directories.push(directory);
    end = directory.end;
  }
  const view = new DataView(new ArrayBuffer(end));
  put(view, 0, FIELD.short, big ? [0x4949, 43, 8, 0] : [0x4949, 42]);
  put(view, big ? 8 : 4, big ? FIELD.long8 : FIELD.long, [directories[0]!.at]);
  put(view, header, FIELD.ascii, new TextEncoder().encode(preamble));
  for (const [i, directory] of directories.entries())
    putDirectory(view, directory, { next: directories[i + 1]?.at ?? 0, big });
  return new Uint8Array(view.buffer);
}
