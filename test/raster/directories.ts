// The directories of little-endian classic TIFF files, to be linked otherwise.

/** A directory: where it lies, and its number of entries. */
interface Directory {
  readonly at: number;
  readonly entries: number;
}

/** Where the pointer to the next directory lies. */
export const linkOf = ({ at, entries }: Directory): number => at + 2 + entries * 12;

/** The chain of directories. */
export function directoriesOf(bytes: Buffer): Directory[] {
  const found: Directory[] = [];
  for (let at = bytes.readUInt32LE(4); at !== 0; at = bytes.readUInt32LE(linkOf(found.at(-1)!)))
    found.push({ at, entries: bytes.readUInt16LE(at) });
  return found;
}

/** The file with the link of directory `from` set to `target`. */
export function linked(bytes: Buffer, from: number, target: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(target, linkOf(directoriesOf(bytes)[from]!));
  return changed;
}

/** The file with `count` more directories at the end of its chain, each like its last one. */
export function lengthened(bytes: Buffer, count: number): Buffer {
  const last = directoriesOf(bytes).at(-1)!;
  const length = linkOf(last) + 4 - last.at;
  const start = bytes.length + (bytes.length % 2);
  const changed = Buffer.alloc(start + count * length);
  bytes.copy(changed);
  changed.writeUInt32LE(start, linkOf(last));
  for (let i = 0; i < count; i++) {
    const at = start + i * length;
    bytes.copy(changed, at, last.at, last.at + length);
    changed.writeUInt32LE(i + 1 < count ? at + length : 0, at + length - 4);
  }
  return changed;
}

const SUB_IFDS = 330;
const LONG = 4;

/** The file with all directories behind the first as SubIFDs of it, the last one first, and none in the chain. */
export function withSubIfds(bytes: Buffer): Buffer {
  const [first, ...others] = directoriesOf(bytes) as [Directory, ...Directory[]];
  const entries = Array.from({ length: first.entries }, (_, i) =>
    bytes.subarray(first.at + 2 + i * 12).subarray(0, 12),
  );
  const offsets = Buffer.from(Uint32Array.from(others, ({ at }) => at).reverse().buffer);
  const entry = Buffer.alloc(12);
  entry.writeUInt16LE(SUB_IFDS, 0);
  entry.writeUInt16LE(LONG, 2);
  entry.writeUInt32LE(others.length, 4);
  if (others.length === 1) offsets.copy(entry, 8);
  else entry.writeUInt32LE(bytes.length, 8);
  const sorted = [...entries, entry].sort((a, b) => a.readUInt16LE(0) - b.readUInt16LE(0));
  const count = Buffer.alloc(2);
  count.writeUInt16LE(sorted.length);
  const changed = Buffer.concat([bytes, offsets, count, ...sorted, Buffer.alloc(4)]);
  changed.writeUInt32LE(bytes.length + offsets.length, 4);
  for (const other of others) changed.writeUInt32LE(0, linkOf(other));
  return changed;
}
