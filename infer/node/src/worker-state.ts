/** Places in the memory that a pool and its workers share. Not 0: stop between two runs of the model. */
export const STOP = 0;
/** How many workers are opening the scene and the model. */
export const OPENING = 1;
