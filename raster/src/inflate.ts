// zlib streams decoded in the kernels' memory, their input read piece by piece: nothing is allocated, and nothing waits for another thread.
import type { Kernels } from './kernels.js';
import type { ByteSource } from './source.js';

/** Bytes of input that are read at a time. */
const INPUT_BYTES = 2 ** 20;

/** What the kernel leaves unread of a piece at most, and reads behind the last one. */
const LEFT_BYTES = 1024;

/** Room that an inflater needs for its input. */
export const INFLATER_BYTES = INPUT_BYTES + 2 * LEFT_BYTES;

/** The kernel writes so many bytes behind its limit at most. */
export const OVERSHOOT_BYTES = 512;

/** How far matches reach back. */
export const HISTORY_BYTES = 2 ** 15;

/** The kernel's answers. */
const FULL = 0;
const HUNGRY = 1;
const ENDED = 2;
const REASONS: Readonly<Record<number, string>> = {
  [-1]: 'it does not begin as a zlib stream',
  [-2]: 'a DEFLATE block is of no known kind',
  [-3]: 'a code has no meaning',
  [-4]: 'a match lies before the beginning',
  [-5]: 'its checksum is another',
  [-6]: 'it is cut off',
};

/** A zlib stream that is being decoded. */
export interface Inflater {
  /** Whether the stream has ended, with the right checksum. */
  ended(): boolean;
  /**
   * Decodes to `at` until `limit` is reached or the stream ends, and returns where it stopped; up to OVERSHOOT_BYTES behind `limit` are
   * written. Matches may refer to bytes from `history` on. Rejects with Error where the stream is damaged.
   */
  inflate(at: number, limit: number, history: number): Promise<number>;
}

/** Begins to decode the `length` bytes at `offset` of a source. `room` is an address with INFLATER_BYTES reserved; one inflater at a time. */
export function makeInflater(
  kernels: Kernels,
  { source, offset, length, room }: { source: ByteSource; offset: number; length: number; room: number },
): Inflater {
  kernels.beginInflate();
  let from = room;
  let end = room;
  let read = 0;
  let ended = false;
  /** The next piece, asked for while one is decoded where the source takes its time over each. */
  let ahead: Promise<Uint8Array> | undefined;
  const nextSize = () => Math.min(INPUT_BYTES, length - read);
  const readMore = async () => {
    new Uint8Array(kernels.buffer).copyWithin(room, from, end);
    end = room + end - from;
    from = room;
    const size = nextSize();
    const place = () => new Uint8Array(kernels.buffer, end, size);
    if (source.readInto) await source.readInto(offset + read, place());
    else place().set(await (ahead ?? source.read(offset + read, size)));
    end += size;
    read += size;
    if (source.readInto || read === length) return;
    ahead = source.read(offset + read, nextSize());
    ahead.catch(() => {}); // seen when its turn comes
  };
  return {
    ended: () => ended,
    async inflate(at, limit, history) {
      for (let to = at; ; ) {
        const answer = kernels.inflate(from, end, read === length, to, limit, history);
        from = kernels.inflatedFrom();
        to = kernels.inflatedTo();
        if (answer < FULL) throw new Error(REASONS[answer]);
        ended ||= answer === ENDED;
        if (answer !== HUNGRY) return to;
        await readMore();
      }
    },
  };
}

/**
 * Decodes the end of a block that is complete at `at`: the checksum stands behind it. Throws Error where the stream goes on instead, unless
 * what is there may be `padded`.
 */
export async function endInflating(
  inflater: Inflater,
  at: number,
  { history, padded }: { history: number; padded: boolean },
): Promise<void> {
  if (!inflater.ended()) await inflater.inflate(at, at + 1, history);
  if (!inflater.ended() && !padded) throw new Error('it holds more than it should');
}
