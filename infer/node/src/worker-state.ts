// What a pool and its threads share: places in an Int32Array.

/** Not 0: stop between two runs of the model. */
export const STOP = 0;
/** Threads that are opening the model. */
export const OPENING = 1;

export const STATE_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;
