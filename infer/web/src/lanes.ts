// A few pieces of work at a time.

/** Begins a piece of work when there is room, first come, first served; one that was stopped while it waited rejects with the signal's reason. */
export type Lanes = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Room for so many pieces of work at a time. */
export function makeLanes(count: number): Lanes {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work, signal) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
