export { TrainError } from './error.js';
export { createRandom, type Random, type RandomState, restoreRandom, splitMix64 } from './random.js';
