import type { ByteSink } from '@egunet/raster';

/** A sink in memory. `limit` bytes fit on its disk; `state` says how it ended. */
export interface MemorySink extends ByteSink {
  state: 'open' | 'committed' | 'discarded';
  bytes(): Uint8Array;
}

export function memorySink(limit = Number.POSITIVE_INFINITY): MemorySink {
  let content = new Uint8Array(0);
  return {
    name: 'memory.tif',
    state: 'open',
    bytes: () => content,
    async write(offset, bytes) {
      const end = offset + bytes.length;
      if (end > limit) throw new Error('disk full');
      if (end > content.length) {
        const longer = new Uint8Array(end);
        longer.set(content);
        content = longer;
      }
      content.set(bytes, offset);
    },
    async commit() {
      this.state = 'committed';
    },
    async discard() {
      if (this.state === 'open') this.state = 'discarded';
    },
  };
}
