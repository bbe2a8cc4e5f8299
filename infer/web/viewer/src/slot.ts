// A place for one opened thing.

interface Closable {
  close(): Promise<void>;
}

export interface Slot<T extends Closable> {
  /** Opens another; what was asked for last stays, the one before is closed. Rejects where it cannot be opened: then nothing has changed. */
  open(work: (signal: AbortSignal) => Promise<T>): Promise<void>;
}

/** An empty place; `changed` is called when another thing is in it, before the one before is closed. */
export function makeSlot<T extends Closable>(changed: (now: T) => void): Slot<T> {
  let held: T | undefined;
  let last = new AbortController();
  return {
    async open(work) {
      last.abort();
      last = new AbortController();
      const { signal } = last;
      let opened: T;
      try {
        opened = await work(signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      if (signal.aborted) return opened.close();
      const before = held;
      held = opened;
      changed(opened);
      await before?.close();
    },
  };
}
