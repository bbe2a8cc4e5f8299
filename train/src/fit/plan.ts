// The random draws of an epoch. They depend on the seed and the epoch's number alone, so that a resumed training repeats them.
import type { EpochPlan, Problem } from '../engines/engine.js';
import type { Random } from '../random.js';
import { adamStepSize } from './adam.js';
import { learningRateAt, type ScheduleOptions } from './schedule.js';

/** Draws of epoch `epoch` (0-based): `random` is the training's root stream. */
export function planEpoch(
  problem: Problem,
  epoch: number,
  { random, schedule }: { random: Random; schedule: ScheduleOptions },
): EpochPlan {
  const { network, data, batch, steps, dropRate } = problem;
  const stream = random.fork(`epoch ${epoch}`);
  const pixels = data.mixed.length / network.bands;
  const order = stream
    .fork('order')
    .shuffle(Int32Array.from({ length: pixels }, (_, i) => i))
    .slice(0, steps * batch);
  const stepSizes = Float32Array.from({ length: steps }, (_, i) => {
    const step = epoch * steps + i;
    return adamStepSize(learningRateAt(step, schedule), step);
  });
  const width = network.widths[0]!;
  const candidates = data.labels.length / network.endmembers;
  return {
    order,
    stepSizes,
    mixedKeep: drawKept(steps * batch * width, dropRate, stream.fork('mixed dropout')),
    candidateKeep: drawKept(steps * candidates * width, dropRate, stream.fork('candidate dropout')),
  };
}

/** Gaps between zeros come from a table of this many equally likely entries: the rate is met to 1e-5. */
const GAP_ENTRIES = 1 << 16;

/** Quantiles of the geometric distribution: how many draws are kept before the next is dropped. */
function gapTable(rate: number): Int32Array {
  const scale = 1 / Math.log1p(-rate);
  return Int32Array.from({ length: GAP_ENTRIES }, (_, i) => Math.floor(Math.log((i + 0.5) / GAP_ENTRIES) * scale));
}

/** `length` draws: 0 with probability `rate`, else 1. Draws the gaps between zeros, a tenth of the work. */
export function drawKept(length: number, rate: number, random: Random): Uint8Array {
  const kept = new Uint8Array(length).fill(1);
  if (rate === 0) return kept;
  const gaps = gapTable(rate);
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
