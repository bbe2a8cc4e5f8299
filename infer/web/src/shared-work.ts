// Work that several wait for: done once, its results kept for a while, stopped when nobody waits any longer.

interface Work<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Asks for the result of the work that bears a key. */
export type Ask<T> = (key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * A way to ask for work; the `most` results that were asked for last are kept.
 * Asking rejects with the signal's reason as soon as it is aborted; the work's own signal follows when all who asked have left.
 * Work that failed is begun anew when it is asked for again.
 */
export function shareWork<T>(most: number): Ask<T> {
  const known = new Map<string, Work<T>>(); // the one asked for longest ago first
  const forget = (key: string, one: Work<T>) => known.get(key) === one && known.delete(key);
  const begin = (key: string, work: Parameters<Ask<T>>[1]): Work<T> => {
    const controller = new AbortController();
    const one = { result: work(controller.signal), controller, waiting: 0 };
    one.result.catch(() => forget(key, one));
    return one;
  };
  return async (key, work, signal) => {
    signal.throwIfAborted();
    const one = known.get(key) ?? begin(key, work);
    known.delete(key);
    known.set(key, one);
    for (const oldest of known.keys()) {
      if (known.size <= most) break;
      known.delete(oldest);
    }
    one.waiting++;
    let stop = () => {};
    const left = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
    });
    signal.addEventListener('abort', stop);
    try {
      return await Promise.race([one.result, left]);
    } finally {
      signal.removeEventListener('abort', stop);
      if (--one.waiting === 0 && signal.aborted) {
        forget(key, one);
        one.controller.abort(signal.reason);
      }
    }
  };
}
