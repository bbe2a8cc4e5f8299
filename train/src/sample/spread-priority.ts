// Samples spread evenly over an image: every item has a number such that, for any k, the k smallest fall as evenly into the quarters of the image,
// their quarters, and so on, as there are items. The order is that of a quadtree's cells, turned round within each cell by a hash of it (a Z-order, scrambled
// as A. B. Owen, "Randomly permuted (t, m, s)-nets", 1995, scrambles digits). Legend: q 0..3, the quarter of a square that an item lies in.
import type { Random } from '../random.js';
import { mix32, type Priority } from './reservoir.js';

/** An image of items, numbered row by row. */
export interface ItemGrid {
  readonly rows: number;
  readonly cols: number;
}

/** Priority of each item of an image of at most 2^26 items a side: no two are equal. */
export function createSpreadPriority(random: Random, { rows, cols }: ItemGrid): Priority {
  const seed = random.uint32();
  const levels = Math.max(rows, cols) > 1 ? Math.ceil(Math.log2(Math.max(rows, cols))) : 0;
  return (index) => {
    const [row, col] = [Math.floor(index / cols), index % cols];
    let [priority, place, square] = [0, 1, seed];
    // From the whole image down to the item: the coarsest quarter changes fastest with the priority.
    for (let level = levels - 1; level >= 0; level--) {
      const q = 2 * ((row >>> level) & 1) + ((col >>> level) & 1);
      square = mix32(square + 1);
      priority += (q ^ (square & 3)) * place;
      place *= 4;
      square = mix32(square ^ (q + 1));
    }
    return priority;
  };
}
