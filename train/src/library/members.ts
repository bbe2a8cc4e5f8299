// The encoders of an ensemble in one state: each vector holds the members' one after the other. Legend: K members.
import { STATE_KEYS, type TrainState } from '../engines/engine.js';

/** One state of all members. */
export function joinMembers(states: readonly TrainState[]): TrainState {
  if (states.length === 1) return states[0]!;
  const entries = STATE_KEYS.map((key) => {
    const size = states[0]![key].length;
    const joined = new Float32Array(states.length * size);
    for (const [k, state] of states.entries()) joined.set(state[key], k * size);
    return [key, joined] as const;
  });
  return Object.fromEntries(entries) as unknown as TrainState;
}

/** The state of member `k` of K. */
export function memberState(state: TrainState, k: number, members: number): TrainState {
  const entries = STATE_KEYS.map((key) => {
    const size = state[key].length / members;
    return [key, state[key].subarray(k * size, (k + 1) * size)] as const;
  });
  return Object.fromEntries(entries) as unknown as TrainState;
}

/** Lengths of the vectors of an ensemble by those of a member. */
export const ensembleSizes = (sizes: Record<keyof TrainState, number>, members: number): typeof sizes =>
  Object.fromEntries(STATE_KEYS.map((key) => [key, members * sizes[key]])) as typeof sizes;
