// A few pieces of work at a time.
import type { Stop } from './scene.js';

/** Begins a piece of work when there is room, first come, first served; one that was stopped while it waited rejects with the signal's reason. */
export type Gate = <T>(work: () => Promise<T>, signal?: Stop) => Promise<T>;

/** Runs at most `most` pieces of work at a time; the others wait for their turn. */
export function makeGate(most: number): Gate {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work, signal) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
