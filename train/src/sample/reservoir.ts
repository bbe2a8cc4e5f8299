// Uniform samples of a stream in bounded memory, whatever the order in which it comes: each item has a priority that is a hash of
// the seed and its own number, and the k smallest are kept. Legend: k capacity.
import type { Random } from '../random.js';

/** Priority of item `index`, >= 0: random from seed to seed, the same whenever it is asked for. */
export type Priority = (index: number) => number;

/** MurmurHash3's 32-bit finaliser (A. Appleby, public domain): a bijection that mixes all bits. */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Priorities below 2^32, each as likely. */
export function createPriority(random: Random): Priority {
  const [a, b] = [random.uint32(), random.uint32()];
  // Items above 2^32 differ from those below in the second round.
  return (index) => mix32((mix32(index ^ a) + b) ^ Math.imul(Math.floor(index / 2 ** 32), 0x9e3779b1)) >>> 0;
}

/** The k items of smallest priority offered so far; each holds a slot in 0..k-1. */
export interface Reservoir {
  /** Whether an item would be kept now. */
  wants(index: number): boolean;
  /** Takes an item that is wanted and returns its slot, freed from the item of largest priority when full. */
  take(index: number): number;
  /** Slots of the kept items by rising index, with those indices. */
  kept(): { slots: number[]; indices: number[] };
}

export function createReservoir(capacity: number, priority: Priority): Reservoir {
  // A heap with the largest (priority, index) at the root.
  const priorities = new Float64Array(capacity);
  const indices = new Float64Array(capacity);
  const slots = new Int32Array(capacity);
  let size = 0;

  const above = (p: number, index: number, at: number) =>
    p > priorities[at]! || (p === priorities[at] && index > indices[at]!);

  function place(at: number, item: { p: number; index: number; slot: number }): void {
    priorities[at] = item.p;
    indices[at] = item.index;
    slots[at] = item.slot;
  }

  function move(from: number, to: number): void {
    place(to, { p: priorities[from]!, index: indices[from]!, slot: slots[from]! });
  }

  function rise(item: { p: number; index: number; slot: number }): void {
    let at = size++;
    for (let parent = (at - 1) >> 1; at > 0 && above(item.p, item.index, parent); parent = (at - 1) >> 1) {
      move(parent, at);
      at = parent;
    }
    place(at, item);
  }

  function sink(item: { p: number; index: number; slot: number }): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && above(priorities[child + 1]!, indices[child + 1]!, child)) child++;
      if (above(item.p, item.index, child)) break;
      move(child, at);
      at = child;
    }
    place(at, item);
  }

  return {
    wants: (index) => size < capacity || (capacity > 0 && !above(priority(index), index, 0)),
    take(index) {
      const slot = size < capacity ? size : slots[0]!;
      (size < capacity ? rise : sink)({ p: priority(index), index, slot });
      return slot;
    },
    kept() {
      const order = [...Array(size).keys()].sort((a, b) => indices[a]! - indices[b]!);
      return { slots: order.map((at) => slots[at]!), indices: order.map((at) => indices[at]!) };
    },
  };
}
