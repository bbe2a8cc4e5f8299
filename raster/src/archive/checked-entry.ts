import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';

/** Passes the bytes of an archive's entry on; fails at the end where their checksum is not the entry's. */
export function checkedEntry({ crc32: expected }: { readonly crc32: number }): Transform {
  let sum = 0;
  return new Transform({
    transform(bytes: Buffer, _, done) {
      sum = crc32(bytes, sum);
      done(null, bytes);
    },
    flush: (done) => done(sum === expected ? null : new Error('its checksum is wrong')),
  });
}
