// A scene far larger than any memory in a small file: every tile of it, and of its overviews, is the same one.
// Source: TIFF 6.0 (Adobe, 1992), sections 2 and 15.
import { readFileSync, writeFileSync } from 'node:fs';
import { GAIN, NO_DATA, simulateScene } from '@egunet/fixtures';
import { createMap } from '@egunet/raster/node';

/** Pixels a side of its tiles, and of the smallest overview. */
const TILE = 128;
const SMALLEST = 512;
/** Pixels a side of the part of a tile that has data: the rest costs no time. */
const WITH_DATA = 48;

const TAG = { subfile: 254, width: 256, height: 257, offsets: 324, counts: 325 } as const;
const LONG = 4;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** The value or where it lies. */
  readonly value: number;
}

function entriesOf(file: Buffer): Entry[] {
  const at = file.readUInt32LE(4);
  return Array.from({ length: file.readUInt16LE(at) }, (_, i) => {
    const from = at + 2 + 12 * i;
    const [tag, type] = [file.readUInt16LE(from), file.readUInt16LE(from + 2)];
    return { tag, type, count: file.readUInt32LE(from + 4), value: file.readUInt32LE(from + 8) };
  });
}

/** Bytes of a directory at a place; the next one lies behind it where there is one. */
function directory(entries: readonly Entry[], { at, last }: { at: number; last: boolean }): Buffer {
  const sorted = [...entries].sort((a, b) => a.tag - b.tag);
  const bytes = Buffer.alloc(2 + 12 * sorted.length + 4);
  bytes.writeUInt16LE(sorted.length);
  for (const [i, { tag, type, count, value }] of sorted.entries()) {
    const from = 2 + 12 * i;
    bytes.writeUInt16LE(tag, from);
    bytes.writeUInt16LE(type, from + 2);
    bytes.writeUInt32LE(count, from + 4);
    bytes.writeUInt32LE(value, from + 8);
  }
  if (!last) bytes.writeUInt32LE(at + bytes.length, bytes.length - 4);
  return bytes;
}

/** A GeoTIFF of one tile as one of `size` x `size` pixels, with overviews down to the smallest. */
function enlarge(file: Buffer, size: number): Buffer {
  const own = entriesOf(file);
  const [offset, count] = [TAG.offsets, TAG.counts].map((tag) => own.find((entry) => entry.tag === tag)!.value);
  const tiles = (size / TILE) ** 2;
  const index = Buffer.alloc(8 * tiles); // all offsets, then all counts; overviews use their beginnings
  for (let i = 0; i < tiles; i++) {
    index.writeUInt32LE(offset!, 4 * i);
    index.writeUInt32LE(count!, 4 * (tiles + i));
  }
  const pieces: Buffer[] = [Buffer.from(file), index];
  let at = file.length + index.length;
  pieces[0]!.writeUInt32LE(at, 4);
  for (let side = size; side >= SMALLEST; side /= 2) {
    const long = (tag: number, value: number, many = 1): Entry => ({ tag, type: LONG, count: many, value });
    const changed = [
      ...[long(TAG.subfile, side === size ? 0 : 1), long(TAG.width, side), long(TAG.height, side)],
      long(TAG.offsets, file.length, (side / TILE) ** 2),
      long(TAG.counts, file.length + 4 * tiles, (side / TILE) ** 2),
    ];
    const kept = own.filter(({ tag }) => !changed.some((entry) => entry.tag === tag));
    const bytes = directory([...kept, ...changed], { at, last: side === SMALLEST });
    pieces.push(bytes);
    at += bytes.length;
  }
  return Buffer.concat(pieces);
}

/** Writes a scene of `size` x `size` pixels, a power of two from 1024 on, that the model of these tests takes. */
export async function writeHugeScene(path: string, size: number): Promise<void> {
  const { bands, stored } = simulateScene({ seed: 5, rows: TILE, cols: TILE, noise: 0 });
  for (let i = 0; i < TILE * TILE; i++)
    if (![Math.floor(i / TILE), i % TILE].every((at) => Math.abs(at - TILE / 2) <= WITH_DATA / 2))
      stored.fill(NO_DATA, i * bands.length, (i + 1) * bands.length);
  const map = await createMap(path, {
    ...{ rows: TILE, cols: TILE, tile: TILE, sampleType: 'int16', interleave: 'pixel', noData: NO_DATA },
    bands: bands.map(({ wavelength, fwhm }) => ({ wavelength, fwhm, gain: GAIN })),
    georeference: { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 },
  });
  await map.writeWindow({ row: 0, col: 0, rows: TILE, cols: TILE }, stored);
  await map.close();
  writeFileSync(path, enlarge(readFileSync(path), size));
}
