// A file on a web server as a byte source, by range requests.
import { makeGate } from './gate.js';
import { fetchRange, type HttpOptions, type HttpPart, type HttpVersion, httpTarget } from './http-request.js';
import { refuse } from './refuse.js';
import { assertInside, type ByteSource } from './source.js';
import { makeBlockCache } from './tiff/cache.js';

export interface HttpSource extends ByteSource {
  /** Of which file, and which version of it, the bytes are: without anything that may be secret. */
  readonly identity: string;
}

/** Small reads, as of headers, take whole blocks, which are kept. */
const BLOCK_BYTES = 2 ** 16;
const KEPT_BLOCKS = 64;
/** Larger ones are asked for in pieces of this size, so that a broken one costs little. */
const PIECE_BYTES = 2 ** 22;
const MOST_REQUESTS = 6;

/**
 * Opens a file on a web server; every read is one or more range requests. Rejects with RasterError where the server has no such file,
 * refuses access, does not answer ranges, or cannot be reached; reading rejects too once the file is another than when it was opened.
 */
export async function openHttp(url: string, options: HttpOptions = {}): Promise<HttpSource> {
  const target = httpTarget(url);
  const { name } = target;
  const closing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
  const gate = makeGate(MOST_REQUESTS);
  const start = await fetchRange(target, { from: 0, to: BLOCK_BYTES, opening: true }, options);
  const { size } = start;

  const get = async (from: number, to: number): Promise<Uint8Array> => {
    const part = await gate(() => fetchRange(target, { from, to, size }, { ...options, signal }));
    assertSame(name, start, part);
    return part.bytes;
  };
  const blockOf = makeBlockCache(KEPT_BLOCKS, (index) =>
    index === 0 ? Promise.resolve(start.bytes) : get(index * BLOCK_BYTES, Math.min(size, (index + 1) * BLOCK_BYTES)),
  );
  const readPiece = async (from: number, to: number): Promise<readonly [at: number, bytes: Uint8Array]> => {
    if (to - from > BLOCK_BYTES) return [from, await get(from, to)];
    const first = Math.floor(from / BLOCK_BYTES);
    const numbers = to > (first + 1) * BLOCK_BYTES ? [first, first + 1] : [first];
    const blocks = await Promise.all(numbers.map((number) => blockOf(number, true)));
    const bytes = new Uint8Array(to - from);
    for (const [i, block] of blocks.entries()) {
      const at = (first + i) * BLOCK_BYTES;
      bytes.set(block.subarray(Math.max(0, from - at), to - at), Math.max(0, at - from));
    }
    return [from, bytes];
  };
  return {
    name,
    size,
    identity: `${name} ${size} ${start.etag ?? start.modified ?? 'version unknown'}`,
    async read(offset, length) {
      const end = offset + length;
      assertInside({ name, size }, offset, length);
      if (length <= PIECE_BYTES) return (await readPiece(offset, end))[1];
      const starts = Array.from({ length: Math.ceil(length / PIECE_BYTES) }, (_, i) => offset + i * PIECE_BYTES);
      const all = new Uint8Array(length);
      const pieces = starts.map(async (from) => {
        const [at, bytes] = await readPiece(from, Math.min(end, from + PIECE_BYTES));
        all.set(bytes, at - offset);
      });
      await Promise.all(pieces);
      return all;
    },
    close: async () => closing.abort(new Error(`${name}: was closed`)),
  };
}

/** Throws where a part is of another version than the start. ETags decide, where there are any: the same bytes may bear another date. */
function assertSame(name: string, start: HttpPart, part: HttpVersion): void {
  const tagged = start.etag !== null && part.etag !== null;
  const same = tagged ? start.etag === part.etag : start.modified === part.modified;
  if (same && start.size === part.size) return;
  refuse(name, 'changed on the server while it was read; start again');
}
