import { InferError } from './error.js';

/** Throws InferError unless `value` is a whole number >= 1; `what` is its name in the message. */
export function assertCount(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new InferError(`${what} should be a whole number >= 1, got ${value}`);
}
