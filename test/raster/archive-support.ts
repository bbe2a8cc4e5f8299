// Archives as programs write them, and as an attacker would.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface Packed {
  readonly name: string;
  readonly bytes?: Uint8Array | string;
  /** ZIP: 8 DEFLATE (also without it), 0 stored, others as said without being so. */
  readonly method?: number;
  /** ZIP: general purpose flags; 1 is encrypted. */
  readonly flags?: number;
  /** ZIP: the checksum and the size to claim. */
  readonly crc?: number;
  readonly size?: number;
  readonly packedSize?: number;
  /** ZIP: UNIX mode; a link is 0o120777. */
  readonly mode?: number;
  /** tar: '0' a file, '2' a link. */
  readonly type?: string;
  /** tar: where a link leads. */
  readonly link?: string;
}

const contentOf = ({ bytes = '' }: Packed): Buffer => Buffer.from(bytes as string);

function header(
  signature: number,
  length: number,
  fields: readonly (readonly [at: number, width: 2 | 4, value: number])[],
) {
  const view = Buffer.alloc(length);
  view.writeUInt32LE(signature, 0);
  for (const [at, width, value] of fields) view.writeUIntLE(value, at, width);
  return view;
}

/** A ZIP archive (APPNOTE 6.3: 4.3.7, 4.3.12, 4.3.16). */
export function makeZip(entries: readonly Packed[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { method = 8, flags = 0, mode = 0o100644 } = entry;
    const content = contentOf(entry);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name);
    const [crc, size] = [entry.crc ?? crc32(content), entry.size ?? content.length];
    const common = (shift: number) =>
      [
        [shift + 6, 2, flags | 0x800],
        [shift + 8, 2, method],
        [shift + 14, 4, crc],
        [shift + 18, 4, entry.packedSize ?? packed.length],
        [shift + 22, 4, size],
        [shift + 26, 2, name.length],
      ] as const;
    parts.push(header(0x04034b50, 30, [[4, 2, 20], ...common(0)]), name, packed);
    const attributes = ((mode << 16) >>> 0) as number;
    directory.push(
      header(0x02014b50, 46, [[4, 2, 0x314], [6, 2, 20], ...common(2), [38, 4, attributes], [42, 4, at]]),
      name,
    );
    at += 30 + name.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const count = entries.length;
  const end = header(0x06054b50, 22, [
    [8, 2, count],
    [10, 2, count],
    [12, 4, listing.length],
    [16, 4, at],
  ]);
  return Buffer.concat([...parts, listing, end]);
}

/** A tar archive (POSIX ustar). */
export function makeTar(entries: readonly Packed[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const { name, type = '0', link = '' } = entry;
    const content = contentOf(entry);
    const head = Buffer.alloc(512);
    const put = (text: string, start: number) => head.write(text, start, 'latin1');
    const cut = name.length > 100 ? name.lastIndexOf('/', 154) : -1; // long names stand in two places
    put(name.slice(cut + 1), 0);
    put(name.slice(0, Math.max(0, cut)), 345);
    put('0000644\0', 100);
    put('0000000\0'.repeat(2), 108);
    put(`${(entry.size ?? content.length).toString(8).padStart(11, '0')}\0`, 124);
    put('00000000000\0', 136);
    put('        ', 148);
    put(type, 156);
    put(link, 157);
    put('ustar\x0000', 257);
    put(
      `${head
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    return [head, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

export const makeTarGz = (entries: readonly Packed[]): Buffer => gzipSync(makeTar(entries));
