// Learning rates as pure functions of the step.

/** `released`: 0.1 * 0.99^(step / (m / 8000)), of the authors' code; `poly`: 0.1 * (1 - step / steps)^0.99, of the paper. */
export type Schedule = 'released' | 'poly';

export const SCHEDULES: readonly Schedule[] = ['released', 'poly'];

export interface ScheduleOptions {
  readonly schedule: Schedule;
  /** The rate at step 0. */
  readonly learningRate: number;
  /** Pseudo-endmembers m: fewer of them make the released schedule fall faster. */
  readonly candidates: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** Learning rate of step `step` (0-based). Source: Hong et al. 2021, section III, and the released settings. */
export function learningRateAt(step: number, { schedule, learningRate, candidates, steps }: ScheduleOptions): number {
  if (schedule === 'poly') return learningRate * (1 - step / steps) ** 0.99;
  return learningRate * 0.99 ** (step / (candidates / 8000));
}
