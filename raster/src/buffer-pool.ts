/** Buffers of one size that are used again: those of a tile are so large that a few forgotten ones would be most of a process's memory. */
export interface BufferPool {
  /** As it was left. */
  take(): ArrayBuffer;
  /** All zeros. */
  takeZeros(): ArrayBuffer;
  /** Nobody may use `buffer` any more but who takes it next. */
  give(buffer: ArrayBuffer): void;
}

/** A pool that keeps as many as were in use at once. */
export function makeBufferPool(bytes: number): BufferPool {
  const idle: ArrayBuffer[] = [];
  const take = () => idle.pop() ?? new ArrayBuffer(bytes);
  return {
    take,
    takeZeros() {
      const buffer = take();
      new Uint8Array(buffer).fill(0);
      return buffer;
    },
    give(buffer) {
      idle.push(buffer);
    },
  };
}
