// The random draws of an epoch. They depend on the seed and the epoch's number alone, so that a resumed training repeats them.
import type { EpochPlan, Problem } from '../engines/engine.js';
import type { Random } from '../random.js';
import { adamStepSize } from './adam.js';
import { learningRateAt, type ScheduleOptions } from './schedule.js';

/** Plans epochs by their number (0-based). `random` is the training's root stream. */
export function createPlanner(
  problem: Problem,
  { random, schedule }: { random: Random; schedule: ScheduleOptions },
): (epoch: number) => EpochPlan {
  const { network, data, batch, candidateBatch, steps, dropRate } = problem;
  const pixels = data.mixed.length / network.bands;
  const candidates = data.labels.length / network.endmembers;
  const width = network.widths[0]!;
  const gaps = gapTable(dropRate);
  return (epoch) => {
    const stream = random.fork(`epoch ${epoch}`);
    const stepSizes = Float32Array.from({ length: steps }, (_, i) => {
      const step = epoch * steps + i;
      return adamStepSize(learningRateAt(step, schedule), step);
    });
    return {
      order: stream
        .fork('order')
        .shuffle(indices(pixels))
        .subarray(0, steps * batch),
      candidateOrder: drawCandidates({ steps, candidates, candidateBatch }, stream.fork('candidates')),
      stepSizes,
      mixedKeep: drawKept(steps * batch * width, gaps, stream.fork('mixed dropout')),
      candidateKeep: drawKept(steps * candidateBatch * width, gaps, stream.fork('candidate dropout')),
    };
  };
}

interface CandidateDraws {
  readonly steps: number;
  readonly candidates: number;
  readonly candidateBatch: number;
}

/** The candidates of each step [steps, candidateBatch]: shuffled passes, one after another; all in their order where a batch holds them all. */
function drawCandidates({ steps, candidates, candidateBatch }: CandidateDraws, random: Random): Int32Array {
  const order = new Int32Array(steps * candidateBatch);
  for (let at = 0, pass = 0; at < order.length; at += candidates, pass++) {
    const all = indices(candidates);
    if (candidateBatch < candidates) random.fork(`pass ${pass}`).shuffle(all);
    order.set(all.subarray(0, order.length - at), at);
  }
  return order;
}

function indices(length: number): Int32Array {
  const all = new Int32Array(length);
  for (let i = 0; i < length; i++) all[i] = i;
  return all;
}

/** Gaps come from a table of this many equally likely entries, one for each 16 bits: the rate is met to 1e-5. */
const GAP_ENTRIES = 1 << 16;

/** Quantiles of the geometric distribution: how many draws are kept before the next is dropped at `rate`. */
export function gapTable(rate: number): Int32Array {
  const table = new Int32Array(GAP_ENTRIES).fill(0x7fffffff);
  const scale = 1 / Math.log1p(-rate);
  if (rate > 0) for (let i = 0; i < GAP_ENTRIES; i++) table[i] = Math.floor(Math.log((i + 0.5) / GAP_ENTRIES) * scale);
  return table;
}

/** `length` draws: 0 with the probability of the gap table, else 1. Draws the gaps between zeros, a tenth of the work. */
export function drawKept(length: number, gaps: Int32Array, random: Random): Uint8Array {
  const kept = new Uint8Array(length).fill(1);
  for (let i = -1; ; ) {
    const word = random.uint32();
    i += gaps[word & 0xffff]! + 1;
    if (i >= length) return kept;
    kept[i] = 0;
    i += gaps[word >>> 16]! + 1;
    if (i >= length) return kept;
    kept[i] = 0;
  }
}
