// Least recently used blocks, bounded in number; a block that is being decoded is never decoded a second time.

/** Loads by index; `keep` false where the caller takes all of the block, so that nobody will ask again soon. */
export type BlockCache<T> = (index: number, keep: boolean) => Promise<T>;

/** Keeps up to `capacity` loaded blocks. A block whose loading failed is forgotten. */
export function makeBlockCache<T>(capacity: number, load: (index: number) => Promise<T>): BlockCache<T> {
  const blocks = new Map<number, Promise<T>>(); // oldest first
  return (index, keep) => {
    const found = blocks.get(index);
    const block = found ?? load(index);
    blocks.delete(index);
    blocks.set(index, block);
    const forget = () => {
      if (blocks.get(index) === block) blocks.delete(index);
    };
    if (!found) block.catch(forget);
    if (!keep) block.then(forget, forget);
    for (const oldest of blocks.keys()) {
      if (blocks.size <= capacity) break;
      blocks.delete(oldest);
    }
    return block;
  };
}
