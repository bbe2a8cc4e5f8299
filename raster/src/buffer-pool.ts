/** Buffers of one size that are used again: those of a tile are so large that a few forgotten ones would be most of a process's memory. */
export interface BufferPool {
  /** All zeros. */
  take(): ArrayBuffer;
  /** Nobody may use `buffer` any more but who takes it next. */
  give(buffer: ArrayBuffer): void;
}

/** Buffers that are kept at most while nobody uses them. */
const MOST_IDLE = 4;

export function makeBufferPool(bytes: number): BufferPool {
  const idle: ArrayBuffer[] = [];
  return {
    take() {
      const buffer = idle.pop();
      if (!buffer) return new ArrayBuffer(bytes);
      new Uint8Array(buffer).fill(0);
      return buffer;
    },
    give(buffer) {
      if (idle.length < MOST_IDLE) idle.push(buffer);
    },
  };
}
