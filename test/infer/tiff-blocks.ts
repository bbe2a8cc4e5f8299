// Where the blocks of a GeoTIFF lie, to damage them.
import { readFileSync, writeFileSync } from 'node:fs';

/** The places of the blocks in a little-endian classic TIFF, from its first directory. */
export function blocksOf(bytes: Buffer): { offset: number; length: number }[] {
  const directory = bytes.readUInt32LE(4);
  const numbers = (...tags: number[]) => {
    for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
      const at = directory + 2 + 12 * i;
      if (!tags.includes(bytes.readUInt16LE(at))) continue;
      const [size, count] = [bytes.readUInt16LE(at + 2) === 3 ? 2 : 4, bytes.readUInt32LE(at + 4)];
      const from = size * count <= 4 ? at + 8 : bytes.readUInt32LE(at + 8);
      return Array.from({ length: count }, (_, k) => bytes.readUIntLE(from + size * k, size));
    }
    throw new Error(`no tag ${tags}`);
  };
  const lengths = numbers(325, 279);
  return numbers(324, 273).map((offset, i) => ({ offset, length: lengths[i]! }));
}

/** Overwrites these blocks of a file from their middle on. */
export function damageBlocks(path: string, damaged: readonly number[]): void {
  const bytes = readFileSync(path);
  const blocks = blocksOf(bytes);
  for (const index of damaged) {
    const { offset, length } = blocks[index]!;
    bytes.fill(0xff, offset + Math.floor(length / 2), offset + length);
  }
  writeFileSync(path, bytes);
}
