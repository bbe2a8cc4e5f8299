// Learning rates as pure functions of the step.

/** `one-cycle`: up to the rate and down again along half cosines (Smith & Topin 2018). `released`: 0.1 * 0.99^(step / (m / 8000)), of the authors' code; `poly`: 0.1 * (1 - step / steps)^0.99, of the paper. */
export type Schedule = 'released' | 'poly' | 'one-cycle';

/** Those of a network that is trained on a scene. */
export const SCENE_SCHEDULES: readonly Schedule[] = ['released', 'poly'];

export const SCHEDULES: readonly Schedule[] = [...SCENE_SCHEDULES, 'one-cycle'];

/** Of `one-cycle`: the share of the steps in which the rate rises, what it begins at and ends at, as parts of its peak (PyTorch's defaults but for the rise). */
const ONE_CYCLE = { rise: 0.1, first: 1 / 25, last: 1 / 25e4 } as const;

export interface ScheduleOptions {
  readonly schedule: Schedule;
  /** The rate at step 0; of `one-cycle` its peak. */
  readonly learningRate: number;
  /** Pseudo-endmembers m: fewer of them make the released schedule fall faster. */
  readonly candidates: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** Learning rate of step `step` (0-based). Source: Hong et al. 2021, section III, and the released settings. */
export function learningRateAt(step: number, { schedule, learningRate, candidates, steps }: ScheduleOptions): number {
  if (schedule === 'one-cycle') return learningRate * oneCycle(step, steps);
  if (schedule === 'poly') return learningRate * (1 - step / steps) ** 0.99;
  return learningRate * 0.99 ** (step / (candidates / 8000));
}

/** The part of the peak at a step: half a cosine up, half a cosine down, the last step at the end. */
function oneCycle(step: number, steps: number): number {
  const { rise, first, last } = ONE_CYCLE;
  const peak = Math.max(1, rise * steps - 1);
  const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  if (step <= peak) return between(first, 1, step / peak);
  return between(1, last, (step - peak) / Math.max(1, steps - 1 - peak));
}
