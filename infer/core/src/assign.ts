// The best one-to-one assignment on a line. Legend: M wanted, S offered positions, both increasing.

const NEITHER = 0; // the wanted one stays without a partner
const SKIP_OFFERED = 1;
const PAIR = 2;

/** [M + 1, S + 1]: for the first m wanted and s offered, the last step of the cheapest assignment. */
function bestSteps(wanted: Float64Array, offered: Float64Array, reach: (m: number, s: number) => number): Uint8Array {
  const M = wanted.length;
  const S = offered.length;
  let farthest = 0;
  for (let m = 0; m < M; m++) for (let s = 0; s < S; s++) farthest = Math.max(farthest, reach(m, s));
  const alone = 1 + 2 * M * farthest ** 2; // outweighs every sum of squared distances
  const cost = new Float64Array((M + 1) * (S + 1)); // [M + 1, S + 1]
  const steps = new Uint8Array((M + 1) * (S + 1));
  for (let m = 1; m <= M; m++) {
    for (let s = 0; s <= S; s++) {
      const at = m * (S + 1) + s;
      cost[at] = cost[at - S - 1]! + alone;
      if (s === 0) continue;
      if (cost[at - 1]! < cost[at]!) {
        cost[at] = cost[at - 1]!;
        steps[at] = SKIP_OFFERED;
      }
      const distance = Math.abs(wanted[m - 1]! - offered[s - 1]!);
      const paired = cost[at - S - 2]! + distance ** 2;
      if (distance <= reach(m - 1, s - 1) && paired < cost[at]!) {
        cost[at] = paired;
        steps[at] = PAIR;
      }
    }
  }
  return steps;
}

/** The offered position nearest to each wanted one [M]; -1 where two are as near. */
function nearestOf(wanted: Float64Array, offered: Float64Array): Int32Array {
  let s = 0;
  const distance = (at: number, one: number) => Math.abs((offered[at] ?? Number.POSITIVE_INFINITY) - one);
  return Int32Array.from(wanted, (one) => {
    while (s + 1 < offered.length && distance(s + 1, one) <= distance(s, one)) s++;
    return distance(s - 1, one) === distance(s, one) ? -1 : s;
  });
}

/**
 * Pairs each wanted position with at most one offered, no further apart than `reach(m, s)`: as many pairs as can be, then
 * the least sum of squared distances. Both lists must increase; then the best pairs never cross, and dynamic programming
 * over prefixes finds them. Returns [M] indices into `offered`, -1 for those without.
 */
export function assignOnLine(
  wanted: Float64Array,
  offered: Float64Array,
  reach: (m: number, s: number) => number,
): Int32Array {
  // Mostly each has a nearest one of its own: nothing can be better.
  const nearest = nearestOf(wanted, offered);
  const isOwn = (s: number, m: number) => m === 0 || s > nearest[m - 1]!;
  const isNear = (s: number, m: number) => s >= 0 && Math.abs(wanted[m]! - offered[s]!) <= reach(m, s);
  if (nearest.every((s, m) => isOwn(s, m) && isNear(s, m))) return nearest;
  const steps = bestSteps(wanted, offered, reach);
  const partners = new Int32Array(wanted.length).fill(-1);
  let m = wanted.length;
  let s = offered.length;
  while (m > 0) {
    const step = steps[m * (offered.length + 1) + s];
    if (step === PAIR) partners[m - 1] = s - 1;
    if (step !== SKIP_OFFERED) m--;
    if (step !== NEITHER) s--;
  }
  return partners;
}
