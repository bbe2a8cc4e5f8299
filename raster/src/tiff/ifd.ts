// TIFF's and BigTIFF's image file directories. Every count and offset is checked against the file before it is used.
import { refuse } from '../refuse.js';
import type { ByteSource } from '../source.js';
import { FIELD, FIELD_BYTES } from './tags.js';

/** One directory entry: where its values lie. */
interface Entry {
  readonly type: number;
  readonly count: number;
  readonly offset: number;
  /** The values themselves, where they are so few that they lie in the directory. */
  readonly inline?: DataView;
}

/** How the file says its numbers. */
interface Form {
  readonly littleEndian: boolean;
  readonly big: boolean;
}

/** An image of a TIFF file: its tags, read on demand. */
export interface Ifd {
  readonly name: string;
  readonly littleEndian: boolean;
  /** Where the directory lies. */
  readonly offset: number;
  /** Where the next one of the chain lies; 0 where this is the last. */
  readonly next: number;
  /** Another directory of the file. Rejects with RasterError where there is none. */
  directoryAt(offset: number): Promise<Ifd>;
  /** How many values a tag has; 0 where it is absent. */
  count(tag: number): number;
  has(tag: number): boolean;
  /** All values of a numeric tag; undefined where the tag is absent. */
  numbers(tag: number): Promise<Float64Array | undefined>;
  /** The first value of a numeric tag; `fallback` where the tag is absent. */
  number(tag: number, fallback: number): Promise<number>;
  /** The text of an ASCII tag up to its first NUL, as UTF-8; undefined where the tag is absent. */
  text(tag: number): Promise<string | undefined>;
}

const MOST_ENTRIES = 65535;

const damaged = (source: ByteSource, what: string): never =>
  refuse(source.name, `${what}; the TIFF file is damaged or cut off, get it again`);

async function readView(source: ByteSource, offset: number, length: number, what: string): Promise<DataView> {
  if (!Number.isSafeInteger(offset + length) || offset + length > source.size)
    damaged(source, `${what} should lie at bytes ${offset}..${offset + length}, but the file has ${source.size} bytes`);
  const bytes = await source.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads the header and the first directory. Rejects with RasterError when the bytes are not a TIFF file. */
export async function readIfd(source: ByteSource): Promise<Ifd> {
  const header = await readView(source, 0, Math.min(16, source.size), 'the header');
  const order = header.byteLength >= 8 ? header.getUint16(0) : 0;
  const littleEndian = order === 0x4949;
  const version = littleEndian || order === 0x4d4d ? header.getUint16(2, littleEndian) : 0;
  if (version !== 42 && version !== 43)
    refuse(source.name, "not a TIFF file (expected it to begin with II*, MM* or BigTIFF's II+); name a GeoTIFF");
  const big = version === 43;
  if (big && (header.byteLength < 16 || header.getUint16(4, littleEndian) !== 8))
    damaged(source, 'the BigTIFF header does not announce 8-byte offsets');
  const at = big ? Number(header.getBigUint64(8, littleEndian)) : header.getUint32(4, littleEndian);
  return readDirectory(source, at, { littleEndian, big });
}

async function readDirectory(source: ByteSource, at: number, form: Form): Promise<Ifd> {
  const { littleEndian, big } = form;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const head = await readView(source, at, countBytes, 'the image directory');
  const count = big ? Number(head.getBigUint64(0, littleEndian)) : head.getUint16(0, littleEndian);
  if (count < 1 || count > MOST_ENTRIES) damaged(source, `the image directory claims ${count} entries`);
  const length = count * entryBytes;
  const whole = at + countBytes + length + (big ? 8 : 4);
  const view = await readView(
    source,
    at + countBytes,
    whole <= source.size ? whole - at - countBytes : length,
    'the image directory',
  );
  const pointer = (p: number) => (big ? Number(view.getBigUint64(p, littleEndian)) : view.getUint32(p, littleEndian));
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const p = i * entryBytes;
    const type = view.getUint16(p + 2, littleEndian);
    const values = pointer(p + 4);
    const field = p + (big ? 12 : 8);
    const bytes = values * (FIELD_BYTES[type] ?? 0);
    const inline = bytes <= (big ? 8 : 4) && new DataView(view.buffer, view.byteOffset + field, bytes);
    entries.set(view.getUint16(p, littleEndian), {
      type,
      count: values,
      offset: pointer(field),
      ...(inline && { inline }),
    });
  }
  const next = view.byteLength > length ? pointer(length) : 0;
  return makeIfd(source, entries, { ...form, offset: at, next });
}

function makeIfd(
  source: ByteSource,
  entries: Map<number, Entry>,
  { offset, next, ...form }: Form & Pick<Ifd, 'offset' | 'next'>,
): Ifd {
  const { littleEndian } = form;
  const view = async (tag: number, entry: Entry): Promise<DataView> => {
    const width = FIELD_BYTES[entry.type] ?? 0;
    if (width === 0 || entry.count < 1)
      damaged(source, `tag ${tag} has ${entry.count} values of the unknown field type ${entry.type}`);
    return entry.inline ?? readView(source, entry.offset, entry.count * width, `tag ${tag}`);
  };
  const numbers = async (tag: number, most = Infinity): Promise<Float64Array | undefined> => {
    const found = entries.get(tag);
    if (!found) return undefined;
    const entry = { ...found, count: Math.min(most, found.count) };
    return toNumbers(await view(tag, entry), entry, littleEndian, () =>
      damaged(source, `tag ${tag} should hold numbers, but has the field type ${entry.type}`),
    );
  };
  return {
    name: source.name,
    littleEndian,
    offset,
    next,
    directoryAt: (at) => readDirectory(source, at, form),
    count: (tag) => entries.get(tag)?.count ?? 0,
    has: (tag) => entries.has(tag),
    numbers: (tag) => numbers(tag),
    async number(tag, fallback) {
      return (await numbers(tag, 1))?.[0] ?? fallback;
    },
    async text(tag) {
      const entry = entries.get(tag);
      if (!entry) return undefined;
      if (entry.type !== FIELD.ascii) damaged(source, `tag ${tag} should hold text`);
      const { buffer, byteOffset, byteLength } = await view(tag, entry);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      const end = bytes.indexOf(0);
      return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    },
  };
}

type Getter = (view: DataView, at: number, little: boolean) => number;

/** How to read one value of each numeric field type. */
const GETTERS: Readonly<Record<number, Getter>> = {
  1: (v, p) => v.getUint8(p),
  3: (v, p, little) => v.getUint16(p, little),
  4: (v, p, little) => v.getUint32(p, little),
  5: (v, p, little) => v.getUint32(p, little) / v.getUint32(p + 4, little),
  6: (v, p) => v.getInt8(p),
  8: (v, p, little) => v.getInt16(p, little),
  9: (v, p, little) => v.getInt32(p, little),
  11: (v, p, little) => v.getFloat32(p, little),
  12: (v, p, little) => v.getFloat64(p, little),
  13: (v, p, little) => v.getUint32(p, little),
  16: (v, p, little) => Number(v.getBigUint64(p, little)),
  17: (v, p, little) => Number(v.getBigInt64(p, little)),
  18: (v, p, little) => Number(v.getBigUint64(p, little)),
};

function toNumbers(view: DataView, entry: Entry, littleEndian: boolean, wrongType: () => never): Float64Array {
  const get = GETTERS[entry.type];
  if (!get) return wrongType();
  const width = FIELD_BYTES[entry.type]!;
  const values = new Float64Array(entry.count);
  for (let i = 0; i < values.length; i++) values[i] = get(view, i * width, littleEndian);
  return values;
}
