// From the restarts of a search to one result. Legend: B bands, C endmembers.
import { assignByAngle } from '../evaluate/assignment.js';
import type { Unexplained } from './judge.js';
import { AGREEMENT } from './settings.js';

/** A restart's endmembers before their magnitudes are bounded [C, B], and what the judge says of them. */
export interface Restart {
  readonly endmembers: Float32Array;
  readonly cost: number;
}

/** How restarts are compared, and what is made of them. */
export interface Verdict {
  readonly cost: (left: Unexplained) => number;
  /** One set of endmembers [C, B] from those of one restart or more. */
  readonly settle: (restarts: readonly Restart[], bands: number) => Float32Array;
}

/** The restart of the least angle to the pixels: no magnitude has a say. */
export const leastAngle: Verdict = {
  cost: ({ direction }) => direction,
  settle: (restarts) => bestOf(restarts).endmembers,
};

/** What the restarts agree on that leave the least of directions and of brightness; both multiplied, so that neither needs a unit. */
export const agreement: Verdict = {
  cost: ({ direction, brightness }) => direction * Math.hypot(brightness, AGREEMENT.sureBrightness),
  settle: agreedEndmembers,
};

const bestOf = (restarts: readonly Restart[]): Restart =>
  restarts.reduce((best, restart) => (restart.cost < best.cost ? restart : best));

/**
 * The mean endmembers [C, B] of the best restart and of those that cost hardly more, matched with its own by their angles: among them the judge
 * cannot tell, and what one got wrong by chance the others have right. In the order of the best one's.
 */
function agreedEndmembers(restarts: readonly Restart[], bands: number): Float32Array {
  const best = bestOf(restarts);
  const near = restarts.filter(({ cost }) => cost <= best.cost * (1 + AGREEMENT.hardlyMore));
  const sums = new Float64Array(best.endmembers.length);
  for (const { endmembers } of near) {
    const matched = assignByAngle(endmembers, best.endmembers, bands);
    for (let i = 0; i < sums.length; i++)
      sums[i]! += endmembers[matched[Math.floor(i / bands)]! * bands + (i % bands)]!;
  }
  return Float32Array.from(sums, (sum) => sum / near.length);
}
