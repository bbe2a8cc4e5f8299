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
  const order = stream.fork('order').shuffle(Int32Array.from({ length: pixels }, (_, i) => i)).slice(0, steps * batch);
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

/** `length` independent draws: 0 with probability `rate`, else 1. Draws the gaps between zeros (geometric), a tenth of the work. */
export function drawKept(length: number, rate: number, random: Random): Uint8Array {
  const kept = new Uint8Array(length).fill(1);
  if (rate === 0) return kept;
  const scale = 1 / Math.log1p(-rate);
  for (let i = 0; ; i++) {
    i += Math.floor(Math.log((random.uint32() + 1) / 2 ** 32) * scale);
    if (i >= length) return kept;
    kept[i] = 0;
  }
}
