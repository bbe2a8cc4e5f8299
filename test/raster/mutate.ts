import assert from 'node:assert/strict';

/** What stands in for a byte: counts, sizes and addresses begin and end with these. */
const BYTES = [0, 1, 2, 4, 8, 127, 128, 255];

/** `bytes` with one to eight of them changed, some of them cut short. */
export function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const changes = 1 + Math.floor(random() * 8);
  for (let i = 0; i < changes; i++)
    copy[Math.floor(random() * copy.length)] =
      random() < 0.5 ? BYTES[Math.floor(random() * BYTES.length)]! : Math.floor(random() * 256);
  return random() < 0.05 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}

const MOST_SECONDS = 5;
const MOST_BYTES = 2 ** 29;

/** What reading so many files came to. */
export interface Tally {
  read: number;
  refused: number;
}

/**
 * Reads file after file: each must be read, or refused by a one-line error with one of the tags, in 5 s and 512 MiB. Returns how many were.
 */
export async function readAll(
  files: Iterable<Uint8Array>,
  read: (bytes: Uint8Array, index: number) => unknown,
  tags: readonly string[] = ['RasterError'],
): Promise<Tally> {
  const tally = { read: 0, refused: 0 };
  for (const bytes of files) {
    const index = tally.read + tally.refused;
    const [before, started] = [process.memoryUsage.rss(), performance.now()];
    try {
      await read(bytes, index);
      tally.read++;
    } catch (error) {
      const { _tag, message, stack } = error as Error & { _tag?: string };
      assert.ok(tags.includes(_tag ?? ''), `input ${index}: ${stack}`);
      assert.doesNotMatch(message, /\n/);
      tally.refused++;
    }
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds < MOST_SECONDS, `input ${index} took ${seconds} s`);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < MOST_BYTES, `input ${index} took ${grown} bytes`);
  }
  return tally;
}
