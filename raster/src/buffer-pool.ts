/** Buffers of one size that are used again: those of a tile are so large that a few forgotten ones would be most of a process's memory. */
export interface BufferPool {
  /** As it was left. */
  take(): ArrayBuffer;
  /** All zeros. */
  takeZeros(): ArrayBuffer;
  /** Nobody may use `buffer` any more but who takes it next. */
  give(buffer: ArrayBuffer): void;
  /** Lets go of all that nobody uses. */
  clear(): void;
}

/** A pool that keeps all that it is given. */
export function makeBufferPool(bytes: number): BufferPool {
  const idle: ArrayBuffer[] = [];
  return {
    take: () => idle.pop() ?? new ArrayBuffer(bytes),
    takeZeros() {
      const buffer = idle.pop();
      if (!buffer) return new ArrayBuffer(bytes);
      new Uint8Array(buffer).fill(0);
      return buffer;
    },
    give(buffer) {
      idle.push(buffer);
    },
    clear() {
      idle.length = 0;
    },
  };
}
