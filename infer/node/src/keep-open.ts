/** What can be closed. */
interface Closable {
  close(): Promise<void>;
}

/** A few opened things, the latest ones asked for. Asked for one after another, and each used before the next is asked for. */
export interface KeptOpen<T> {
  /** What was opened for this key, else what `open` opens. */
  get(key: string, open: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Keeps at most `most` things open: the one that was not asked for the longest is closed before another is opened. */
export function keepOpen<T extends Closable>(most: number): KeptOpen<T> {
  const kept = new Map<string, T>(); // oldest first
  const drop = async (key: string, one: T) => {
    kept.delete(key);
    await one.close();
  };
  return {
    async get(key, open) {
      const found = kept.get(key);
      if (!found) for (const [oldest, one] of kept) if (kept.size >= most) await drop(oldest, one);
      const one = found ?? (await open());
      kept.delete(key);
      kept.set(key, one);
      return one;
    },
    async close() {
      for (const [key, one] of kept) await drop(key, one);
    },
  };
}
