// A place for one opened thing.

interface Closable {
  close(): Promise<void>;
}

export interface Slot<T extends Closable> {
  /** Opens another; what was asked for last stays, the one before is closed. Rejects where it cannot be opened: then nothing has changed. */
  open(work: (signal: AbortSignal) => Promise<T>): Promise<void>;
}

/** An empty place; `changed` is called with what is to be in it, before the one before is closed; where it throws, that one stays. */
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
      try {
        changed(opened);
      } catch (error) {
        await opened.close();
        throw error;
      }
      const before = held;
      held = opened;
      await before?.close();
    },
  };
}
